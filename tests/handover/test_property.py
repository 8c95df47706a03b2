"""Any records, any rules: nothing stays with who departs, customers stay whole, and the undoing leaves no trace."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmkit.core.customer import Customer
from crmkit.core.entity import change
from crmkit.core.grouping import Segment
from crmkit.core.interaction import Interaction, InteractionParticipant
from crmkit.core.product import Asset
from crmkit.core.splitting import split_evenly
from crmkit.core.staff import User
from crmkit.runtime.crm import Crm
from crmkit.services.handover import HandOverRule, HandOverRules, preview, run, undo
from crmkit.services.handover.progress import CLOSED
from tests.handover.conftest import owners
from tests.store.staff import make_staff
from tests.tenants import in_a_new_tenant

AT = datetime(2024, 1, 1, tzinfo=UTC)
LOGINS = ("anna", "ben", "cleo")

who = st.sampled_from(LOGINS)
customers = st.lists(st.tuples(who, st.sampled_from(["", "DE", "CN"])), min_size=1, max_size=5)
belongings = st.lists(
    st.tuples(
        st.sampled_from(["asset", "planned", "completed", "segment"]), who, st.lists(st.integers(0, 4), max_size=2)
    ),
    max_size=8,
)
heirs = st.lists(st.sampled_from(["ben", "cleo", "dora", "team:North"]), min_size=1, max_size=2).map(tuple)
rules = st.lists(
    st.one_of(
        st.builds(
            HandOverRule,
            to=heirs,
            filter=st.sampled_from(["", "country = DE", "has interactions where kind = call"]),
            progress=st.sampled_from(["", "open", "closed"]),
            split=st.sampled_from(["count", "value"]),
        ),
        st.builds(HandOverRule, to=heirs, entity=st.just("interaction"), progress=st.sampled_from(["", "closed"])),
        st.builds(HandOverRule, to=st.just(("@owner",)), entity=st.sampled_from(["interaction", "asset"])),
    ),
    max_size=3,
)


@settings(
    max_examples=settings.default.max_examples // 10,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(customers=customers, belongings=belongings, rules=rules, given_away=st.sets(st.integers(0, 4), max_size=2))
def test_run_then_undo_restores_all_owners(
    crm: Crm, customers: list[Any], belongings: list[Any], rules: list[HandOverRule], given_away: set[int]
) -> None:
    in_a_new_tenant(crm)
    staff = make_staff(crm)
    ids = {login: user.id for login, user in staff.users.items()}
    made = fill(crm, ids, customers, belongings)
    by = HandOverRules(rules=tuple(rules)).with_rest("dora")
    before = owners(crm)
    with crm.session(reads=True) as session:
        plan = preview(session, session.get(User, ids["anna"]), by, worth)
    assert plan.blocked == ()
    report = run(crm, crm.system, "anna", by, values=worth)
    after = owners(crm)
    assert (report.user.state, report.remaining, report.left) == ("departed", 0, ())
    assert ids["anna"] not in {owner for owner, _ in after.values()}
    assert {key for key in before if before[key] != after[key]} == {
        key for key in before if before[key][0] == ids["anna"]
    }
    for item in plan.items:
        customer = plan.items.customers.get(item.key)
        if customer is not None and item.progress != CLOSED:
            assert after[item.entity, item.id][0] == after["customer", customer.id][0]
    gone = [made[place].id for place in sorted(given_away) if place < len(made)]
    gone = [id for id in gone if before["customer", id][0] == ids["anna"]]
    new_owner = {
        id: next(other for other in LOGINS if ids[other] not in (ids["anna"], after["customer", id][0])) for id in gone
    }
    with crm.session() as session:
        for id in gone:
            session.update(change(session.get(Customer, id), owner_id=ids[new_owner[id]]))
    back = undo(crm, crm.system, report.handover.id)
    assert {left.record_id for left in back.left} == set(gone)
    found = owners(crm)
    for key, pair in before.items():
        assert found[key] == (pair if key[1] not in gone else (ids[new_owner[key[1]]], after[key][1]))
    assert back.user.state == "active"


def worth(session: Any) -> dict[UUID, Decimal]:
    return {customer.id: Decimal(len(customer.name)) for customer in session.list(Customer)}


def fill(crm: Crm, ids: dict[str, UUID], customers: list[Any], belongings: list[Any]) -> list[Customer]:
    made = [
        Customer(name="X" * (number + 1), kind="organization", country=country, owner_id=ids[login])
        for number, (login, country) in enumerate(customers)
    ]
    with crm.session() as session:
        session.add(*made)
        for number, (what, login, places) in enumerate(belongings):
            about = list(dict.fromkeys(made[place % len(made)].id for place in places))
            if what == "segment":
                session.add(Segment(name=f"Segment {number}", owner_id=ids[login]))
            elif what == "asset":
                session.add(Asset(customer_id=(about or [made[0].id])[0], name="Pump", owner_id=ids[login]))
            else:
                call = Interaction(kind="call", status=what, occurred_at=AT, owner_id=ids[login])
                session.add(call)
                session.add(*[InteractionParticipant(interaction_id=call.id, customer_id=id) for id in about])
    return made


weights = st.lists(st.decimals(min_value=-5, max_value=1000, places=2), max_size=60)


@given(weights=weights, parts=st.integers(1, 6))
def test_no_two_parts_differ_by_more_than_the_heaviest(weights: list[Decimal], parts: int) -> None:
    found = split_evenly(weights, parts)
    assert len(found) == len(weights)
    assert set(found) <= set(range(parts))
    sums = [
        sum((max(w, Decimal(0)) for w, p in zip(weights, found, strict=True) if p == part), Decimal(0))
        for part in range(parts)
    ]
    assert max(sums) - min(sums) <= max([Decimal(0), *weights])


@given(count=st.integers(0, 100), parts=st.integers(1, 7), weight=st.sampled_from([Decimal(0), Decimal(1)]))
def test_equal_weights_go_round_in_turn(count: int, parts: int, weight: Decimal) -> None:
    found = split_evenly([weight] * count, parts)
    assert found == [number % parts for number in range(count)]
