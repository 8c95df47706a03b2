"""The arithmetic of documents: whatever the currency, the lines add up to the document."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.values.money import minor_units
from crmkit_sfa.pricing.arithmetic import (
    LineTerms,
    TaxRounding,
    document_amounts,
    rounded_together,
    total_discount,
)

CURRENCIES = st.sampled_from(["JPY", "KRW", "EUR", "CNY", "KWD", "TND"])
PERCENTAGES = st.decimals(0, 100, places=2)
LINES = st.lists(
    st.builds(
        LineTerms,
        quantity=st.decimals("0.001", 10_000, places=3),
        unit_price=st.decimals(-100_000, 1_000_000, places=4),
        discount=PERCENTAGES,
        tax_rate=st.sampled_from([Decimal(0), Decimal(7), Decimal("8.1"), Decimal(13), Decimal(19)]),
    ),
    max_size=12,
)
ROUNDING: st.SearchStrategy[TaxRounding] = st.sampled_from(["line", "rate"])


@given(LINES, CURRENCIES, PERCENTAGES, st.booleans(), ROUNDING)
def test_the_lines_add_up_to_the_document_to_the_minor_unit(
    lines: list[LineTerms], currency: str, discount: Decimal, included: bool, rounding: TaxRounding
) -> None:
    made = document_amounts(lines, currency, discount=discount, tax_included=included, tax_rounding=rounding)
    unit = Decimal(1).scaleb(-minor_units(currency))
    for name in ("amount", "net", "tax", "gross"):
        values = [getattr(line, name) for line in made.lines]
        assert sum(values, Decimal(0)) == getattr(made, name)
        assert all(value % unit == 0 for value in (*values, getattr(made, name)))
    assert made.net + made.tax == made.gross
    assert all(line.net + line.tax == line.gross for line in made.lines)
    assert sum((tax.tax for tax in made.taxes), Decimal(0)) == made.tax
    assert sum((tax.net for tax in made.taxes), Decimal(0)) == made.net
    # What the discount leaves is what is charged: the prices, with the tax in them or without.
    assert made.amount - made.reduction == (made.gross if included else made.net)


@given(LINES, CURRENCIES, PERCENTAGES, st.booleans(), ROUNDING)
def test_no_line_is_further_than_a_minor_unit_from_its_exact_value(
    lines: list[LineTerms], currency: str, discount: Decimal, included: bool, rounding: TaxRounding
) -> None:
    made = document_amounts(lines, currency, discount=discount, tax_included=included, tax_rounding=rounding)
    unit = Fraction(1, 10 ** minor_units(currency))
    for terms, line in zip(lines, made.lines, strict=True):
        exact = Fraction(terms.quantity) * Fraction(terms.unit_price) * (1 - Fraction(terms.discount) / 100)
        assert abs(Fraction(line.amount) - exact) <= unit / 2
        charged = Fraction(line.gross if included else line.net)
        assert abs(charged - Fraction(line.amount) * (1 - Fraction(discount) / 100)) < unit
        whole = 100 + Fraction(terms.tax_rate) if included else Fraction(100)
        assert abs(Fraction(line.tax) - charged * Fraction(terms.tax_rate) / whole) < unit


@given(LINES, CURRENCIES, st.booleans())
def test_tax_by_rate_is_rounded_once_for_each_rate(lines: list[LineTerms], currency: str, included: bool) -> None:
    made = document_amounts(lines, currency, tax_included=included, tax_rounding="rate")
    half = Fraction(1, 2 * 10 ** minor_units(currency))
    for tax in made.taxes:
        base = tax.net + tax.tax if included else tax.net
        whole = 100 + Fraction(tax.rate) if included else Fraction(100)
        assert abs(Fraction(tax.tax) - Fraction(base) * Fraction(tax.rate) / whole) <= half


@given(st.lists(st.fractions(-10_000, 10_000, max_denominator=10_000), max_size=20), st.integers(0, 3))
def test_values_rounded_together_keep_their_sum(values: list[Fraction], places: int) -> None:
    rounded = rounded_together(values, places)
    unit = Fraction(1, 10**places)
    assert all(abs(Fraction(one) - exact) < unit for one, exact in zip(rounded, values, strict=True))
    assert abs(sum(map(Fraction, rounded), Fraction(0)) - sum(values, Fraction(0))) <= unit / 2


@pytest.mark.parametrize("swapped", [False, True], ids=["as given", "swapped"])
def test_the_largest_remainders_get_what_is_left(swapped: bool) -> None:
    values = [Fraction(1, 3), Fraction(1, 3), Fraction(4, 3)]
    rounded = rounded_together(values[::-1] if swapped else values, 0)
    # Equal remainders: the first of them gets the unit.
    assert rounded == ([Decimal(2), Decimal(0), Decimal(0)] if swapped else [Decimal(1), Decimal(0), Decimal(1)])


def test_an_invoice_worked_out_by_hand() -> None:
    lines = [
        LineTerms(Decimal(3), Decimal("33.335"), Decimal(0), Decimal(19)),
        LineTerms(Decimal(1), Decimal("9.99"), Decimal(10), Decimal(7)),
    ]
    made = document_amounts(lines, "EUR", discount=Decimal(3))
    # 3 x 33.335 = 100.005, half away from zero: 100.01; 9.99 less 10 % is 8.991: 8.99. 3 % of 109.00 is 3.27.
    assert [str(line.amount) for line in made.lines] == ["100.01", "8.99"]
    assert [str(line.net) for line in made.lines] == ["97.01", "8.72"]
    assert [str(line.tax) for line in made.lines] == ["18.43", "0.61"]
    assert (str(made.reduction), str(made.net), str(made.tax), str(made.gross)) == ("3.27", "105.73", "19.04", "124.77")


@pytest.mark.parametrize(
    ("price", "asked", "percentages", "expected"),
    [
        ("90", "100", ["0"], "10.00"),
        ("90", "100", ["10"], "19.00"),
        ("90", None, ["10", "5"], "14.50"),
        ("120", "100", ["0"], "0.00"),
        ("0", "0", ["25"], "25.00"),
    ],
    ids=["below the list", "and a discount", "without a list price", "above the list", "of nothing"],
)
def test_how_far_a_price_is_below_the_list(
    price: str, asked: str | None, percentages: list[str], expected: str
) -> None:
    list_price = None if asked is None else Decimal(asked)
    assert str(total_discount(Decimal(price), list_price, *map(Decimal, percentages))) == expected
