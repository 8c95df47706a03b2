from __future__ import annotations

import runpy
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.errors import BadInput
from crmkit.core.values import Money, clean_decimal, currencies, is_currency, minor_units, round_half_up
from crmkit.core.values.bad_value import BadValue

amounts = st.decimals(min_value=-(10**15), max_value=10**15, places=6)


def test_the_currency_table_equals_the_libraries_data() -> None:
    tables = runpy.run_path(str(Path(__file__).with_name("value_tables.py")))
    fresh: dict[str, dict[str, int]] = {}
    exec(tables["currencies"](), fresh)
    assert fresh["CURRENT"] == currencies.CURRENT
    assert fresh["RETIRED"] == currencies.RETIRED
    assert not set(currencies.CURRENT) & set(currencies.RETIRED)


def test_money_of_parts_and_text() -> None:
    money = Money.of("12.30", "EUR")
    assert (money.amount, money.currency, str(money)) == (Decimal("12.30"), "EUR", "12.30 EUR")
    assert money == Money(Decimal("12.3"), "EUR")
    assert len({money, Money.of("12.3", "EUR"), Money.of("12.3", "USD")}) == 2
    assert Money.of(5, "JPY") == Money.of(Decimal(5), "JPY")
    assert not Money.of("0.00", "EUR")


@pytest.mark.parametrize(
    ("amount", "currency"),
    [(1.5, "EUR"), (True, "EUR"), ("NaN", "EUR"), ("Infinity", "EUR"), ("x", "EUR"), (None, "EUR"), ("1" * 25, "EUR")],
)
def test_money_refuses_what_is_no_exact_amount(amount: object, currency: str) -> None:
    with pytest.raises(BadInput, match="amount"):
        Money.of(amount, currency)  # type: ignore[arg-type]


@pytest.mark.parametrize("currency", ["eur", "EURO", "", "XXX", "ABC", "€"])
def test_money_refuses_unknown_currencies(currency: str) -> None:
    assert not is_currency(currency)
    with pytest.raises(BadValue) as caught:
        Money.of("1", currency)
    assert caught.value.value == currency
    assert "ISO 4217" in str(caught.value.expected)


def test_the_constructor_refuses_floats_too() -> None:
    with pytest.raises(BadInput, match="float"):
        Money(1.5, "EUR")  # type: ignore[arg-type]


def test_minor_units_of_present_and_withdrawn_currencies() -> None:
    assert [minor_units(code) for code in ("EUR", "JPY", "KWD", "CLF", "CNY", "DEM", "ITL")] == [2, 0, 3, 4, 2, 2, 0]
    assert is_currency("DEM")


@pytest.mark.parametrize(
    ("amount", "currency", "rounded"),
    [
        ("2.345", "EUR", "2.35"),
        ("-2.345", "EUR", "-2.35"),
        ("2.3449", "EUR", "2.34"),
        ("99.5", "JPY", "100"),
        ("1.0005", "KWD", "1.001"),
    ],
)
def test_rounding_is_half_up_to_the_minor_unit(amount: str, currency: str, rounded: str) -> None:
    assert str(Money.of(amount, currency).rounded().amount) == rounded


def test_currencies_never_mix() -> None:
    euro, dollar = Money.of("1", "EUR"), Money.of("1", "USD")
    for mixed in (lambda: euro + dollar, lambda: euro - dollar, lambda: euro < dollar, lambda: euro <= dollar):
        with pytest.raises(BadInput, match="EUR"):
            mixed()
    assert euro != dollar
    with pytest.raises(BadInput, match="money in EUR"):
        euro + 1  # type: ignore[operator]
    for factor in (1.5, True, dollar):
        with pytest.raises(BadInput, match="factor"):
            euro * factor  # type: ignore[operator]


@given(a=amounts, b=amounts, n=st.integers(-1000, 1000))
def test_arithmetic_is_exact(a: Decimal, b: Decimal, n: int) -> None:
    one, two = Money(a, "CHF"), Money(b, "CHF")
    assert one + two == two + one
    assert (one + two) - two == one
    assert -(one - two) == two - one
    assert one * n + two * n == n * (one + two)
    assert (one < two) == (a < b)
    assert (one >= two) == (a >= b)


