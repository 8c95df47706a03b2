"""An opportunity and its stages."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from crmkit import Crm
from crmkit.core.values.clock import FixedClock
from crmkit.plugin import Money, change
from crmkit_sfa.opportunities.entities import Opportunity, OpportunityHistory


def stored(crm: Crm, one: Opportunity) -> Opportunity:
    with crm.session(reads=True) as session:
        return session.get(Opportunity, one.id)


def told(crm: Crm, one: Opportunity) -> list[OpportunityHistory]:
    with crm.session(reads=True) as session:
        return session.list(OpportunityHistory, opportunity_id=one.id, order="valid_from")


def test_a_new_one_begins_in_the_first_stage(crm: Crm) -> None:
    made = Opportunity(name="A")
    with crm.session() as session:
        session.add(made)
    one = stored(crm, made)
    assert (one.pipeline, one.stage, one.category, one.opened_on) == ("sales", "prospecting", "open", date(2026, 3, 15))
    assert (one.probability, one.probability_source, one.forecast_category) == (Decimal(10), "stage", "pipeline")
    (row,) = told(crm, made)
    assert (row.stage, row.valid_from, row.valid_to, row.probability) == ("prospecting", crm.clock.now(), None, 10)


def test_writing_another_stage_moves_it(crm: Crm, clock: FixedClock) -> None:
    made = Opportunity(name="A")
    with crm.session() as session:
        session.add(made)
    clock.advance(days=2)
    with crm.session() as session:
        session.update(change(session.get(Opportunity, made.id), stage="engaging"))
    clock.advance(days=3)
    with crm.session() as session:
        session.update(change(session.get(Opportunity, made.id), stage="won", amount=Money.of("100", "EUR")))
    one = stored(crm, made)
    assert (one.stage, one.category, one.closed_on, one.probability) == ("won", "won", date(2026, 3, 20), 100)
    rows = told(crm, made)
    assert [(row.stage, row.amount) for row in rows] == [
        ("prospecting", None), ("engaging", None), ("won", Money.of("100", "EUR"))
    ]  # fmt: skip
    assert [row.valid_to for row in rows[:-1]] == [row.valid_from for row in rows[1:]]
    with crm.session() as session:
        history = crm.services_for(session).stage_history(one)
    assert [interval.stage for interval in history] == ["prospecting", "engaging", "won"]


def test_one_that_is_over_comes_with_its_history(crm: Crm) -> None:
    made = Opportunity(
        name="A",
        stage="won",
        opening_stage="engaging",
        opened_on=date(2025, 1, 10),
        closed_on=date(2025, 2, 20),
        amount=Money.of("7", "EUR"),
    )
    with crm.session() as session:
        session.add(made)
    rows = told(crm, made)
    assert [(row.stage, row.valid_from, row.probability) for row in rows] == [
        ("engaging", datetime(2025, 1, 10, tzinfo=UTC), 25),
        ("won", datetime(2025, 2, 20, tzinfo=UTC), 100),
    ]
