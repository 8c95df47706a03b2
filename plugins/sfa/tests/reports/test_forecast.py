from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crmkit_sfa
from crmkit import Crm
from crmkit.core.staff import Team, User
from crmkit.core.values.clock import FixedClock
from crmkit.plugin import BadInput, Money, Refused, ValidationFailed, change
from crmkit.testing.making import AsUser, MakeCrm
from crmkit_sfa.forecasting.accuracy import accuracy, score
from crmkit_sfa.forecasting.entities import ForecastAdjustment, ForecastSubmission
from crmkit_sfa.forecasting.figures import CATEGORIES
from crmkit_sfa.forecasting.forecast import Forecast, forecast
from crmkit_sfa.forecasting.saying import adjust, submit
from crmkit_sfa.reporting.fiscal import period_named

NOON = datetime(2026, 3, 15, 12, tzinfo=UTC)
OPENED = datetime(2026, 1, 2, 9, tzinfo=UTC)
IN, NEXT = date(2026, 3, 20), date(2026, 5, 2)
BOTH = pytest.mark.parametrize("crm", ["sqlite", "postgresql"], indirect=True)


def eur(amount: int | str) -> Money:
    return Money.of(amount, "EUR")


def shown(crm: Crm, **options: Any) -> Forecast:
    with crm.session(reads=True) as session:
        return forecast(crm.context(session, "sfa"), **options)


@pytest.fixture
def quarter(crm: Crm, told: Callable[..., None], deal: Callable[..., Any]) -> Crm:
    """A quarter of Ann in North, which is below Sales, and of Dora in Sales itself."""
    sales = Team(name="Sales")
    north = Team(name="North", parent_id=sales.id)
    ann = User(login="ann", name="Ann", team_id=north.id)
    dora = User(login="dora", name="Dora", team_id=sales.id)
    with crm.session() as session:
        session.add(sales, north, ann, dora)
    hers = {"owner_id": ann.id, "team_id": north.id}

    def at(stage: str, amount: int | None, close_on: date | None, **about: Any) -> Any:
        money = None if amount is None else eur(amount)
        return deal(steps=((OPENED, stage),), amount=money, close_on=close_on, **about)

    won = ((OPENED, "prospecting"), (datetime(2026, 2, 10, 9, tzinfo=UTC), "won"))
    told(
        crm,
        deal(steps=won, amount=eur(1000), close_on=date(2026, 2, 28), **hers),
        at("negotiation", 400, IN, **hers),
        at("proposal", 200, IN, **hers),
        at("engaging", 80, date(2026, 3, 1), owner_id=dora.id, team_id=sales.id),
        at("prospecting", None, IN, owner_id=dora.id, team_id=sales.id),
        at("proposal", 600, NEXT, **hers),
        at("proposal", 55, date(2025, 12, 30), **hers),
        at("proposal", 66, None, **hers),
    )
    return crm


def test_a_period_has_its_categories_and_its_weight(quarter: Crm) -> None:
    found = shown(quarter, periods=2)
    first, second = found.periods
    assert [period.period.name for period in found.periods] == ["FY2026-Q1", "FY2026-Q2"]
    assert first.total.amounts == {"closed": 1000, "commit": 400, "best_case": 200, "pipeline": 80}
    assert first.total.weighted == 400 * Decimal("0.75") + 200 * Decimal("0.5") + 80 * Decimal("0.25")
    assert first.total.expected == 1420
    assert (first.total.commit, first.total.best_case, first.total.whole) == (1400, 1600, 1680)
    assert (first.total.without_amount, first.total.late) == (1, 1)
    assert second.total.amounts["best_case"] == 600
    assert (found.overdue.amounts["best_case"], found.overdue.deals.total()) == (55, 1)
    assert found.undated.amounts["best_case"] == 66


def test_teams_hold_what_the_teams_below_them_bring(quarter: Crm) -> None:
    rows = shown(quarter, by="team").periods[0].rows
    assert [(row.name, row.depth) for row in rows] == [("Sales", 0), ("North", 1)]
    assert [row.figures.expected for row in rows] == [1420, 1400]
    assert rows[0].own.expected == 20
    owners = shown(quarter, by="owner").periods[0].rows
    assert [(row.name, row.figures.expected) for row in owners] == [("Ann", 1400), ("Dora", 20)]