@given(x=amounts, places=st.integers(0, 5))
def test_round_half_up_moves_by_at_most_half_a_unit_and_never_down_at_half(x: Decimal, places: int) -> None:
    rounded = round_half_up(x, places)
    half = Decimal(5).scaleb(-places - 1)
    assert abs(rounded - x) <= half
    assert rounded == rounded.quantize(Decimal(1).scaleb(-places))
    if abs(rounded - x) == half:
        assert abs(rounded) > abs(x)


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        (Decimal("9.80000019"), "9.8"),
        (12, "12"),
        ("1.234,56", "1234.56"),
        ("1,234.56", "1234.56"),
        ("￥1,200", "1200"),
        ("1 234,5", "1234.5"),
        ("1\u202f234,5", "1234.5"),
        ("1'234.50", "1234.5"),
        ("1\u2019234.50", "1234.5"),
        ("12,34,567.00", "1234567"),
        ("1,234,567", "1234567"),
        ("1.234.567", "1234567"),
        ("1,5", "1.5"),
        ("0,123", "0.123"),
        ("1.234", "1.234"),
        ("-3.10", "-3.1"),
        ("\u22123.10", "-3.1"),
        ("(1,200.50)", "-1200.5"),
        ("EUR 12", "12"),
        ("12 EUR", "12"),
        ("12,50 €", "12.5"),
        ("R$ 10,50", "10.5"),
        ("$ -5", "-5"),
        ("12元", "12"),
        ("１２３．５", "123.5"),
        (".5", "0.5"),
        ("1.2E+05", "120000"),
        ("0.00004", "0"),
        ("0.00005", "0.0001"),
        ("-0.00", "0"),
        ("100", "100"),
        (Decimal("1E-50"), "0"),
        (Decimal("-0.00005"), "-0.0001"),
    ],
)
def test_clean_decimal_reads_numbers_as_people_write_them(raw: object, number: str) -> None:
    assert str(clean_decimal(raw)) == number


def test_an_explicit_decimal_mark_settles_what_looks_ambiguous() -> None:
    assert clean_decimal("1,200", decimal_mark=",") == Decimal("1.2")
    assert clean_decimal("1.200", decimal_mark=",") == 1200
    assert clean_decimal("1.200", decimal_mark=".") == Decimal("1.2")
    with pytest.raises(BadInput):
        clean_decimal("1,5", decimal_mark=".")


@pytest.mark.parametrize(
    "raw",
    [
        *("", " ", "abc", "abc 12", "ABC 12", "1,2,3", "1.2.3", "1,,2", "1 2", "--1", "-(1)", "NaN", "inf", "1e400"),
        *("$", "$1€", "12:30", "1.234,567.8", "1,234.567,8", ".", ",", "1-2", "9" * 100),
        *(1.5, None, True, [], Decimal("NaN"), Decimal("Infinity"), 10**24),
    ],
)
def test_clean_decimal_refuses_nonsense(raw: object) -> None:
    with pytest.raises(BadValue) as caught:
        clean_decimal(raw)
    assert caught.value.value is raw
    assert "number" in str(caught.value.expected)


@given(x=st.decimals(min_value=-(10**12), max_value=10**12, places=4))
def test_clean_decimal_keeps_numbers_and_reads_its_own_writing_in_every_convention(x: Decimal) -> None:
    clean = clean_decimal(x)
    assert clean == x
    assert clean_decimal(clean) == clean
    assert "E" not in str(clean)
    assert not (("." in str(clean)) and str(clean).endswith("0"))
    english = f"{x:,.4f}"
    german = english.translate(str.maketrans(",.", ".,"))
    french = english.translate(str.maketrans(",.", "\u00a0,"))
    assert clean_decimal(english) == clean_decimal(german) == clean_decimal(french) == clean


@given(raw=st.text(alphabet="0123456789.,-+() '€$eE", max_size=12))
def test_clean_decimal_gives_a_finite_number_or_bad_input(raw: str) -> None:
    try:
        number = clean_decimal(raw)
    except BadInput:
        return
    assert number.is_finite()
    assert number == clean_decimal(str(number))
