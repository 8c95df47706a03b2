"""Subscribers that do something elsewhere: outside of transactions, at least once, in order, by event id."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.errors import StorageFull, TryLater
from crmkit.core.grouping import Tag
from crmkit.core.journal import Event
from crmkit.core.messages import msg
from crmkit.core.values.clock import FixedClock
from crmkit.hooks.kinds import hookimpl
from crmkit.runtime.delivering import FIRST_REST, LEASE
from crmkit.runtime.manifest import Manifest
from crmkit.runtime.taking import OutsideTaker
from tests.conftest import OpenCrm
from tests.events.subscribers import Ledger, Publisher, people, positions, save


def sent(publisher: Publisher) -> list[int]:
    return [event.position for event in publisher.sent]


def away(event: Event) -> Exception:
    return TryLater(msg("the broker is away"))


def test_whoever_commits_does_not_wait_for_it_and_a_drain_serves_it(open_crm: OpenCrm) -> None:
    publisher = Publisher()
    crm = open_crm(publisher, check=True)
    save(crm, *people(3))
    assert publisher.calls == []
    assert crm.drain() == 1
    assert sent(publisher) == positions(crm)
    assert crm.drain() == 0
    assert len(publisher.calls) == 1


def test_it_gets_cloud_events_with_the_customers_they_are_about(open_crm: OpenCrm) -> None:
    publisher = Publisher()
    crm = open_crm(publisher, check=True)
    anna = Customer(name="Anna", kind="person")
    save(crm, anna, Tag(name="vip"))
    save(crm, ContactPoint(customer_id=anna.id, kind="email", value="anna@example.com"))
    crm.drain()
    (call,) = publisher.calls
    documents = {document["data"]["entity"]: document for document in call.documents()}
    mail, event = documents["contact_point"], next(e for e in call.events if e.entity == "contact_point")
    assert mail == {
        "specversion": "1.0",
        "id": str(event.id),
        "source": f"/crmkit/{crm.tenant}",
        "type": "contact_point.created",
        "subject": str(event.record_id),
        "time": event.occurred_at.isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "sequence": str(event.position),
        "partitionkey": str(anna.id),
        "data": {"entity": "contact_point", "record_id": str(event.record_id), "customers": [str(anna.id)]},
    }
    assert documents["customer"]["partitionkey"] == str(anna.id)
    tag = documents["tag"]
    assert (tag["partitionkey"], tag["data"]["customers"]) == (tag["subject"], [])
    with crm.session(reads=True) as s:
        assert s.count(Event) == len(call.events) == 3


def test_no_transaction_is_open_while_it_works(open_crm: OpenCrm) -> None:
    """Another session writes meanwhile: on SQLite it would wait for the one writer there is."""

    class Slow(Publisher):
        @hookimpl
        def after_events_committed(self, ctx: Any, call: Any) -> None:
            if not self.calls:
                writer = threading.Thread(target=save, args=(crm, Tag(name="meanwhile")))
                writer.start()
                writer.join(20)
                assert not writer.is_alive()
            super().after_events_committed(ctx, call)

    slow = Slow("slow")
    crm = open_crm(slow, check=True)
    save(crm, *people(1))
    crm.drain()
    assert [event.entity for event in slow.sent] == ["customer", "tag"]
    assert crm.events.parked() == ()


def test_a_plugin_may_have_hooks_of_both_kinds_each_with_its_place(open_crm: OpenCrm) -> None:
    class Both(Publisher, Ledger):
        def __init__(self) -> None:
            Ledger.__init__(self, "both")
            Publisher.__init__(self, "both", lambda event: ValueError("no"))

        @hookimpl
        def after_records_saved_committed(self, ctx: Any, call: Any) -> None:
            self.told = [*getattr(self, "told", []), *call.events]

    both = Both()
    crm = open_crm(both, check=True)
    save(crm, *people(2))
    crm.drain()
    assert [event.position for event in both.told] == positions(crm)
    assert [item.subscriber for item in crm.events.parked()] == ["both:events"] * 2


def test_what_is_away_is_asked_again_later_in_order_and_nothing_is_parked(open_crm: OpenCrm, clock: FixedClock) -> None:
    publisher, ledger = Publisher(refuses=away), Ledger()
    crm = open_crm(publisher, ledger, check=True)
    save(crm, *people(3))
    crm.drain()
    (health,) = [one for one in crm.events.health().subscribers if one.kind == "outside"]
    assert (health.lag, health.parked, health.resting_until) == (len(positions(crm)) * 2, 0, clock.now() + FIRST_REST)
    assert health.error == "the broker is away"
    asked = len(publisher.calls)
    crm.drain()
    assert len(publisher.calls) == asked
    pauses = []
    for _ in range(8):
        (health,) = [one for one in crm.events.health().subscribers if one.kind == "outside"]
        assert health.resting_until is not None
        pauses.append((health.resting_until - clock.now()).total_seconds())
        clock.set(health.resting_until)
        save(crm, *people(1))
        crm.drain()
    assert pauses == [5, 10, 20, 40, 80, 160, 300, 300]
    publisher.refuses = lambda event: None
    clock.advance(minutes=5)
    crm.drain()
    with crm.session(reads=True) as s:
        assert sent(publisher) == sorted(event.position for event in s.list(Event))
    (health,) = [one for one in crm.events.health().subscribers if one.kind == "outside"]
    assert (health.lag, health.resting_until, health.error) == (0, None, "")


def test_what_succeeded_before_an_error_is_not_repeated(open_crm: OpenCrm, clock: FixedClock) -> None:
    everybody = people(20)
    publisher = Publisher(refuses=lambda event: ValueError("no") if event.record_id == everybody[13].id else None)
    crm = open_crm(publisher, check=True)
    save(crm, *everybody)
    crm.drain()
    (item,) = crm.events.parked()
    assert item.record_id == everybody[13].id
    assert sorted(sent(publisher)) == [at for at in positions(crm) if at != item.position]
    publisher.refuses = lambda event: None
    clock.advance(minutes=1)
    assert crm.drain() == 1
    assert sorted(sent(publisher)) == positions(crm)


def test_a_customers_later_events_wait_behind_a_parked_one(open_crm: OpenCrm, clock: FixedClock) -> None:
    anna, bo = people(2)
    publisher = Publisher(refuses=lambda event: ValueError("no") if event.record_id == anna.id else None)
    crm = open_crm(publisher, check=True)
    save(crm, anna, bo)
    crm.drain()
    save(crm, *(ContactPoint(customer_id=one.id, kind="phone", value="+49 30 1234567") for one in (anna, bo)))
    crm.drain()
    with crm.session(reads=True) as s:
        (annas,) = [
            e.position
            for e in s.list(Event)
            if e.record_id in {p.id for p in s.list(ContactPoint, customer_id=anna.id)}
        ]
    assert [(item.position, item.state) for item in crm.events.parked()] == [
        (positions(crm)[0], "retrying"),
        (annas, "waiting"),
    ]
    publisher.refuses = lambda event: None
    clock.advance(minutes=1)
    crm.drain()
    assert sent(publisher)[-2:] == [positions(crm)[0], annas]


def test_what_was_done_but_not_recorded_is_done_again(open_crm: OpenCrm, monkeypatch: pytest.MonkeyPatch) -> None:
    publisher = Publisher()
    crm = open_crm(publisher, check=True)
    save(crm, *people(2))

    def full(*_: Any) -> None:
        raise StorageFull(msg("the disk is full; nothing of this step was written"))

    monkeypatch.setattr("crmkit.runtime.delivering.PAUSE", 0)
    with monkeypatch.context() as patch:
        patch.setattr(OutsideTaker, "_record", full)
        crm.drain()
    assert crm.events.parked() == ()
    crm.drain()
    times = {at: sent(publisher).count(at) for at in positions(crm)}
    assert set(times) == set(positions(crm))
    assert all(count > 1 for count in times.values())
    assert crm.drain() == 0


def test_two_processes_do_not_do_the_same(open_crm: OpenCrm, clock: FixedClock) -> None:
    inside, go_on = threading.Event(), threading.Event()

    class Slow(Publisher):
        @hookimpl
        def after_events_committed(self, ctx: Any, call: Any) -> None:
            inside.set()
            assert go_on.wait(20)
            super().after_events_committed(ctx, call)

    slow, quick = Slow("publisher"), Publisher("publisher")
    one, other = open_crm(slow, check=True), open_crm(quick, check=True)
    save(one, *people(2))
    worker = threading.Thread(target=one.drain)
    worker.start()
    assert inside.wait(20)
    assert other.drain() == 0
    (health,) = other.events.health().subscribers
    assert (health.delivering_since, health.lag) == (clock.now(), 2)
    # One that hangs for longer than its lease is left behind.
    clock.set(clock.now() + LEASE)
    assert other.drain() == 1
    go_on.set()
    worker.join(20)
    assert sent(quick) == positions(one)
    assert other.drain() == one.drain() == 0
    assert other.events.parked() == ()


def test_events_that_are_ignored_are_not_recorded(open_crm: OpenCrm) -> None:
    class Choosy:
        manifest = Manifest(name="choosy")

        @hookimpl
        def after_events_committed(self, ctx: Any, call: Any) -> None:
            call.ignore(*(event for event in call.events if event.entity != "tag"))

    crm = open_crm(Choosy(), check=True)
    save(crm, *people(2), Tag(name="t"))
    crm.drain()
    table = crm.database.table("event_deliveries")
    with crm.database.connection(reads=True, tenant=crm.system.tenant_id) as connection:
        done = connection.execute(table.select().where(table.c.tenant_id == crm.system.tenant_id)).all()
    assert len(done) == 1
    assert crm.events.health().subscribers[0].lag == 0


def test_its_session_reads_and_does_not_write(open_crm: OpenCrm) -> None:
    class Writing:
        manifest = Manifest(name="writing")

        @hookimpl
        def after_events_committed(self, ctx: Any, call: Any) -> None:
            assert ctx.session.count(Customer) == 1
            ctx.session.add(Tag(name="no"))
            ctx.session.flush()

    crm = open_crm(Writing(), check=True)
    save(crm, *people(1))
    crm.drain()
    (item,) = crm.events.parked()
    assert "this session only reads" in item.error
