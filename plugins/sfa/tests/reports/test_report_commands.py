"""The reports, as a sales manager asks for them."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from click.testing import CliRunner

from crmkit import Crm
from crmkit.cli.program import program
from crmkit.core.staff import Team, User
from crmkit.plugin import Money
from crmkit_sfa.opportunities.entities import Opportunity


@pytest.fixture(autouse=True)
def database(program_url: str) -> None:
    """Ann of North won 1,200 and lost one in spring 2026; one of hers is expected in 2031."""
    with Crm.open(program_url) as crm, crm.session() as session:
        north = Team(name="North")
        ann = User(login="ann", name="Ann", team_id=north.id)
        begun = {"owner_id": ann.id, "opened_on": date(2026, 1, 2), "opening_stage": "engaging"}
        session.add(
            *(north, ann),
            Opportunity(name="A", stage="won", closed_on=date(2026, 2, 1), amount=Money.of("1200", "EUR"), **begun),
            Opportunity(name="B", stage="lost", closed_on=date(2026, 2, 11), reason="price", **begun),
            Opportunity(name="C", close_on=date(2031, 2, 1), amount=Money.of("500", "EUR"), owner_id=ann.id),
            Opportunity(name="D", stage="won", closed_on=date(2026, 2, 1), amount=Money.of("9", "USD"), **begun),
        )


def run(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(program, ["sfa", *words])
    assert result.exit_code == code, result.output
    return result.output


def told(*words: str) -> Any:
    return json.loads(CliRunner().invoke(program, ["sfa", *words, "--json"]).stdout)


def test_reports_are_shown_and_told() -> None:
    found = told("leaderboard", "--period", "2026-Q1")
    (row,) = found["rows"]
    assert (row["name"], row["won"], row["lost"]) == ("Ann", 2, 1)
    assert row["value"] == {"amount": "1200.00", "currency": "EUR"}
    assert found["unconverted"] == [
        {"amount": {"amount": "9", "currency": "USD"}, "deals": 1, "first": "2026-02-01", "last": "2026-02-01"}
    ]
    said = run("leaderboard")
    assert "1,200.00 EUR" in said
    assert "not counted: 9.00 USD has no exchange rate" in said
    assert told("velocity")["total"]["won_days_median"] == "30"
    assert "30" in run("velocity", "--by", "owner")


def test_the_funnel_has_two_views() -> None:
    (cohort,) = told("funnel", "--since", "2026-01-01", "--until", "2026-02-01")["funnels"]
    assert [stage["reached"] for stage in cohort["stages"]] == [3, 3, 2, 2]
    assert cohort["stages"][1]["reasons"] == [{"reason": "price", "deals": 1}]
    (flow,) = told("funnel", "--view", "flow", "--period", "2026-02")["funnels"]
    assert (flow["won"], flow["lost"], flow["stages"][1]["at_start"]) == (2, 1, 3)
    assert "price (1)" in run("funnel")
    assert "Reopened" in run("funnel", "--view", "flow")
    assert "Salesperson: Ann" in run("funnel", "--by", "owner")


def test_a_forecast_is_adjusted_and_submitted() -> None:
    run("forecast", "adjust", "--amount", "-100 EUR", "--category", "pipeline", "--reason", "Careful", "--owner", "ann",
        "--period", "2031-Q1")  # fmt: skip
    run("forecast", "submit", "--commit", "350 EUR", "--owner", "ann", "--period", "2031-Q1")
    (period,) = told("forecast", "--in", "2031-01-01", "--by", "owner")["periods"]
    assert period["period"] == "FY2031-Q1"
    (ann,) = period["rows"]
    assert (ann["pipeline"]["amount"], ann["adjustments"]["pipeline"]["amount"]) == ("500.00", "-100.00")
    assert ann["submitted"]["commit"] == {"amount": "350", "currency": "EUR"}
    shown = run("forecast", "--in", "2031-01-01", "--by", "team")
    assert "North" in shown
    assert "400.00 EUR" in shown
    assert [one["period"] for one in told("forecast", "--in", "2031-01-01")["periods"]] == [
        *("FY2031-Q1", "FY2031-Q2", "FY2031-Q3", "FY2031-Q4")
    ]
    assert told("forecast", "accuracy", "--last", "2")["measure"] == "expected"
    assert "MAPE" in run("forecast", "accuracy")


def test_targets_are_set_listed_and_reached() -> None:
    run("target", "set", "won_value", "2400", "--owner", "ann", "--period", "2026-Q1", "--note", "Ambitious")
    run("target", "set", "won_count", "4", "--team", "North", "--period", "2026-Q1")
    listed = told("target", "list", "--period", "2026-Q1")["targets"]
    assert [(one["metric"], one["for"]) for one in listed] == [("won_count", "North"), ("won_value", "Ann")]
    reached = {
        (one["metric"], one["for"]): one for one in told("target", "attainment", "--period", "2026-Q1")["targets"]
    }
    assert Decimal(reached["won_value", "Ann"]["attainment"]) == Decimal("0.5")
    assert Decimal(reached["won_count", "North"]["attainment"]) == Decimal("0.5")
    assert "50.0 %" in run("target", "attainment", "--period", "2026-Q1", "--metric", "won_value")
    run("target", "set", "won_count", "none", "--team", "North", "--period", "2026-Q1")
    assert len(told("target", "list", "--period", "2026-Q1")["targets"]) == 1
    assert "Ambitious" in run("target", "list", "--period", "2026-Q1")
    assert "won_value" in run("target", "metrics")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("leaderboard", "--period", "Q7"), 3, "period Q7: expected one such as"),
        (("leaderboard", "--period", "2026-Q1", "--since", "2026-01-01"), 3, "either a period or two days"),
        (("funnel", "--since", "2026-02-01", "--until", "2026-01-01"), 3, "expected a day after 2026-02-01"),
        (("funnel", "--pipeline", "sale"), 4, "did you mean"),
        (("forecast", "--at", "2999-01-01"), 3, "expected a moment that has been"),
        (("target", "set", "won_vale", "3"), 3, "did you mean"),
        (("target", "set", "won_count", "many"), 3, "many"),
        (("target", "set", "won_count", "3", "--owner", "an"), 4, "did you mean"),
    ],
    ids=["period", "both", "range", "pipeline", "future", "metric", "number", "owner"],
)
def test_what_cannot_be_answered_is_said(words: tuple[str, ...], code: int, said: str) -> None:
    result = CliRunner().invoke(program, ["sfa", *words])
    assert (result.exit_code, said in result.output) == (code, True), result.output


@pytest.mark.parametrize("report", ["leaderboard", "velocity", "forecast", "funnel"])
def test_an_unknown_pipeline_is_refused(report: str) -> None:
    assert "did you mean sales?" in run(report, "--pipeline", "sale", code=4)
    run(report, "--pipeline", "sales")


def test_deals_are_counted_in_words_of_their_own() -> None:
    headings = run("leaderboard").splitlines()[0]
    assert ["Deals won" in headings, "Deals lost" in headings] == [True, True]


def test_money_is_no_target_for_a_count() -> None:
    assert "target 5 USD: expected a number" in run("target", "set", "won_count", "5 USD", code=3)
    assert "target €5: expected a number" in run("target", "set", "won_count", "€5", code=3)
    run("target", "set", "won_count", "5")


def test_a_negative_target_is_refused_by_name() -> None:
    assert "target -5 USD: expected zero or more" in run("target", "set", "won_value", "-5 USD", code=3)
    assert "target -5: expected zero or more" in run("target", "set", "won_count", "-5", code=3)
