from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit.core.errors import BadInput
from crmkit.core.values import normalise_phone, parse_phone
from crmkit.core.values.phone import _FAST

FAST_PATTERN = _FAST.__self__.pattern  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("raw", "country", "normal"),
    [
        ("030-0074321", "DE", "+49300074321"),
        ("(5) 555-4729", "MX", "+5255554729"),
        ("88.60.15.31", "FR", "+3388601531"),
        ("(604) 555-4729", "CA", "+16045554729"),
        ("0921-12 34 65", "SE", "+46921123465"),
        ("981-443655", "FI", "+358981443655"),
        ("31 12 34 56", "DK", "+4531123456"),
        ("０３０－００７４３２１", "DE", "+49300074321"),
        ("＋49 30 0074321", None, "+49300074321"),
        ("0049 30 123456", "FR", "+4930123456"),
        ("+49 (0)30 123456", None, "+4930123456"),
        ("tel:+49-30-123456", None, "+4930123456"),
        ("138 1234 5678", "cn", "+8613812345678"),
        ("030 123456 ext. 5", "DE", "+4930123456;ext=5"),
        ("+4930123456;ext=5", None, "+4930123456;ext=5"),
        ("06 1234 5678", "IT", "+390612345678"),
    ],
)
def test_numbers_take_the_e164_form(raw: str, country: str | None, normal: str) -> None:
    assert normalise_phone(raw, country) == normal
    assert normalise_phone(normal) == normal


def test_the_quality_is_told_apart_from_the_form() -> None:
    good = parse_phone("+1 650 253 0000 x12")
    assert (good.e164, good.valid, good.country, good.extension) == ("+16502530000", True, "US", "12")
    assert str(good) == "+16502530000;ext=12"
    old = parse_phone("88.60.15.31", "FR")
    assert (old.e164, old.valid, old.country, old.extension) == ("+3388601531", False, "FR", None)
    assert parse_phone("(604) 555-4729", "CA").country == "CA"
    assert parse_phone("+49 300").country == "DE"


@pytest.mark.parametrize(
    ("raw", "country", "reason"),
    [
        ("abc", "DE", "telephone number such as"),
        ("", "DE", "telephone number such as"),
        ("+", None, "telephone number"),
        ("030 123456", None, "the country it belongs to"),
        ("030 123456", "UK", "UK is none"),
        ("+999 12345678", None, "telephone number"),
        ("+49 1234567890123456", None, "telephone number"),
    ],
)
def test_what_is_no_number_is_refused(raw: str, country: str | None, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        normalise_phone(raw, country)


@settings(max_examples=400)
@given(st.from_regex(rf"\A(?:{FAST_PATTERN})\Z", alphabet="+0123456789"))
def test_the_fast_path_agrees_with_phonenumbers(raw: str) -> None:
    assert normalise_phone(raw) == raw
    assert parse_phone(raw).e164 == raw


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_every_countrys_example_number_is_read_in_each_way_of_writing_it(region: str) -> None:
    number = phonenumbers.example_number(region)
    assert number is not None
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    international = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    assert {normalise_phone(e164), normalise_phone(national, region), normalise_phone(international)} == {e164}
    assert parse_phone(e164).valid


@given(st.text("+0123456789 ()-./x", max_size=18), st.sampled_from([None, "DE", "US", "CN", "IT", "MX", "AR", "RU"]))
def test_what_is_read_is_e164(raw: str, country: str | None) -> None:
    try:
        normal = normalise_phone(raw, country)
    except BadInput:
        return
    assert re.fullmatch(r"\+[1-9][0-9]{2,14}(;ext=[0-9]+)?", normal)


def test_the_old_numbers_of_customers_are_all_read(data_set: Callable[[str], Any]) -> None:
    data = data_set("northwind")
    phones = _customer_phones((data.folder / "northwind.sql").read_text(encoding="utf-8"))
    assert len(phones) > (85 if data.real else 2)
    from crmkit.core.values import country_code

    for country, phone in phones:
        assert parse_phone(phone, country_code(country)).e164.startswith("+")


def _customer_phones(dump: str) -> list[tuple[str, str]]:
    rows = re.findall(r"INSERT INTO customers VALUES \((.*)\);", dump)
    cells = [re.findall(r"'((?:[^']|'')*)'|(NULL)", row) for row in rows]
    return [(row[8][0], row[9][0]) for row in cells if row[9][0]]
