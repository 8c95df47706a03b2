from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

import crmkit_sfa
from crmkit import Crm
from crmkit.core.customer import Customer, CustomerRelation
from crmkit.core.values.clock import FixedClock
from crmkit.plugin import BadInput, NotFound, hookimpl
from crmkit.testing.making import AsUser, MakeCrm, MakeCustomer
from crmkit_sfa.scorecards.entities import ScorecardResult
from crmkit_sfa.scorecards.evaluating import define, evaluate, ranking, scorecard_named
from crmkit_sfa.scorecards.scoring import Criterion
from crmkit_sfa.scorecards.specs import ScoreFact

CRITERIA = (
    Criterion(name="on_time", weight=Decimal(3), fact="logistics.on_time"),
    Criterion(name="price", weight=Decimal(1), worst=Decimal(10), best=Decimal(0)),
)


class Logistics:
    """Another plugin that knows how many deliveries came on time."""

    def __init__(self) -> None:
        self.on_time: dict[Any, Decimal] = {}
        self.asked: list[Any] = []

    @hookimpl
    def collect_sfa_score_facts(self, ctx: Any, call: Any) -> list[ScoreFact]:
        self.asked.append(call)
        return [ScoreFact(id, "logistics.on_time", value) for id, value in self.on_time.items() if id in call.parties]


def suppliers(crm: Crm, *names: str) -> list[Customer]:
    make = MakeCustomer(crm)
    made, buyer = [make(name=name) for name in names], make(name="We")
    with crm.session() as session:
        session.add(*[CustomerRelation(from_id=one.id, to_id=buyer.id, type="supplier_of") for one in made])
    return made


def test_suppliers_are_judged_by_facts_of_others_and_by_hand(crm: Crm) -> None:
    one, other = suppliers(crm, "Alpha", "Beta")
    with crm.session() as session:
        ctx = crm.context(session, "sfa")
        card = define(ctx, "suppliers", CRITERIA, relation="supplier_of")
        evaluate(ctx, card, "2026-Q1", parties=[one.id], entered={"price": Decimal(5)})
        evaluate(ctx, card, "2026-Q1")
        first = ranking(ctx, card, "2026-Q1")
    assert [(r.place, r.party, r.result.total, r.result.covered) for r in first] == [
        (1, "Alpha", Decimal(50), Decimal(25)),
        (2, "Beta", None, Decimal(0)),
    ]
    assert first[0].result.customer_id != other.id


def test_results_are_compared_with_the_period_before(make_crm: MakeCrm, clock: FixedClock) -> None:
    logistics = Logistics()
    crm = make_crm(plugins=[crmkit_sfa, logistics])
    one, other = suppliers(crm, "Alpha", "Beta")
    shares = {"2026-01": (80, 90), "2026-02": (90, 60)}
    with crm.session() as session:
        define(crm.context(session, "sfa"), "suppliers", CRITERIA, relation="supplier_of")
    for period, (mine, theirs) in shares.items():
        logistics.on_time = {one.id: Decimal(mine), other.id: Decimal(theirs)}
        with crm.session() as session:
            ctx = crm.context(session, "sfa")
            evaluate(ctx, scorecard_named(ctx, "suppliers"), period)
    with crm.session(reads=True) as session:
        ctx = crm.context(session, "sfa")
        card = scorecard_named(ctx, "suppliers")
        january, february = ranking(ctx, card, "2026-01"), ranking(ctx, card, "2026-02")
    assert [(r.party, r.before, r.trend) for r in january] == [("Beta", None, None), ("Alpha", None, None)]
    assert [(r.party, r.result.total, r.before, r.trend) for r in february] == [
        ("Alpha", 90, 80, 10),
        ("Beta", 60, 90, -30),
    ]
    assert (logistics.asked[0].since.isoformat(), logistics.asked[0].until.isoformat()) == (
        "2026-01-01T00:00:00+00:00",
        "2026-02-01T00:00:00+00:00",
    )


def test_evaluating_again_keeps_what_was_entered(make_crm: MakeCrm) -> None:
    logistics = Logistics()
    crm = make_crm(plugins=[crmkit_sfa, logistics])
    (one,) = suppliers(crm, "Alpha")
    logistics.on_time = {one.id: Decimal(40)}
    with crm.session() as session:
        ctx = crm.context(session, "sfa")
        card = define(ctx, "suppliers", CRITERIA, relation="supplier_of")
        (first,) = evaluate(ctx, card, "2026-Q1", parties=[one.id], entered={"price": Decimal(0)}, note="new prices")
        logistics.on_time = {one.id: Decimal(80)}
        (second,) = evaluate(ctx, card, "2026-Q1")
        assert session.count(ScorecardResult) == 1
    assert (first.total, second.total, second.id, second.note) == (55, 85, first.id, "new prices")
    assert dict(second.values) == {"price": "0", "on_time": "80"}


def test_wrong_wishes_are_named(make_crm: MakeCrm) -> None:
    crm = make_crm(plugins=[crmkit_sfa])
    one, _ = suppliers(crm, "Alpha", "Beta")
    with crm.session() as session:
        ctx = crm.context(session, "sfa")
        card = define(ctx, "suppliers", CRITERIA, relation="supplier_of")
        loose = define(ctx, "partners", CRITERIA)
        wishes: list[tuple[Any, str, dict[str, Any]]] = [
            (card, "2026-Q5", {}),
            (card, "2026-Q1", {"parties": [one.id], "entered": {"on_time": Decimal(1)}}),
            (card, "2026-Q1", {"entered": {"price": Decimal(1)}}),
            (loose, "2026-Q1", {}),
        ]
        for which, period, details in wishes:
            with pytest.raises(BadInput):
                evaluate(ctx, which, period, **details)
        with pytest.raises(BadInput):
            define(ctx, "empty", [])
        with pytest.raises(NotFound):
            scorecard_named(ctx, "supplier")
        assert session.count(ScorecardResult) == 0


def test_results_are_seen_with_their_scorecard(make_crm: MakeCrm) -> None:
    crm = make_crm(plugins=[crmkit_sfa])
    (one,) = suppliers(crm, "Alpha")
    with crm.session() as session:
        ctx = crm.context(session, "sfa")
        evaluate(ctx, define(ctx, "suppliers", CRITERIA), "2026-Q1", parties=[one.id], entered={"price": Decimal(1)})
    as_user = AsUser(crm)
    counts = []
    for reach in ("own", "all"):
        reader = as_user(f"sfa_scorecard_result read {reach}", f"sfa_scorecard read {reach}")
        with crm.session(reader, reads=True) as session:
            counts.append(session.count(ScorecardResult))
    assert counts == [0, 1]
