"""The probability that history gives: counted from decided deals, used by weighing, refreshed, and explained."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner

import crmkit_sfa
from crmkit import Crm
from crmkit.cli.program import program
from crmkit.core.values.clock import FixedClock
from crmkit.plugin import (
    AccessDenied,
    ConfigError,
    Context,
    Manifest,
    Money,
    Refused,
    change,
    hookimpl,
    lifecycle_from_toml,
)
from crmkit.testing.making import AsUser, MakeCrm
from crmkit_sfa.forecasting.forecast import forecast
from crmkit_sfa.opportunities.entities import Opportunity, OpportunityHistory, StageWinRate
from crmkit_sfa.opportunities.odds import origin_of
from crmkit_sfa.opportunities.refreshing import refresh_probabilities, require_refresher, stage_odds

SETTINGS = {"history_pipelines": ["sales"], "history_deals": 4, "history_days": 100}


class Oracle:
    """Says something of one deal alone."""

    manifest = Manifest(name="oracle")

    @hookimpl
    def choose_sfa_probability(self, ctx: Context, call: Any) -> Decimal | None:
        return Decimal(33) if call.opportunity.name == "asked" else None


@pytest.fixture(params=["sqlite", "postgresql"])
def crm(request: pytest.FixtureRequest, make_crm: MakeCrm) -> Crm:
    """A CRM whose usual pipeline goes by history, from four deals on."""
    config = {"plugins": {"sfa": {"opportunities": SETTINGS}}}
    given: dict[str, Any] = {"plugins": [crmkit_sfa, Oracle()], "config": config}
    if request.param == "postgresql":
        address = request.getfixturevalue("sales_postgres_url")
        given |= {"url": address, "tenant": uuid4().hex, "check": False}
    return make_crm(**given)


def decided(stage: str, outcome: str, closed_on: date = date(2026, 3, 1)) -> Opportunity:
    return Opportunity(
        name="past", opening_stage=stage, stage=outcome, opened_on=closed_on - timedelta(days=20), closed_on=closed_on
    )


def add(crm: Crm, *deals: Opportunity) -> None:
    with crm.session() as session:
        session.add(*deals)


def refreshed(crm: Crm) -> int:
    with crm.session() as session:
        return refresh_probabilities(crm.context(session, "sfa"))


def weighed(crm: Crm, one: Opportunity) -> tuple[Decimal | None, str | None]:
    with crm.session(reads=True) as session:
        found = session.get(Opportunity, one.id)
    return found.probability, found.probability_source


def because(crm: Crm, one: Opportunity) -> str:
    with crm.session(reads=True) as session:
        return str(origin_of(crm.context(session, "sfa"), session.get(Opportunity, one.id)))


def test_enough_decided_deals_say_how_likely_a_stage_is(crm: Crm) -> None:
    standing = Opportunity(name="standing", stage="engaging")
    add(crm, standing, decided("engaging", "won"), decided("engaging", "lost"), decided("engaging", "lost"))
    assert refreshed(crm) == 0
    assert weighed(crm, standing) == (25, "stage")
    assert because(crm, standing) == "usual in stage engaging; history has 3 of the 4 deals that it needs"
    add(crm, decided("engaging", "lost"), decided("engaging", "won"), decided("engaging", "lost"))
    assert refreshed(crm) == 1
    assert weighed(crm, standing) == (33, "history")
    assert because(crm, standing) == (
        "history: 2 of 6 deals that stood in engaging and were decided since 2025-12-05 were won"
    )
    assert refreshed(crm) == 0
    # A new deal, and one that moves there, go by it at once; other stages have too little to go by.
    fresh, other = Opportunity(name="fresh", stage="engaging"), Opportunity(name="other")
    add(crm, fresh, other)
    assert (weighed(crm, fresh), weighed(crm, other)) == ((33, "history"), (10, "stage"))
    with crm.session() as session:
        session.update(change(session.get(Opportunity, other.id), stage="engaging"))
    assert weighed(crm, other) == (33, "history")
    with crm.session() as session:
        session.update(change(session.get(Opportunity, other.id), stage="won"))
    assert weighed(crm, other) == (100, "stage")


def test_what_is_counted(crm: Crm, clock: FixedClock) -> None:
    back = Opportunity(name="back and forth", stage="engaging")
    add(
        crm,
        back,
        Opportunity(name="still open", stage="engaging"),
        decided("engaging", "lost", date(2025, 12, 5)),
        decided("engaging", "won", date(2025, 12, 4)),
    )
    for stage in ("proposal", "engaging", "proposal", "won", "engaging", "lost"):
        clock.advance(hours=1)
        with crm.session() as session:
            session.update(change(session.get(Opportunity, back.id), stage=stage, amount=Money.of("1", "EUR")))
    gone = decided("engaging", "won")
    add(crm, gone)
    with crm.session() as session:
        session.delete(session.get(Opportunity, gone.id))
    refreshed(crm)
    with crm.session(reads=True) as session:
        rates = {one.stage: (one.won, one.lost) for one in session.list(StageWinRate)}
        days = {(one.since, one.until) for one in session.list(StageWinRate)}
    # Each deal once, by how it ended; open, older and deleted ones not.
    assert rates == {"prospecting": (0, 0), "engaging": (0, 2), "proposal": (0, 1), "negotiation": (0, 0)}
    assert days == {(date(2025, 12, 5), date(2026, 3, 15))}


def test_the_days_are_those_of_the_installation(make_crm: MakeCrm, clock: FixedClock) -> None:
    """Half past four in the afternoon in UTC is the next day in Shanghai, for the window as for deals closed there."""
    clock.advance(hours=4.5)
    settings = {"timezone": "Asia/Shanghai", "plugins": {"sfa": {"opportunities": SETTINGS}}}
    crm = make_crm(plugins=[crmkit_sfa], config=settings)
    today, first = date(2026, 3, 16), date(2025, 12, 6)
    here = Opportunity(name="closed now", stage="engaging")
    days = (first - timedelta(days=1), first, today)
    add(crm, here, *(decided("engaging", "lost", day) for day in days))
    clock.advance(minutes=1)
    with crm.session() as session:
        session.update(change(session.get(Opportunity, here.id), stage="won"))
    with crm.session(reads=True) as session:
        assert session.get(Opportunity, here.id).closed_on == today
    berliner = AsUser(crm)("* * all", timezone="Europe/Berlin")
    for actor in (crm.system, berliner):
        with crm.session(actor) as session:
            refresh_probabilities(crm.context(session, "sfa"))
        with crm.session(reads=True) as session:
            (rate,) = session.list(StageWinRate, stage="engaging")
        # Lost on the first day and today, won today; the day before the first is out.
        assert (rate.since, rate.until, rate.won, rate.lost) == (first, today, 1, 2)


def test_what_somebody_or_a_plugin_says_stands(crm: Crm) -> None:
    written, asked = Opportunity(name="written", stage="engaging", probability=Decimal(70)), Opportunity(name="asked")
    add(crm, written, asked, *(decided(stage, "won") for stage in ("engaging", "prospecting") for _ in range(4)))
    assert refreshed(crm) == 0
    assert (weighed(crm, written), weighed(crm, asked)) == ((70, "manual"), (33, "plugin"))
    assert (because(crm, written), because(crm, asked)) == ("written by hand", "worked out by a plugin")
    with crm.session() as session:
        session.update(change(session.get(Opportunity, written.id), probability=None))
    assert weighed(crm, written) == (100, "history")


def test_when_history_has_too_little_again_the_stage_holds(crm: Crm, clock: FixedClock) -> None:
    standing = Opportunity(name="standing", stage="engaging", amount=Money.of("200", "EUR"), close_on=date(2026, 7, 1))
    add(crm, standing, *(decided("engaging", outcome) for outcome in ("won", "lost", "lost", "lost")))
    with crm.session() as session:
        session.update(change(session.get(Opportunity, standing.id), next_step="Call"))
    add(crm, *(decided("engaging", "won") for _ in range(4)))
    clock.advance(days=1)
    assert refreshed(crm) == 1
    assert weighed(crm, standing) == (63, "history")
    with crm.session(reads=True) as session:
        (period,) = forecast(crm.context(session, "sfa"), day=date(2026, 7, 1)).periods
    assert period.total.weighted == Decimal("126")
    clock.advance(days=100)
    assert refreshed(crm) == 1
    assert weighed(crm, standing) == (25, "stage")
    with crm.session(reads=True) as session:
        told = session.list(OpportunityHistory, opportunity_id=standing.id, order="valid_from")
    assert [row.probability for row in told] == [25, 63, 25]


def test_a_stage_decides_for_itself(crm: Crm) -> None:
    pipeline = """
        name = "renewals"
        entity = "sfa_opportunity"
        stages = [
            { name = "due", category = "open", settings = { probability = 80, history = true } },
            { name = "asked", category = "open", settings = { probability = 90 } },
            { name = "renewed", category = "won" },
            { name = "left", category = "lost" },
        ]
    """
    with crm.session() as session:
        crm.services_for(session).define(lifecycle_from_toml(pipeline))
    some = [
        Opportunity(name="r", pipeline="renewals", opening_stage=stage, stage="left", opened_on=date(2026, 3, 1))
        for stage in ("due", "asked")
        for _ in range(4)
    ]
    due, asked = (Opportunity(name="s", pipeline="renewals", stage=stage) for stage in ("due", "asked"))
    add(crm, *some, due, asked)
    assert refreshed(crm) == 1
    assert (weighed(crm, due), weighed(crm, asked)) == ((0, "history"), (90, "stage"))
    with crm.session(reads=True) as session:
        odds = stage_odds(crm.context(session, "sfa"), "renewals")
    assert [(one.stage, one.by_history, one.probability, one.default, one.history) for one in odds] == [
        ("due", True, 0, 80, 0),
        ("asked", False, 90, 90, 0),
    ]
    with pytest.raises(Refused, match="history is 'yes', expected true or false"), crm.session() as session:
        crm.services_for(session).define(lifecycle_from_toml(pipeline.replace("history = true", 'history = "yes"')))


def test_history_is_not_asked_by_default(make_crm: MakeCrm) -> None:
    crm = make_crm(plugins=[crmkit_sfa])
    standing = Opportunity(name="standing", stage="engaging")
    add(crm, standing, *(decided("engaging", "won") for _ in range(40)))
    assert refreshed(crm) == 0
    assert weighed(crm, standing) == (25, "stage")


def test_it_is_due_every_night(make_crm: MakeCrm, clock: FixedClock) -> None:
    crm = make_crm(plugins=[crmkit_sfa], config={"plugins": {"sfa": {"opportunities": SETTINGS}}})
    standing = Opportunity(name="standing", stage="engaging")
    add(crm, standing, *(decided("engaging", "won") for _ in range(4)))
    crm.jobs.run_due("sfa")
    clock.advance(days=1)
    crm.jobs.run_due("sfa")
    assert weighed(crm, standing) == (100, "history")


def test_settings_are_checked(make_crm: MakeCrm) -> None:
    with pytest.raises(ConfigError, match="history_deals is 0, expected at least 1"):
        make_crm(plugins=[crmkit_sfa], config={"plugins": {"sfa": {"opportunities": {"history_deals": 0}}}})


def test_refreshing_takes_the_right_to_change_win_rates(crm: Crm) -> None:
    rights = ("sfa_opportunity read all", "sfa_opportunity update all", "sfa_stage_win_rate update own")
    with crm.session(AsUser(crm)(*rights)) as session:
        ctx = crm.context(session, "sfa")
        with pytest.raises(AccessDenied, match="takes the right to update win rates"):
            require_refresher(ctx)


def test_the_command_shows_and_refreshes(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CRMKIT_DB", f"sqlite:///{tmp_path / 'crm.db'}")
    Crm.open(f"sqlite:///{tmp_path / 'crm.db'}").close()
    (tmp_path / "crmkit.toml").write_text(
        '[plugins.sfa.opportunities]\nhistory_pipelines = ["sales"]\nhistory_deals = 2\n', "utf-8"
    )

    def run(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(program, ["sfa", "opportunity", *words])
        assert result.exit_code == code, result.output
        return result.output

    run("add", "Pumps", "--stage", "engaging")
    for name, end in (("A", "won"), ("B", "lost")):
        run("add", name, "--stage", "engaging")
        run("move", name, end, "--reason", "price")
    told = json.loads(run("probabilities", "--refresh", "--json"))
    assert told["changed"] == 1
    engaging = told["stages"][1]
    assert (engaging["stage"], engaging["probability"], engaging["source"]) == ("engaging", "50", "history")
    assert (engaging["won"], engaging["decided"], engaging["default"]) == (1, 2, "25")
    assert "50 %" in run("probabilities")
    shown = json.loads(run("show", "Pumps", "--json"))
    assert (shown["probability"], shown["probability_source"]) == ("50", "history")
    assert shown["probability_from"].startswith("history: 1 of 2 deals that stood in engaging")
    assert "1 of 2 deals" in run("show", "Pumps")
    assert "sales" in run("probabilities", "--pipeline", "salse", code=4)
