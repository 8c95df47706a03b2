"""Rules at work on the database, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmkit.core.customer import Customer
from crmkit.core.entity import change
from crmkit.core.errors import BadInput, NotFound
from crmkit.core.lifecycle import Lifecycle, Relationship, StageTrack, StageTransition
from crmkit.core.lifecycle_rules import Standing, steps_due
from crmkit.core.messages import msg
from crmkit.core.values.clock import FixedClock
from crmkit.hooks.kinds import hookimpl
from crmkit.hooks.records import Refuse
from crmkit.runtime.crm import Crm
from crmkit.services.lifecycle.defining import default_lifecycle, define
from crmkit.services.lifecycle.evaluating import evaluate_rules
from crmkit.services.lifecycle.moving import history, move, start, track_of
from crmkit.services.lifecycle.relationships import ensure_relationships
from tests.lifecycle.conftest import DAY, add_customer, buy, evaluate, lifecycle, noon, related, stage_of


def test_a_customer_comes_goes_and_is_won_back(shop: Crm, clock: FixedClock) -> None:
    with shop.session() as session:
        customer = add_customer(session)
        made = related(session, customer, clock.now())
    assert evaluate(shop).moved == {}
    seen = []
    for days, buys in ((1, True), (89, False), (1, False), (275, False), (10, True), (0, False)):
        clock.advance(days=days)
        if buys:
            with shop.session() as session:
                buy(session, session.get(Customer, customer.id), clock.now())
        evaluate(shop)
        seen.append(stage_of(shop, made))
    assert seen == ["customer", "customer", "at_risk", "lost", "won_back", "won_back"]
    with shop.session(reads=True) as session:
        causes = {step.cause for step in session.list(StageTransition) if step.from_stage}
        assert causes == {"rule"}


def test_history_that_is_imported_gets_the_stages_it_had(shop: Crm, clock: FixedClock) -> None:
    with shop.session() as session:
        add_customer(session, *[noon(clock, ago) for ago in (800, 700, 100)])
        assert ensure_relationships(session) == 1
        assert ensure_relationships(session) == 0
        (made,) = session.list(Relationship)
        assert made.since == noon(clock, 800).date()
    done = evaluate(shop)
    assert done.moved.total() == 7
    with shop.session(reads=True) as session:
        past = history(session, made)
    assert [(i.stage, (clock.now() - i.start) / DAY) for i in past[1:]] == [
        ("customer", 800),
        ("at_risk", 710),
        ("customer", 700),
        ("at_risk", 610),
        ("lost", 335),
        ("won_back", 100),
        ("at_risk", 10),
    ]
    assert evaluate(shop).moved == {}


def test_lines_of_business_are_kept_apart_and_default_takes_what_names_none(shop: Crm, clock: FixedClock) -> None:
    with shop.session() as session:
        customer = add_customer(session, noon(clock, 1), line="tools")
        tools = related(session, customer, noon(clock, 2), "tools")
        other = related(session, customer, noon(clock, 2), "default")
    evaluate(shop)
    assert (stage_of(shop, tools), stage_of(shop, other)) == ("customer", "prospect")
    with shop.session() as session:
        buy(session, session.get(Customer, customer.id), clock.now())
    evaluate(shop)
    assert stage_of(shop, other) == "customer"


def test_planned_purchases_and_other_contacts_do_not_count(shop: Crm, clock: FixedClock) -> None:
    from crmkit.core.interaction import Interaction, InteractionParticipant

    with shop.session() as session:
        customer = add_customer(session)
        made = related(session, customer, noon(clock, 2))
        for details in ({"kind": "purchase", "status": "planned"}, {"kind": "call"}):
            one = Interaction(occurred_at=noon(clock, 1), **details)
            session.add(one, InteractionParticipant(interaction_id=one.id, customer_id=customer.id))
    evaluate(shop)
    assert stage_of(shop, made) == "prospect"


def test_a_purchase_that_is_recorded_late_takes_the_alarm_back(shop: Crm, clock: FixedClock) -> None:
    with shop.session() as session:
        customer = add_customer(session, noon(clock, 95))
        made = related(session, customer, noon(clock, 100))
    evaluate(shop)
    assert stage_of(shop, made) == "at_risk"
    with shop.session() as session:
        buy(session, session.get(Customer, customer.id), noon(clock, 20))
    assert evaluate(shop).moved == {"purchase_when_at_risk": 1}
    assert stage_of(shop, made) == "customer"
    assert evaluate(shop).moved == {}


def test_a_person_is_not_overruled_before_the_time_of_the_rule(shop: Crm, clock: FixedClock) -> None:
    with shop.session() as session:
        customer = add_customer(session, noon(clock, 200))
        made = related(session, customer, noon(clock, 300))
    evaluate(shop)
    with shop.session() as session:
        move(session, made, "customer", reason="they called")
    assert evaluate(shop).moved == {}
    clock.advance(days=90)
    assert evaluate(shop).moved == {"no_purchase_for_90_days": 1}


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.integers(0, 900), max_size=6), min_size=1, max_size=4))
def test_the_database_answers_as_the_pure_rules_do(shop: Crm, purchases: list[list[int]]) -> None:
    now = shop.clock.now()
    with shop.session() as session:
        begun = [
            related(session, add_customer(session, *[now - ago * DAY for ago in agos]), now - 900 * DAY)
            for agos in purchases
        ]
    evaluate(shop, size=2)
    with shop.session(reads=True) as session:
        found = [[(i.stage, i.start) for i in history(session, one)] for one in begun]
    for agos, past in zip(purchases, found, strict=True):
        times = sorted(now - ago * DAY for ago in agos)
        first = Standing("prospect", past[0][1], first=True)
        expected = steps_due(default_lifecycle(), first, {"purchase": times}, (), now)
        # Of steps at one instant, history keeps each, and so does this.
        assert past[1:] == [(step.stage, step.at) for step in expected]


# -- conditions, loops, refusals ---------------------------------------------------------------------------------------


def flipping(**details: Any) -> Any:
    rules = [
        {"name": "there", "from": "a", "to": "b", "when": "country = DE", **details},
        {"name": "back", "from": "b", "to": "a", "when": "country = DE", **details},
    ]
    return lifecycle("a", "b", rules=rules)


def add(crm: Crm, definition: Any, *names: str, country: str = "DE") -> list[Customer]:
    with crm.session() as session:
        define(session, definition)
        made = [Customer(name=name, country=country) for name in names]
        session.add(*made)
        return made


def test_rules_that_run_in_a_circle_move_nothing_and_are_reported_each_time(crm: Crm) -> None:
    (zed,) = add(crm, flipping(), "Zed")
    for started in (1, 0, 0):
        done = evaluate(crm)
        assert (done.started, done.moved, [loop.record_id for loop in done.loops]) == (started, {}, [zed.id])
        assert done.loops[0].rules[:2] == ("there", "back")
    with crm.session(reads=True) as session:
        assert session.count(StageTransition) == 1


def test_a_time_to_wait_ends_the_circle(crm: Crm, clock: FixedClock) -> None:
    (zed,) = add(crm, flipping(after="7 days"), "Zed")
    evaluate(crm)
    seen = []
    for _ in range(15):
        clock.advance(days=1)
        evaluate(crm)
        seen.append(stage_of(crm, zed))
    assert seen == ["a"] * 6 + ["b"] * 7 + ["a"] * 2


def test_a_condition_on_the_record_moves_it_when_it_comes_to_hold(crm: Crm, clock: FixedClock) -> None:
    rules = [{"name": "german", "from": "a", "to": "b", "when": "country = DE", "reason": "moved to Germany"}]
    (zed,) = add(crm, lifecycle("a", "b", rules=rules), "Zed", country="FR")
    assert evaluate(crm).moved == {}
    clock.advance(hours=1)
    with crm.session() as session:
        session.update(change(session.get(Customer, zed.id), country="DE"))
    evaluate(crm)
    with crm.session(reads=True) as session:
        (_, last) = history(session, zed)
    assert (last.stage, last.start, last.transition.reason) == ("b", clock.now(), "moved to Germany")


class Picky:
    """Lets nobody called Bad pass, and no batch when there is a Worse in it."""

    @hookimpl
    def guard_stage_transition(self, ctx: Any, call: Any) -> list[Refuse]:
        names = {
            move.record_id: ctx.session.peek(Customer, move.record_id).name for move in call.moves if move.from_stage
        }
        found = [Refuse(msg("no {name}", name=name), id) for id, name in names.items() if name == "Bad"]
        return found + [Refuse(msg("not so")) for name in names.values() if name == "Worse"]


@pytest.mark.parametrize("size", [1, 2, 500])
def test_what_a_plugin_refuses_stays_and_the_others_move(
    open_crm: Callable[..., Crm], clock: FixedClock, size: int
) -> None:
    crm = open_crm(Picky())
    rules = [{"name": "on", "from": "a", "to": "b", "after": "1 day"}]
    customers = add(crm, lifecycle("a", "b", rules=rules), "Good", "Bad", "Fine", "Worse", "Well")
    evaluate(crm, size=size)
    clock.advance(days=2)
    done = evaluate(crm, size=size)
    assert done.moved == {"on": 3}
    names = {customer.id: customer.name for customer in customers}
    assert sorted((names[one.record_id], str(one.reason)) for one in done.refused) == [
        ("Bad", "no Bad"),
        ("Worse", "not so"),
    ]
    assert [stage_of(crm, customer) for customer in customers] == ["b", "a", "b", "a", "b"]


class NoStart:
    @hookimpl
    def guard_stage_transition(self, ctx: Any, call: Any) -> list[Refuse]:
        return [Refuse(msg("not yet"), call.moves[0].record_id)]


def test_a_start_that_is_refused_ends_the_evaluation_all_the_same(open_crm: Callable[..., Crm]) -> None:
    crm = open_crm(NoStart())
    customers = add(crm, lifecycle("a", "b"), "One", "Two")
    done = evaluate(crm)
    assert done.started == 0
    assert {one.record_id for one in done.refused} == {customer.id for customer in customers}


def test_records_that_are_gone_are_left_alone(shop: Crm, clock: FixedClock) -> None:
    with shop.session() as session:
        customer = add_customer(session, noon(clock, 1))
        made = related(session, customer, noon(clock, 2))
    with shop.session() as session:
        session.delete(session.get(Relationship, made.id))
    done = evaluate(shop)
    assert (done.started, done.moved) == (0, {})


def test_the_future_and_unknown_lifecycles_are_refused(shop: Crm, clock: FixedClock) -> None:
    with pytest.raises(BadInput, match="future"):
        evaluate(shop, now=clock.now() + timedelta(seconds=1))
    with pytest.raises(NotFound, match="did you mean customer"):
        evaluate(shop, lifecycle="custmer")


def test_registered_lifecycles_come_into_force_and_what_people_define_stays(crm: Crm) -> None:
    names = [done.lifecycle for done in evaluate_rules(crm, crm.system, registered=crm.lifecycles())]
    assert names == ["customer"]
    evaluate_rules(crm, crm.system, registered=crm.lifecycles())
    with crm.session() as session:
        assert session.count(Lifecycle) == 1
        from attrs import evolve

        define(session, evolve(default_lifecycle(), label="Ours"))
    evaluate_rules(crm, crm.system, registered=crm.lifecycles())
    with crm.session(reads=True) as session:
        assert [(one.label, one.revision) for one in session.list(Lifecycle, active=True)] == [("Ours", 2)]
        assert session.count(StageTrack) == 0


def test_a_rule_of_an_earlier_revision_does_not_act_any_more(shop: Crm, clock: FixedClock) -> None:
    with shop.session() as session:
        from attrs import evolve

        customer = add_customer(session, noon(clock, 200))
        made = related(session, customer, noon(clock, 300))
        define(session, evolve(default_lifecycle(), rules=default_lifecycle().rules[:1]))
    evaluate(shop)
    assert stage_of(shop, made) == "customer"
    with shop.session(reads=True) as session:
        assert track_of(session, made).category == "active"
    with shop.session() as session, pytest.raises(NotFound):
        start(session, add_customer(session))
