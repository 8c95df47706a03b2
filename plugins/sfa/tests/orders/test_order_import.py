"""Orders and receipts that come from another system, by the importer: whole, or refused with one clear error."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import crmkit_sfa
from crmkit import Crm
from crmkit.cli.program import program
from crmkit.core.customer import Customer
from crmkit.core.interaction import Interaction
from crmkit.plugin import Money
from crmkit_sfa.orders.entities import Order, OrderLine
from crmkit_sfa.receipts.entities import Receipt


class Importing:
    """A database with a customer, into which files are imported by the program."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.url = folder, f"sqlite:///{folder / 'crm.db'}"
        self.customer = Customer(name="Kestrel", kind="organization")
        with Crm.open(self.url, plugins=[crmkit_sfa], create=True) as crm, crm.session() as session:
            session.add(self.customer)

    def take(self, entity: str, headings: Sequence[str], *rows: Sequence[Any]) -> Result:
        file = self.folder / f"{entity}.csv"
        with file.open("w", newline="", encoding="utf-8") as target:
            csv.writer(target).writerows([headings, *rows])
        arguments = ["--db", self.url, "import", str(file), "--entity", entity]
        return CliRunner().invoke(program, arguments, catch_exceptions=False)

    def read(self, entity: type[Any]) -> list[Any]:
        with Crm.open(self.url, plugins=[crmkit_sfa]) as crm, crm.session(reads=True) as session:
            return session.list(entity, order="id")

    def rejected(self, entity: str) -> str:
        found = next(self.folder.glob(f"{entity}-errors/*.csv"))
        with found.open(encoding="utf-8-sig") as source:
            return str(next(csv.DictReader(source))["crmkit_error"])


@pytest.fixture
def importing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Importing:
    monkeypatch.chdir(tmp_path)
    return Importing(tmp_path)


ORDER = ("number", "customer_id", "currency", "ordered_on", "status", "gross", "gross_currency")


def test_placed_orders_come_with_totals_and_lines_after_them(importing: Importing) -> None:
    told = importing.take(
        "sfa_order", ORDER, ("A-7", importing.customer.id, "EUR", "2026-02-01", "confirmed", "119", "EUR")
    )
    assert told.exit_code == 0, told.output
    (order,) = importing.read(Order)
    assert (order.status, order.gross, order.net, order.sum_lines) == (
        "confirmed",
        Money.of(119, "EUR"),
        Money.of(119, "EUR"),
        False,
    )
    headings = (
        "external_id",
        "order_id",
        "position",
        "description",
        "quantity",
        "unit_price",
        "unit_price_currency",
        "tax_rate",
    )
    told = importing.take("sfa_order_line", headings, ("L-1", order.id, 1, "Pump", 2, "50", "EUR", 19))
    assert told.exit_code == 0, told.output
    (line,) = importing.read(OrderLine)
    assert (line.net, line.gross) == (Money.of(100, "EUR"), Money.of(119, "EUR"))
    assert importing.read(Order)[0].gross == Money.of(119, "EUR")
    purchases = [(one.kind, one.money) for one in importing.read(Interaction)]
    assert purchases == [("purchase", Money.of(119, "EUR"))]


def test_the_same_again_changes_nothing(importing: Importing) -> None:
    row = ("A-7", importing.customer.id, "EUR", "2026-02-01", "confirmed", "119", "EUR")
    importing.take("sfa_order", ORDER, row)
    importing.take("sfa_order", ORDER, row)
    assert len(importing.read(Order)) == 1
    assert len(importing.read(Interaction)) == 1