def test_it_tells_how_it_stood(quarter: Crm, clock: FixedClock) -> None:
    before = shown(quarter, at=datetime(2026, 2, 1, tzinfo=UTC)).periods[0].total
    assert before.amounts["closed"] == 0
    assert before.amounts["pipeline"] == 80 + 1000, "what is won by now was prospecting then"
    assert before.late == 0
    assert shown(quarter, at=datetime(2026, 1, 1, tzinfo=UTC)).periods[0].total.deals.total() == 0
    with pytest.raises(BadInput, match="a moment that has been"):
        shown(quarter, at=NOON + timedelta(days=1))


STEP = st.sampled_from(["prospecting", "engaging", "proposal", "negotiation", "won", "lost"])


@st.composite
def histories(draw: st.DrawFn) -> dict[str, Any]:
    """A deal: its steps of three months, no two alike in a row, with an amount and an expected close, or without."""
    at, steps = OPENED + timedelta(days=draw(st.integers(0, 30))), ["prospecting"]
    for _ in range(draw(st.integers(0, 3))):
        steps.append(draw(STEP.filter(lambda one: one != steps[-1])))
    told = []
    for name in steps:
        told.append((at, name))
        at += timedelta(hours=draw(st.integers(1, 24 * 12)))
    amount = draw(st.none() | st.integers(1, 10_000).map(eur))
    return {"steps": tuple(told), "amount": amount, "close_on": draw(st.none() | st.dates(date(2026, 1, 1), NEXT))}


def slow_totals(deals: list[dict[str, Any]], at: datetime) -> dict[str, Decimal]:
    """Add up one deal after another, as it stood at an instant, for the first quarter of 2026."""
    likely = {"prospecting": 10, "engaging": 25, "proposal": 50, "negotiation": 75}
    where = {"proposal": "best_case", "negotiation": "commit"}
    totals = dict.fromkeys((*CATEGORIES, "weighted"), Decimal(0))
    for one in deals:
        held = [(start, name) for start, name in one["steps"] if start <= at]
        if not held or one["amount"] is None:
            continue
        (start, name), amount = held[-1], one["amount"].amount
        if name == "won" and date(2026, 1, 1) <= start.date() < date(2026, 4, 1):
            totals["closed"] += amount
        elif name in likely and one["close_on"] and date(2026, 1, 1) <= one["close_on"] < date(2026, 4, 1):
            totals[where.get(name, "pipeline")] += amount
            totals["weighted"] += amount * likely[name] / 100
    return totals


@BOTH
def test_every_moment_is_what_a_slow_model_says(
    crm: Crm, clock: FixedClock, told: Callable[..., None], deal: Callable[..., Any], wiped: Callable[[Crm], None]
) -> None:
    clock.set(datetime(2026, 3, 31, 20, tzinfo=UTC))

    @settings(max_examples=30 if crm.database.dialect == "sqlite" else 10)
    @given(st.lists(histories(), min_size=1, max_size=8), st.integers(0, 24 * 88))
    def agree(deals: list[dict[str, Any]], hours: int) -> None:
        wiped(crm)
        told(crm, *(deal(**one) for one in deals))
        at = OPENED + timedelta(hours=hours)
        for moment in (at, None):
            total = shown(crm, at=moment, day=date(2026, 1, 1)).periods[0].total
            expected = slow_totals(deals, moment or clock.now())
            assert {**total.amounts, "weighted": total.weighted} == expected

    agree()


# -- what people say --------------------------------------------------------------------------------------------------


@BOTH
def test_an_adjustment_counts_from_when_it_was_made(quarter: Crm, clock: FixedClock) -> None:
    period = period_named("2026-Q1")
    with quarter.session() as session:
        ann = session.find(User, login="ann")
        assert ann is not None
        ctx = quarter.context(session, "sfa")
        adjust(ctx, period=period, category="commit", amount=eur(-100), reason="Budget is cut", user_id=ann.id)
    clock.advance(days=1)
    with quarter.session() as session:
        ctx = quarter.context(session, "sfa")
        adjust(ctx, period=period, category="commit", amount=eur(-250), reason="Worse", user_id=ann.id)
    assert shown(quarter).periods[0].total.commit == 1150
    row = shown(quarter, by="owner").periods[0].rows[0]
    assert (row.figures.adjusted("commit"), row.figures.amounts["commit"]) == (150, 400)
    assert [r.figures.adjusted("commit") for r in shown(quarter, by="team").periods[0].rows] == [150, 150]
    assert shown(quarter, at=NOON).periods[0].total.commit == 1300
    assert shown(quarter, at=NOON - timedelta(hours=1)).periods[0].total.commit == 1400
    with quarter.session() as session:
        adjust(
            quarter.context(session, "sfa"),
            period=period,
            category="commit",
            amount=eur(0),
            reason="Back",
            user_id=ann.id,
        )
    assert shown(quarter).periods[0].total.commit == 1400


