"""``crmkit action``: the actions of the sales plugin on the command line, with the checks of the API."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from crmkit import Crm
from crmkit.cli.program import program
from crmkit.core.customer import Customer
from crmkit.core.staff import User
from crmkit.plugin import Money
from crmkit_sfa.leads.entities import Lead
from crmkit_sfa.opportunities.entities import Opportunity


@pytest.fixture(autouse=True)
def database(program_url: str) -> None:
    """A database that the program finds, with a lead, two deals and a user without rights."""
    with Crm.open(program_url) as crm, crm.session() as session:
        acme = Customer(kind="organization", name="Acme")
        session.add(
            acme,
            User(login="anna", name="Anna"),
            Lead(name="Carla Diaz", email="carla@kite.example"),
            Opportunity(name="Pumps", customer_id=acme.id, amount=Money.of("500", "EUR")),
            Opportunity(name="Valves", customer_id=acme.id, amount=Money.of("250", "EUR")),
        )


def run(*words: str) -> Result:
    return CliRunner().invoke(program, ["action", *words])


def told(*words: str) -> Any:
    result = run(*words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_actions_are_listed_with_what_they_ask_for() -> None:
    found = {one["id"]: one for one in told("list")}
    assert found["sfa.lose_opportunity"]["asks"] == ["reason", "[closed_on]"]
    assert found["sfa.lose_opportunity"]["bulk"]
    shown = run("list", "sfa_quote").stdout
    assert "sfa.accept_quote" in shown
    assert "sfa.convert_lead" not in shown


def test_an_action_is_done_by_its_words_and_explained() -> None:
    made = told("run", "sfa.convert_lead", "Carla Diaz", "--amount", "9000 EUR", "--close-on", "2026-06-01")
    assert not made["repeated"]
    shown = CliRunner().invoke(program, ["show", "sfa_opportunity", made["opportunity_id"], "--json"])
    assert json.loads(shown.stdout)["amount"] == {"amount": "9000", "currency": "EUR"}
    explained = CliRunner().invoke(program, ["explain", f"sfa_lead:{made['lead_id']}", "--field", "status"])
    assert "sfa.convert_lead" in explained.output


def test_many_records_and_references_by_their_names() -> None:
    moved = run("run", "sfa.move_opportunity", "Pumps", "Valves", "--stage", "proposal")
    assert (moved.exit_code, moved.stderr.strip()) == (0, "Move to a stage: done")
    given = told("run", "sfa.give_leads", "Carla Diaz", "--user", "anna")
    assert given["leads"][0]["owner_id"]


def test_wrong_words_are_told() -> None:
    for words, code, said in (
        (("sfa.convert_led", "x"), 4, "did you mean sfa.convert_lead?"),
        (("sfa.win_opportunity", "Pump"), 4, "Pump"),
        (("sfa.win_opportunity", "Pumps", "--amount", "much"), 2, "much"),
        (("sfa.lose_opportunity", "Pumps"), 2, "--reason"),
        (("sfa.lose_opportunity", "Pumps", "--reason", ""), 3, "/reason"),
        (("sfa.accept_transfer", "Pumps"), 4, "sfa_transfer"),
    ):
        result = run("run", *words)
        assert (result.exit_code, said in result.output) == (code, True), (words, result.output)


def test_the_same_checks_as_everywhere_hold() -> None:
    won = told("run", "sfa.win_opportunity", "Pumps")
    assert won["category"] == "won"
    again = run("run", "sfa.win_opportunity", "Pumps")
    assert (again.exit_code, "is available where category = open" in again.output) == (5, True)
    denied = run("run", "sfa.win_opportunity", "Valves", "--as", "anna")
    assert denied.exit_code in (4, 5)


def test_what_takes_something_away_is_asked_about() -> None:
    told("run", "sfa.convert_lead", "Carla Diaz")
    asked = CliRunner().invoke(program, ["action", "run", "sfa.undo_conversion", "Carla Diaz"], input="n\n")
    assert (asked.exit_code, "Do this?" in asked.output) == (130, True)
    done = told("run", "sfa.undo_conversion", "Carla Diaz", "--yes")
    assert done["status"] == "new"


def test_help_tells_the_options_of_an_action() -> None:
    said = run("run", "sfa.convert_lead", "--help").stdout
    for word in ("RECORD", "--amount", "--customer CUSTOMER", "What the opportunity is worth."):
        assert word in said
    assert "sfa.convert_lead" in run("run", "--help").stdout
