"""The files: made again they are the same, and what they tell holds together."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal

import phonenumbers

from crmkit.cli.demo_company import FOLDER
from tests.demo.conftest import Rows
from tools.demo_data import files

Read = Callable[[str], Rows]


def test_the_files_are_those_that_the_tool_makes() -> None:
    made = files()
    found = {
        path.relative_to(FOLDER).as_posix(): path.read_bytes().decode()
        for path in FOLDER.rglob("*")
        if path.is_file() and path.name != "mapping.toml"
    }
    assert sorted(found) == sorted(made)
    assert [name for name in made if made[name] != found[name]] == []
    assert sum(len(text.encode()) for text in made.values()) < 400_000


def test_payments_equal_the_lines_of_their_orders(rows: Read) -> None:
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for line in rows("lines"):
        amount = Decimal(line["quantity"]) * Decimal(line["unit_price"]) * (1 - Decimal(line["discount"]))
        assert amount == amount.quantize(Decimal("0.01"))
        totals[line["order"]] += amount
    contacts = {(row["channel"], row["key"]): row for row in rows("interactions")}
    about = {(r["channel"], r["key"]): contacts[r["about_channel"], r["about_key"]] for r in rows("links")}
    payments = [row for row in contacts.values() if row["kind"] == "payment"]
    assert len(payments) > 80
    for payment in payments:
        order = about[payment["channel"], payment["key"]]
        assert order["kind"] == "purchase"
        assert order["customer"] == payment["customer"]
        assert (Decimal(payment["amount"]), payment["currency"]) == (totals[order["key"]], order["currency"])
    orders = {row["key"] for row in contacts.values() if row["kind"] == "purchase"}
    assert orders == set(totals)


def test_what_follows_comes_later_and_stays_with_its_customer(rows: Read) -> None:
    contacts = {(row["channel"], row["key"]): row for row in rows("interactions")}
    for link in rows("links"):
        later, earlier = contacts[link["channel"], link["key"]], contacts[link["about_channel"], link["about_key"]]
        assert later["at"] > earlier["at"]
        assert later["customer"] == earlier["customer"]


def test_complaints_follow_a_delivery_and_name_a_machine_of_the_customer(rows: Read) -> None:
    owners = {row["serial"]: row["customer"] for row in rows("assets")}
    first: dict[str, str] = {}
    complaints = 0
    for row in rows("interactions"):
        if row["kind"] == "delivery":
            first.setdefault(row["customer"], row["at"])
        if row["kind"] == "complaint":
            complaints += 1
            assert first[row["customer"]] < row["at"]
            (serial,) = re.findall(r"KQ\d\d-\d{4}", row["body"])
            assert owners[serial] == row["customer"]
    assert complaints > 10


def test_everybody_named_exists_and_works_where_the_contact_was(rows: Read) -> None:
    employers = {row["code"]: row["organization"] for row in rows("people")}
    logins = {row["login"] for row in rows("users")}
    organizations = {row["code"] for row in rows("organizations")}
    for row in rows("interactions"):
        assert employers[row["person"]] == row["customer"]
        assert row["user"] in logins
    assert {row["owner"] for row in rows("organizations")} <= logins
    assert {row["customer"] for row in rows("taggings")} <= organizations
    assert {row[side] for row in rows("relations") for side in ("from", "to")} <= organizations


def test_nobody_real_can_be_reached(rows: Read) -> None:
    for row in rows("people") + rows("organizations"):
        assert row["email"].endswith(".example")
        number = phonenumbers.parse(row["phone"])
        national = phonenumbers.national_significant_number(number)
        if number.country_code == 44:
            assert re.fullmatch(r"(20794|16149|13149|11749)60\d{3}", national)
        elif number.country_code == 49:
            assert re.fullmatch(r"(4066969|3023125|6990009|2214710|8999998)\d{3}", national)
        else:
            # An area code, and then a zero, with which no subscriber's number begins.
            assert re.match(r"\d{2,3}000", national)


def test_it_speaks_both_languages(rows: Read) -> None:
    chinese = [row for row in rows("interactions") if re.search("[一-鿿]", row["subject"])]
    assert len(rows("interactions")) > 600
    assert 0.3 < len(chinese) / len(rows("interactions")) < 0.6
    by_code = {row["code"]: row for row in rows("organizations")}
    assert all(by_code[row["customer"]]["country"] == "CN" for row in chinese)
