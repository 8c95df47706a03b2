"""What a subscriber cannot take is parked alone; its customer's later events wait, everybody else's go on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmkit.core.consent import Consent
from crmkit.core.customer import ContactPoint, Customer, CustomerRelation, RelationType
from crmkit.core.entity import change
from crmkit.core.errors import NotFound
from crmkit.core.grouping import Tag
from crmkit.core.interaction import Interaction, InteractionLine, InteractionParticipant
from crmkit.core.journal import Event
from crmkit.core.product import Product
from crmkit.core.values.clock import FixedClock
from crmkit.hooks.kinds import hookimpl
from crmkit.runtime.crm import Crm
from crmkit.runtime.delivering import ATTEMPTS, FIRST_REST, FIRST_RETRY, LONGEST_RETRY, RETRIES, STUCK
from crmkit.store.ordering_keys import ordering_keys
from tests.conftest import OpenCrm
from tests.events.subscribers import Ledger, deliveries, people, positions, save, taken


def of(*ids: UUID) -> Callable[[Event], bool]:
    """Return what refuses the events of these records."""
    return lambda event: event.record_id in ids


def states(crm: Crm) -> list[tuple[int, str]]:
    return [(item.position, item.state) for item in crm.events.parked()]


# -- alone ------------------------------------------------------------------------------------------------------------


def test_a_poison_event_is_parked_alone_and_its_batch_goes_on(open_crm: OpenCrm, clock: FixedClock) -> None:
    everybody = people(50)
    ledger, other = Ledger(refuses=of(everybody[17].id)), Ledger("other")
    crm = open_crm(ledger, other)
    save(crm, *everybody)
    (item,) = crm.events.parked()
    poison, *_ = positions(crm, record_id=everybody[17].id)
    assert taken(crm) == [at for at in positions(crm) if at != poison]
    assert taken(crm, "other") == positions(crm)
    assert (item.subscriber, item.position, item.record_id) == ("ledger", poison, everybody[17].id)
    assert (item.state, item.attempts, item.type, item.entity) == ("retrying", ATTEMPTS, "customer.created", "customer")
    assert item.error.endswith(f"ValueError: cannot take customer.created at {poison}")
    assert (item.parked_at, item.tried_at, item.next_attempt_at) == (
        clock.now(),
        clock.now(),
        clock.now() + FIRST_RETRY,
    )
    assert item.keys == {everybody[17].id}
    # Halving a batch takes some calls, not one for each event.
    assert ledger.calls < 20


def test_several_poison_events_in_one_batch_are_parked_one_by_one(open_crm: OpenCrm) -> None:
    everybody = people(40)
    poisoned = [everybody[number].id for number in (0, 7, 8, 39)]
    crm = open_crm(Ledger(refuses=of(*poisoned)))
    save(crm, *everybody)
    assert [item.record_id for item in crm.events.parked()] == poisoned
    assert len(taken(crm)) == 36


def test_what_a_plugin_caused_is_parked_with_its_cause(open_crm: OpenCrm) -> None:
    class Naming:
        @hookimpl(entities=("customer",))
        def after_records_saved_committed(self, ctx: Any, call: Any) -> None:
            for item in call.changes:
                if not item.after.nickname:
                    ctx.session.update(change(item.after, nickname="Bo"))

    crm = open_crm(Naming(), Ledger(refuses=lambda event: event.type == "customer.updated"))
    save(crm, *people(1))
    (item,) = crm.events.parked()
    with crm.session(reads=True) as s:
        (created,) = s.list(Event, type="customer.created")
    assert (item.type, item.cause_id) == ("customer.updated", created.id)


# -- order ------------------------------------------------------------------------------------------------------------


def test_later_events_of_the_customer_wait_and_others_go_on(open_crm: OpenCrm, clock: FixedClock) -> None:
    anna, bo = people(2)
    ledger = Ledger(refuses=of(anna.id))
    crm = open_crm(ledger)
    save(crm, anna, bo)
    save(crm, ContactPoint(customer_id=anna.id, kind="email", value="anna@example.com"))
    save(crm, ContactPoint(customer_id=bo.id, kind="email", value="bo@example.com"))
    call = Interaction(kind="call", subject="both", occurred_at=clock.now())
    save(crm, call, *(InteractionParticipant(interaction_id=call.id, customer_id=one.id) for one in (anna, bo)))
    save(crm, Product(sku="1", name="Pump"))
    created, of_bo, annas, bos, *rest = positions(crm)
    *calls, product = rest
    assert states(crm) == [(created, "retrying"), *((at, "waiting") for at in (annas, *calls))]
    assert [item.behind for item in crm.events.parked()][1:] == [created, created, created, calls[0]]
    assert taken(crm) == [of_bo, bos, product]
    # A call with both of them waits, so what follows of Bo does as well.
    with crm.session() as s:
        s.update(change(s.get(Customer, bo.id), nickname="B"))
    assert states(crm)[-1] == (positions(crm)[-1], "waiting")
    ledger.refuses = lambda event: False
    clock.advance(minutes=1)
    crm.drain()
    assert crm.events.parked() == ()
    assert taken(crm)[3:] == [created, annas, *calls, positions(crm)[-1]]


def test_an_order_by_record_or_none_is_the_plugins_choice(open_crm: OpenCrm) -> None:
    anna, bo = people(2)
    ledgers = [Ledger(order, of(anna.id), event_order=order) for order in ("customer", "record", "none")]
    crm = open_crm(*ledgers)
    save(crm, anna, bo)
    save(crm, ContactPoint(customer_id=anna.id, kind="email", value="anna@example.com"))
    for ledger in ledgers:
        ledger.refuses = lambda event: False
    with crm.session() as s:
        s.update(change(s.get(Customer, anna.id), nickname="A"))
    created, of_bo, mail, updated = positions(crm)
    assert [(item.subscriber, item.position) for item in crm.events.parked()] == [
        ("customer", created),
        ("customer", mail),
        ("customer", updated),
        ("none", created),
        ("record", created),
        ("record", updated),
    ]
    assert taken(crm, "customer") == [of_bo]
    assert taken(crm, "record") == [of_bo, mail]
    assert taken(crm, "none") == [of_bo, mail, updated]


def test_the_customers_of_events(crm: Crm, clock: FixedClock) -> None:
    anna, firm = Customer(name="Anna", kind="person"), Customer(name="Firm", kind="organization")
    save(crm, anna, firm, Product(sku="1", name="Pump"))
    with crm.session() as s:
        s.add(ContactPoint(customer_id=anna.id, kind="email", value="anna@example.com"))
        s.add(Consent(customer_id=anna.id, purpose="news", decision="granted", effective_at=clock.now()))
        s.add(CustomerRelation(from_id=anna.id, to_id=firm.id, type="employed_by"))
        order = Interaction(kind="purchase", subject="Order", occurred_at=clock.now())
        s.add(order, InteractionParticipant(interaction_id=order.id, customer_id=firm.id))
        s.add(InteractionLine(interaction_id=order.id, position=1, description="Pump"))
    with crm.session() as s:
        services = crm.services_for(s)
        services.add_tags([anna.id], ["vip"])
    with crm.session(reads=True) as s:
        events = s.list(Event)
        keys = ordering_keys(s.connection, crm.database, s.actor.tenant_id, events)
        by_entity: dict[str, set[frozenset[UUID]]] = {}
        for event in events:
            by_entity.setdefault(event.entity, set()).add(keys[event.position])
        own = {event.entity: frozenset((event.record_id,)) for event in events}
    both = frozenset((anna.id, firm.id))
    assert by_entity["contact_point"] == by_entity["consent"] == {frozenset((anna.id,))}
    assert by_entity["customer_relation"] == {both}
    assert by_entity["interaction"] == by_entity["interaction_line"] == {frozenset((firm.id,))}
    assert by_entity["interaction_participant"] == {frozenset((firm.id,))}
    assert by_entity["tagging"] == {frozenset((anna.id,))}
    assert by_entity["product"] == {own["product"]}
    assert by_entity["customer"] == {frozenset((anna.id,)), frozenset((firm.id,))}


# -- trying again -----------------------------------------------------------------------------------------------------


def test_a_parked_event_is_tried_again_with_growing_pauses_and_then_given_up(
    open_crm: OpenCrm, clock: FixedClock
) -> None:
    (anna,) = people(1)
    ledger = Ledger(refuses=of(anna.id))
    crm = open_crm(ledger)
    save(crm, anna)
    pauses: list[timedelta] = []
    for _ in range(RETRIES):
        (item,) = crm.events.parked()
        assert item.next_attempt_at is not None
        pauses.append(item.next_attempt_at - clock.now())
        calls = ledger.calls
        clock.set(item.next_attempt_at - timedelta(microseconds=1))
        crm.drain()
        assert ledger.calls == calls
        clock.set(item.next_attempt_at)
        crm.drain()
        assert ledger.calls == calls + 1
    assert pauses == [timedelta(minutes=1), *(min(timedelta(minutes=4**n), LONGEST_RETRY) for n in range(1, RETRIES))]
    (item,) = crm.events.parked()
    assert (item.state, item.attempts, item.next_attempt_at) == ("failed", ATTEMPTS + RETRIES, None)
    clock.advance(days=365)
    calls = ledger.calls
    crm.drain()
    assert ledger.calls == calls


def test_what_waits_for_a_lost_event_waits_until_somebody_decides(open_crm: OpenCrm, clock: FixedClock) -> None:
    anna, bo = people(2)
    ledger = Ledger(refuses=of(anna.id))
    crm = open_crm(ledger)
    save(crm, anna, bo)
    save(crm, ContactPoint(customer_id=anna.id, kind="email", value="anna@example.com"))
    for _ in range(RETRIES):
        clock.advance(days=1)
        crm.drain()
    created, of_bo, mail = positions(crm)
    assert states(crm) == [(created, "failed"), (mail, "waiting")]
    # By hand it is tried once; when it fails, it stays given up.
    assert crm.events.retry("ledger") == 0
    assert states(crm) == [(created, "failed"), (mail, "waiting")]
    assert crm.events.discard("ledger", [created]) == 1
    assert crm.events.parked() == ()
    assert taken(crm) == [of_bo, mail]


def test_retrying_delivers_a_customer_in_order(open_crm: OpenCrm) -> None:
    everybody = people(4)
    ledger = Ledger(refuses=of(everybody[0].id, everybody[2].id))
    crm = open_crm(ledger)
    save(crm, *everybody)
    for number in range(3):
        save(
            crm,
            *(
                ContactPoint(customer_id=one.id, kind="phone", value=f"+4930100{number}{at}")
                for at, one in enumerate(everybody)
            ),
        )
    before = len(crm.events.parked())
    assert before == 8
    ledger.refuses = of(everybody[0].id)
    first = crm.events.parked()[0].position
    assert crm.events.retry("ledger", [first]) == 0
    assert crm.events.retry("ledger") == 4
    ledger.refuses = lambda event: False
    assert crm.events.retry("ledger", [first]) == 4
    assert sorted(taken(crm)) == positions(crm)
    with crm.session(reads=True) as s:
        keys = {
            e.position: k
            for e in s.list(Event)
            for k in ordering_keys(s.connection, crm.database, s.actor.tenant_id, [e])[e.position]
        }
    for one in everybody:
        mine = [at for at in taken(crm) if keys[at] == one.id]
        assert mine == sorted(mine)


def test_a_subscriber_that_fails_at_everything_rests_instead_of_parking_everything(
    open_crm: OpenCrm, clock: FixedClock
) -> None:
    ledger, other = Ledger(refuses=lambda event: True), Ledger("other")
    crm = open_crm(ledger, other)
    everybody = people(STUCK + 50)
    save(crm, *everybody)
    (health,) = [one for one in crm.events.health().subscribers if one.plugin == "ledger"]
    assert (health.parked, health.resting_until) == (STUCK, clock.now() + FIRST_REST)
    assert health.error.startswith("100 events in a row failed, the last: plugin ledger failed in hook")
    assert len(taken(crm, "other")) == STUCK + 50
    # It goes on, one event at a time and with growing rests, so nobody's event waits for ever behind others'.
    for more, pause in ((1, 10), (2, 20)):
        clock.set(health.resting_until)
        crm.drain()
        (health,) = [one for one in crm.events.health().subscribers if one.plugin == "ledger"]
        assert health.parked == STUCK + more
        assert health.resting_until is not None
        assert (health.resting_until - clock.now()).total_seconds() == pause
    ledger.refuses = lambda event: False
    clock.advance(minutes=5)
    crm.drain()
    crm.drain()
    assert crm.events.parked() == ()
    assert sorted(taken(crm)) == positions(crm)


def test_what_is_not_parked_cannot_be_steered(open_crm: OpenCrm) -> None:
    crm = open_crm(Ledger(), check=True)
    with pytest.raises(NotFound, match="nothing is parked for ledger at position 7"):
        crm.events.discard("ledger", [7])
    with pytest.raises(NotFound, match="nothing is parked for ledger at position 7"):
        crm.events.retry("ledger", [7])
    with pytest.raises(NotFound, match=r"no subscriber ledgr; did you mean ledger\?"):
        crm.events.retry("ledgr")


STEPS = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(["mail", "name", "both"]), st.integers(0, 5)), min_size=1, max_size=12
)


@given(steps=STEPS, together=st.booleans())
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=settings.default.max_examples // 12,
)
def test_whatever_fails_each_event_takes_effect_once_and_in_its_customers_order(
    core_url: str, clock: FixedClock, steps: list[tuple[int, str, int]], together: bool
) -> None:
    """Each event fails as often as drawn; time goes on until all is taken."""
    failures: dict[int, int] = {}
    ledger = Ledger()
    everybody = people(4)
    planned: list[int] = [fails for _, _, fails in steps]

    def refuses(event: Event) -> bool:
        if event.position not in failures:
            failures[event.position] = planned.pop(0) if planned else 0
        failures[event.position] -= 1
        return failures[event.position] >= 0

    def act(s: Any, who: int, what: str) -> None:
        one = everybody[who]
        if what == "mail":
            s.add(ContactPoint(customer_id=one.id, kind="email", value=f"{uuid4().hex}@example.com"))
        elif what == "name":
            s.update(change(s.get(Customer, one.id), nickname=uuid4().hex[:8]))
        else:
            call = Interaction(kind="call", subject="both", occurred_at=clock.now())
            parties = (one, everybody[(who + 1) % 4])
            s.add(call, *(InteractionParticipant(interaction_id=call.id, customer_id=party.id) for party in parties))

    with Crm.open(core_url, plugins=[ledger], tenant=uuid4().hex, clock=clock, check=False) as crm:
        ledger.refuses = lambda event: False
        save(crm, *everybody)
        ledger.refuses = refuses
        if together:
            with crm.session() as s:
                for who, what, _ in steps:
                    act(s, who, what)
                    s.flush()
        else:
            for who, what, _ in steps:
                with crm.session() as s:
                    act(s, who, what)
        for _ in range(30):
            if not crm.events.parked():
                break
            clock.advance(days=1)
            crm.drain()
        assert crm.events.parked() == ()
        assert sorted(taken(crm)) == positions(crm)
        with crm.session(reads=True) as s:
            keys = ordering_keys(s.connection, crm.database, s.actor.tenant_id, s.list(Event))
        for one in everybody:
            # Within a delivery, calls are by entity; from one to the next, a customer's events are in their order.
            mine = [[at for at in together if one.id in keys[at]] for together in deliveries(crm)]
            assert [at for together in mine for at in sorted(together)] == sorted(
                at for together in mine for at in together
            )


def test_tags_are_no_customers(crm: Crm) -> None:
    save(crm, Tag(name="t"), RelationType(name="knows", inverse="known by"))
    with crm.session(reads=True) as s:
        events = s.list(Event)
        keys = ordering_keys(s.connection, crm.database, s.actor.tenant_id, events)
    assert all(keys[event.position] == {event.record_id} for event in events)
