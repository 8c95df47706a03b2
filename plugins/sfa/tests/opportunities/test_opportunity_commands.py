"""``crmkit sfa opportunity``, as a salesperson uses it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from crmkit import Crm
from crmkit.cli.program import program
from crmkit.core.customer import Customer
from crmkit.core.product import Product
from crmkit.core.staff import User
from crmkit.plugin import Money


@pytest.fixture(autouse=True)
def database(program_url: str) -> None:
    with Crm.open(program_url) as crm, crm.session() as session:
        session.add(
            Customer(kind="organization", name="Acme"),
            Customer(kind="person", given_name="Ann", family_name="Lee"),
            User(login="ada", name="Ada"),
            Product(sku="P-1", name="Pump", price=Money.of("20", "EUR")),
        )


def run(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(program, ["sfa", "opportunity", *words])
    assert result.exit_code == code, result.output
    return result.output


def told(*words: str) -> Any:
    return json.loads(run(*words, "--json"))


def test_the_life_of_a_deal() -> None:
    made = told("add", "Pumps", "--customer", "Acme", "--amount", "100 EUR", "--close", "2030-01-31", "--owner", "ada")
    assert made["stage"] == "prospecting"
    run("set", "Pumps", "--next-step", "Call Ann", "--on", "2030-01-15", "--probability", "40")
    assert "is worth 54.00 EUR" in run("line", "Pumps", "P-1", "--quantity", "3", "--discount", "10")
    run("person", "Pumps", "Ann Lee", "--role", "champion")
    run("competitor", "Pumps", "Rival", "--threat", "high", "--price", "90 EUR")
    run("competitor", "Pumps", "Rival", "--outcome", "lost")
    run("move", "Pumps", "engaging")
    run("move", made["id"], "won", "--reason", "service")
    shown = told("show", "Pumps")
    assert (shown["customer"], shown["owner"], shown["stage"], shown["reason"]) == ("Acme", "Ada", "won", "service")
    assert shown["amount"] == {"amount": "54", "currency": "EUR"}
    assert [(one["name"], one["role"]) for one in shown["people"]] == [("Ann Lee", "champion")]
    (line,) = shown["lines"]
    assert (line["quantity"], line["discount"], line["unit_price"]) == ("3", "10", {"amount": "20", "currency": "EUR"})
    assert (shown["next_step"], shown["next_step_on"]) == ("Call Ann", "2030-01-15")
    assert [one["stage"] for one in shown["history"]][-1] == "won"
    assert shown["entered_at"] == shown["history"][-1]["from"]
    assert [(one["threat"], one["outcome"]) for one in shown["competitors"]] == [("high", "lost")]
    assert shown["history"][-1]["category"] == "won"
    text = run("show", "Pumps")
    for said in ("Ann Lee", "Rival", "Call Ann", "In this stage since", "54.00 EUR", "engaging"):
        assert said in text


def test_lists_and_board() -> None:
    run("add", "First", "--amount", "10 EUR", "--close", "2020-01-01")
    run("add", "Second", "--customer", "Acme", "--stage", "engaging")
    assert [one["name"] for one in told("list")] == ["First", "Second"]
    assert [one["name"] for one in told("list", "--overdue")] == ["First"]
    assert [one["name"] for one in told("list", "--without-customer")] == ["First"]
    assert [one["name"] for one in told("list", "--filter", "stage = engaging")] == ["Second"]
    assert told("list", "--rotting") == []
    assert "see more with --limit" in run("list", "--limit", "1")
    columns = told("board")
    assert [(column["stage"], column["count"]) for column in columns][:2] == [("prospecting", 1), ("engaging", 1)]
    board = run("board")
    assert "First" in board
    assert "overdue" in board


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["move", "Nothing", "won"], "no opportunity 'Nothing'"),
        (["move", "First", "wonn"], "did you mean won"),
        (["set", "First"], "say what to change"),
        (["set", "First", "--probability", "high"], "a number such as 1234.56"),
        (["set", "First", "--probability", "101"], "101 - expected a percentage from 0 to 100"),
        (["set", "First", "--forecast", "sure"], "'sure' is not one of"),
        (["line", "First", "P-2"], "no product P-2; did you mean P-1"),
        (["add", "Other", "--amount", "12"], "expected money with its currency"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else None,
)
def test_what_cannot_be_done_is_said(words: list[str], said: str) -> None:
    run("add", "First")
    result = CliRunner().invoke(program, ["sfa", "opportunity", *words])
    assert result.exit_code != 0
    assert said in f"{result.output} {result.exception}"