@pytest.mark.parametrize(
    ("entity", "headings", "values", "said"),
    [
        ("sfa_order", ORDER, ("A-8", "", "EUR", "2026-02-01", "confirmed", "", ""), "has no lines and no totals"),
        ("sfa_order", ORDER, ("A-8", "", "EUR", "2026-02-01", "shipped", "1", "EUR"), "shipped"),
        ("sfa_order", ORDER, ("A-8", "", "EUR", "2026-02-01", "draft", "1", "USD"), "expected an amount in EUR"),
        (
            "sfa_receipt",
            ("external_key", "customer_id", "amount", "amount_currency"),
            ("k", "", "-5", "EUR"),
            "expected an amount above 0",
        ),
        (
            "sfa_receipt",
            ("external_key", "customer_id", "amount", "amount_currency"),
            ("k", "", "5.001", "EUR"),
            "to the minor unit",
        ),
    ],
    ids=["no totals", "unknown state", "other currency", "negative", "minor unit"],
)
def test_half_right_rows_are_refused_with_one_clear_error(
    importing: Importing, entity: str, headings: Sequence[str], values: Sequence[str], said: str
) -> None:
    at = headings.index("customer_id")
    row = [*values[:at], str(importing.customer.id), *values[at + 1 :]]
    told = importing.take(entity, headings, row)
    assert told.exit_code == 3, told.output
    assert said in importing.rejected(entity)
    assert importing.read({"sfa_order": Order, "sfa_receipt": Receipt}[entity]) == []


def test_receipts_come_once_by_the_key_of_the_bank(importing: Importing) -> None:
    headings = ("external_key", "customer_id", "received_on", "amount", "amount_currency", "reference")
    row = ("bank-1", importing.customer.id, "2026-02-03", "12.50", "EUR", "PO 9")
    for _ in range(2):
        told = importing.take("sfa_receipt", headings, row)
        assert told.exit_code == 0, told.output
    (receipt,) = importing.read(Receipt)
    assert (receipt.credit, receipt.external_key) == (Money.of("12.50", "EUR"), "bank-1")
    assert [(one.kind, one.money) for one in importing.read(Interaction)] == [("payment", Money.of("12.50", "EUR"))]


def test_an_import_is_taken_back(importing: Importing) -> None:
    importing.take("sfa_order", ORDER, ("A-7", importing.customer.id, "EUR", "2026-02-01", "confirmed", "119", "EUR"))
    told = CliRunner().invoke(program, ["--db", importing.url, "import", "--revert", "last"], catch_exceptions=False)
    assert told.exit_code == 0, told.output
    assert importing.read(Order) == []


def test_orders_and_receipts_by_the_program(importing: Importing) -> None:
    def run(*words: str) -> Any:
        told = CliRunner().invoke(program, ["--db", importing.url, "sfa", *words, "--json"], catch_exceptions=False)
        assert told.exit_code == 0, told.output
        return json.loads(told.output)

    made = run("order", "new", "Kestrel", "--currency", "EUR", "--reference", "PO-9")
    number = made["number"]
    run("order", "add", number, "--description", "Pump", "--quantity", "3", "--price", "33.33 EUR", "--tax", "19")
    assert run("order", "confirm", number)["status"] == "confirmed"
    amended = run("order", "amend", number, "--reason", "one more", "--quantity", "1=4")
    assert amended["order"]["gross"]["amount"] == "158.65"
    planned = run("receipt", "plan", number, "--instalment", "30% 0 days", "--instalment", "70% 60 days")
    assert [one["amount"]["amount"] for one in planned] == ["47.60", "111.05"]
    recorded = run("receipt", "record", "Kestrel", "100 EUR", "--key", "b1", "--for", number)
    assert Decimal(recorded["receipt"]["credit"]["amount"]) == 0
    assert not run("receipt", "record", "Kestrel", "100 EUR", "--key", "b1")["created"]
    assert [one["order"] for one in run("receipt", "show", "b1")["moved"]] == [f"{number}/1", f"{number}/2"]
    assert [one["outstanding"]["amount"] for one in run("receipt", "due")] == ["58.65"]
    ageing = run("receipt", "ageing")
    assert ageing["rows"][0]["owed"]["amount"] == "58.65"
    assert (
        run("receipt", "refund", "b1", "20 EUR", "--reason", "damaged", "--of", f"{number}/1")["amount"]["amount"]
        == "20"
    )
    assert run("order", "cancel", number, "--reason", "gone")["order"]["status"] == "cancelled"
    assert [one["credit"]["amount"] for one in run("receipt", "list", "--credit")] == ["80"]
    assert [one["revision"] for one in run("order", "show", number)["amendments"]] == [2, 3]
    assert [one["status"] for one in run("order", "list", "--customer", "Kestrel")] == ["cancelled"]