def test_what_was_said_stands(quarter: Crm) -> None:
    period = period_named("2026-Q1")
    with quarter.session() as session:
        ann = session.find(User, login="ann")
        assert ann is not None
        ctx = quarter.context(session, "sfa")
        adjust(ctx, period=period, category="closed", amount=eur(5), reason="Late order")
        submit(ctx, period=period, commit=eur(1300), best_case=eur(1500), user_id=ann.id, note="Sure")
    for entity, changed in ((ForecastAdjustment, {"amount": eur(9)}), (ForecastSubmission, {"commit": eur(9)})):
        with pytest.raises(Refused, match="stands as it was given"), quarter.session() as session:
            session.update(change(session.list(entity)[0], **changed))
        with pytest.raises(Refused, match="stands as it was given"), quarter.session() as session:
            session.delete(session.list(entity)[0])
    row = shown(quarter, by="owner").periods[0].rows[0]
    assert row.submitted is not None
    assert (row.submitted.commit, row.submitted.best_case, row.submitted.note) == (eur(1300), eur(1500), "Sure")


def test_bad_words_are_refused(quarter: Crm, as_user: AsUser) -> None:
    period = period_named("2026-Q1")
    with quarter.session() as session:
        ctx = quarter.context(session, "sfa")
        with pytest.raises(BadInput, match="category sure: expected one of"):
            adjust(ctx, period=period, category="sure", amount=eur(1), reason="x")
        with pytest.raises(BadInput, match="expected a text that says why"):
            adjust(ctx, period=period, category="commit", amount=eur(1), reason=" ")
        with pytest.raises(BadInput, match="expected at least what is committed"):
            submit(ctx, period=period, commit=eur(2), best_case=eur(1), user_id=period and session.list(User)[0].id)
        with pytest.raises(BadInput, match="no user whose figures"):
            submit(ctx, period=period, commit=eur(2))
    with quarter.session() as session:
        made = ForecastAdjustment(period_start=date(2026, 2, 1), amount=eur(1), reason="x")
        session.add(made)
    with quarter.session(reads=True) as session:
        assert session.get(ForecastAdjustment, made.id).period_start == date(2026, 1, 1), "any day of it tells a period"
    made_at = NOON + timedelta(days=1)
    with pytest.raises(ValidationFailed, match="not in the future"), quarter.session() as session:
        session.add(ForecastAdjustment(period_start=date(2026, 1, 1), amount=eur(1), reason="x", made_at=made_at))


def test_forecasts_are_measured_against_what_was_closed(quarter: Crm, clock: FixedClock) -> None:
    clock.set(datetime(2026, 4, 10, tzinfo=UTC))
    with quarter.session(reads=True) as session:
        found = accuracy(quarter.context(session, "sfa"), periods=2, days_before=60)
    before, quarter_ = found.rows
    assert (before.period.name, before.forecast, before.actual, before.error) == ("FY2025-Q4", 0, 0, None)
    # Sixty days before its end, what was won later was prospecting: a tenth.
    assert (quarter_.forecast, quarter_.actual) == (520, 1000)
    assert (found.score.mape, found.score.bias, found.score.left_out) == (Decimal("0.48"), Decimal("-0.48"), 1)


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), max_size=8))
def test_scores_are_what_their_formulas_say(pairs: list[tuple[int, int]]) -> None:
    found = score((Decimal(f), Decimal(a)) for f, a in pairs)
    errors = [Decimal(f - a) / a for f, a in pairs if a]
    assert found.left_out == len(pairs) - len(errors)
    if errors:
        assert found.mape is not None
        assert found.bias is not None
        assert found.mape >= abs(found.bias)
        assert found.bias == sum(errors) / len(errors)
    of = sum(a for _, a in pairs)
    assert found.wape == (Decimal(sum(abs(f - a) for f, a in pairs)) / of if of else None)


def test_the_fiscal_year_is_the_configured_one(
    make_crm: MakeCrm, told: Callable[..., None], deal: Callable[..., Any]
) -> None:
    crm = make_crm(plugins=[crmkit_sfa], config={"plugins": {"sfa": {"fiscal_year_starts": 2}}})
    told(crm, deal(steps=((OPENED, "proposal"),), amount=eur(10), close_on=date(2026, 4, 30)))
    (period,) = shown(crm).periods
    assert (period.period.name, period.period.start) == ("FY2027-Q1", date(2026, 2, 1))
    assert period.total.amounts["best_case"] == 10
