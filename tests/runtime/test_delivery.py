"""Notify hooks: called after the commit, from the event log, once each, whatever happens to other plugins."""

from __future__ import annotations

import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from crmkit.core.customer import Customer
from crmkit.core.entity import CustomField, change
from crmkit.core.errors import DatabaseUnavailable, ValidationFailed
from crmkit.core.grouping import Tag
from crmkit.core.interaction import Interaction
from crmkit.core.journal import AuditEntry, Event
from crmkit.core.messages import msg
from crmkit.core.product import Product
from crmkit.core.values.clock import FixedClock
from crmkit.core.values.money import Money
from crmkit.core.values.partial_date import PartialDate
from crmkit.hooks.causation import DEPTH_LIMIT
from crmkit.hooks.interactions import InteractionsLogged
from crmkit.hooks.kinds import hookimpl
from crmkit.hooks.records import RecordBatch
from crmkit.runtime import delivering
from crmkit.runtime.crm import Crm
from crmkit.runtime.delivering import ATTEMPTS
from crmkit.runtime.manifest import Manifest
from crmkit.store.parked_events import ParkedEvent
from crmkit.store.tenant_wall import EVERY_TENANT
from tests.conftest import OpenCrm


class Subscriber:
    """Notes what it is told of saved records, then does what it was given to do."""

    def __init__(self, name: str, work: Callable[[Any, RecordBatch], Any] | None = None) -> None:
        self.manifest = Manifest(name=name)
        self.batches: list[RecordBatch] = []
        self._work = work

    @hookimpl
    def after_records_saved_committed(self, ctx: Any, call: RecordBatch) -> None:
        self.batches.append(call)
        if self._work is not None:
            self._work(ctx, call)

    @property
    def told(self) -> list[tuple[str, list[str]]]:
        return [(call.entity, [c.after.name for c in call.changes]) for call in self.batches]


class Listener:
    """Notes which interactions were logged."""

    manifest = Manifest(name="listener")

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    @hookimpl
    def after_interactions_logged_committed(self, ctx: Any, call: InteractionsLogged) -> None:
        self.calls.append([interaction.subject for interaction in call.interactions])


def save(crm: Crm, *records: Any) -> None:
    with crm.session() as s:
        s.add(*records)


def parked(crm: Crm) -> list[ParkedEvent]:
    return crm._delivery.parked()


def parked_by(crm: Crm) -> list[tuple[str, int]]:
    return [(item.subscriber, item.attempts) for item in parked(crm)]


def cursor(crm: Crm, subscriber: str) -> int | None:
    table = crm.database.table("event_cursors")
    with crm.database.connection(reads=True, tenant=EVERY_TENANT) as connection:
        found: int | None = connection.scalar(
            sa.select(table.c.position).where(
                table.c.tenant_id == crm.system.tenant_id, table.c.subscriber == subscriber
            )
        )
    return found


def last_position(crm: Crm) -> int:
    with crm.session(reads=True) as s:
        return max((event.position for event in s.list(Event)), default=0)


# -- what is told -----------------------------------------------------------------------------------------------------


def test_a_commit_is_told_once_with_all_its_records(open_crm: OpenCrm) -> None:
    told = Subscriber("told")
    crm = open_crm(told)
    with crm.session() as s:
        s.add(Customer(name="a"), Customer(name="b"))
        s.flush()
        assert told.batches == []
        s.add(Customer(name="c"), Tag(name="t"))
        s.flush()
        assert told.batches == []
    assert sorted(told.told) == [("customer", ["a", "b", "c"]), ("tag", ["t"])]
    save(crm, Customer(name="d"))
    assert sorted(told.told)[1] == ("customer", ["d"])
    with crm.session(reads=True) as s:
        assert s.count(Customer) == 4
    assert crm.drain() == 0
    assert len(told.batches) == 3


def test_what_is_rolled_back_is_told_to_nobody(open_crm: OpenCrm) -> None:
    told = Subscriber("told")
    crm = open_crm(told)
    with crm.session() as s:
        s.add(Customer(name="a"))
        s.flush()
        s.rollback()
    with pytest.raises(ValidationFailed):
        save(crm, Customer(name=""))
    save(crm, Customer(name="b"))
    assert told.told == [("customer", ["b"])]


def test_interactions_are_told_when_they_are_logged_not_when_they_change(open_crm: OpenCrm) -> None:
    listener = Listener()
    crm = open_crm(listener)
    now = crm.clock.now()
    calls = [Interaction(kind="call", subject=str(n), occurred_at=now) for n in range(3)]
    save(crm, *calls, Customer(name="x"))
    with crm.session() as s:
        s.update(change(s.get(Interaction, calls[0].id), outcome="sold"))
    save(crm, Customer(name="y"))
    assert listener.calls == [["0", "1", "2"]]


def test_a_change_is_told_with_what_was_before(open_crm: OpenCrm) -> None:
    told = Subscriber("told")
    crm = open_crm(told, config={"custom_fields": [{"entity": "customer", "name": "limit", "type": "decimal"}]})
    anna = Customer(
        name="anna",
        birth_date=PartialDate(month=2, day=29),
        annual_revenue=Money(Decimal("1.5"), "EUR"),
        custom={"limit": Decimal("2.5")},
    )
    save(crm, anna)
    with crm.session() as s:
        first = s.get(Customer, anna.id)
        s.update(change(first, name="anne", birth_date=None, annual_revenue=Money(Decimal(2), "EUR")))
        s.flush()
        s.update(change(s.get(Customer, anna.id), name="hanna", custom={"limit": Decimal(3)}, industry="steel"))
    with crm.session() as s:
        s.delete(s.get(Customer, anna.id))
    created, updated, deleted = (call.changes[0] for call in told.batches)
    assert created.before is None
    assert (updated.before.name, updated.after.name) == ("anna", "hanna")
    for field in ("birth_date", "annual_revenue", "custom", "industry", "kind", "version"):
        assert getattr(updated.before, field) == getattr(anna, field), field
    assert updated.after.custom == {"limit": Decimal(3)}
    assert {name for name in ("name", "kind", "industry", "country") if updated.changed(name)} == {"name", "industry"}
    assert (updated.created, updated.deleted, deleted.deleted) == (False, False, True)
    assert deleted.before.deleted_at is None


def test_a_batch_comes_with_its_events_and_their_cause(open_crm: OpenCrm) -> None:
    told = Subscriber("told")
    crm = open_crm(told)
    anna = Customer(name="anna")
    save(crm, anna)
    (batch,) = told.batches
    (event,) = batch.events
    assert (event.type, event.record_id, event.depth) == ("customer.created", anna.id, 0)
    assert batch.cause.event_id == event.id
    assert batch.cause.depth == 1


# -- hooks that write -------------------------------------------------------------------------------------------------


def tag_customers(ctx: Any, call: RecordBatch) -> None:
    if call.entity == "customer":
        ctx.session.add(*(Tag(name=c.after.name) for c in call.changes if c.created))


def test_what_hooks_write_is_theirs_names_its_cause_and_is_told_in_turn(open_crm: OpenCrm) -> None:
    told = Subscriber("told")
    crm = open_crm(Subscriber("tagger", tag_customers), told)
    save(crm, Customer(name="a"), Customer(name="b"))
    assert sorted(told.told) == [("customer", ["a", "b"]), ("tag", ["a", "b"])]
    with crm.session(reads=True) as s:
        tags = s.list(Event, entity="tag")
        customers = {event.id for event in s.list(Event, entity="customer")}
        assert {(event.plugin, event.depth) for event in tags} == {("tagger", 1)}
        assert {event.cause_id for event in tags} <= customers
        assert {entry.plugin for entry in s.list(AuditEntry, entity="tag")} == {"tagger"}


def test_hooks_that_cause_each_other_for_ever_are_parked_with_the_cycle(open_crm: OpenCrm) -> None:
    def again(ctx: Any, call: RecordBatch) -> None:
        if call.entity == "customer":
            for c in call.changes:
                ctx.session.update(change(c.after, nickname=c.after.nickname + "x"))

    crm = open_crm(Subscriber("restless", again))
    anna = Customer(name="anna")
    save(crm, anna)
    (item,) = parked(crm)
    assert item.subscriber == "restless"
    assert "restless:customer.updated -> restless:customer.updated" in item.error
    with crm.session(reads=True) as s:
        assert s.get(Customer, anna.id).nickname == "x" * DEPTH_LIMIT
        assert max(event.depth for event in s.list(Event)) == DEPTH_LIMIT
    # The next change starts from the beginning: being parked once does not silence a plugin.
    save(crm, Tag(name="t"))
    assert cursor(crm, "restless") == last_position(crm)
    assert len(parked(crm)) == 1


def test_a_hook_may_ask_for_a_drain(open_crm: OpenCrm) -> None:
    asked: list[int] = []
    crm = open_crm(Subscriber("eager", lambda ctx, call: asked.append(crm.drain())))
    save(crm, Customer(name="a"))
    assert asked == [0]


# -- failures ---------------------------------------------------------------------------------------------------------


def fail(ctx: Any, call: RecordBatch) -> None:
    ctx.session.add(Tag(name="half done"))
    ctx.session.flush()
    raise KeyError("colour")


def test_a_failing_plugin_is_tried_again_then_parked_and_the_others_are_told(
    open_crm: OpenCrm, clock: FixedClock
) -> None:
    broken, first, last = Subscriber("broken", fail), Subscriber("a"), Subscriber("z")
    crm = open_crm(broken, first, last)
    save(crm, Customer(name="x"))
    assert len(broken.batches) == ATTEMPTS
    assert first.told == last.told == [("customer", ["x"])]
    (item,) = parked(crm)
    position = last_position(crm)
    assert (item.subscriber, item.attempts) == ("broken", ATTEMPTS)
    assert (item.position, item.state) == (position, "retrying")
    assert item.error == "plugin broken failed in hook after_records_saved_committed: KeyError: 'colour'"
    with crm.session(reads=True) as s:
        assert s.count(Tag) == 0
    save(crm, Customer(name="y"))
    assert parked_by(crm) == [("broken", ATTEMPTS)] * 2
    assert first.told[1:] == [("customer", ["y"])]


def test_a_plugin_that_recovers_is_told_once(open_crm: OpenCrm) -> None:
    attempts: list[int] = []

    def second_time(ctx: Any, call: RecordBatch) -> None:
        if call.entity == "customer":
            ctx.session.add(Tag(name="done"))
            attempts.append(1)
            if len(attempts) == 1:
                raise KeyError

    crm = open_crm(Subscriber("shaky", second_time))
    save(crm, Customer(name="x"))
    assert parked(crm) == []
    with crm.session(reads=True) as s:
        assert s.count(Tag) == 1


def test_a_hook_that_meets_a_busy_database_is_told_later_and_never_parked(
    open_crm: OpenCrm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "PAUSE", 0)
    busy = [True] * (ATTEMPTS + 1)

    def locked(ctx: Any, call: RecordBatch) -> None:
        if busy:
            busy.pop()
            raise DatabaseUnavailable(msg("the database is busy with conflicting work; try again"))

    patient, other = Subscriber("patient", locked), Subscriber("z")
    crm = open_crm(patient, other)
    save(crm, Customer(name="x"))
    assert len(patient.batches) == ATTEMPTS
    assert other.told == [("customer", ["x"])]
    save(crm, Customer(name="y"))
    assert patient.told[ATTEMPTS + 1 :] == [("customer", ["x", "y"])]
    assert parked(crm) == []
    assert cursor(crm, "patient") == last_position(crm)


def test_a_delivery_that_cannot_be_made_does_not_fail_the_commit(
    open_crm: OpenCrm, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    told = Subscriber("told")
    crm = open_crm(told)

    def gone(*_: Any) -> None:
        raise DatabaseUnavailable(msg("the database cannot be reached: {error}", error="gone"))

    with monkeypatch.context() as patch:
        patch.setattr(crm._delivery._deliverer._reader, "waiting", gone)
        save(crm, Customer(name="x"))
        with pytest.raises(DatabaseUnavailable):
            crm.drain()
    assert "wait for the next delivery" in caplog.text
    assert told.batches == []
    assert crm.drain() == 1
    assert told.told == [("customer", ["x"])]


def test_a_hook_does_not_end_the_transaction_that_delivers_to_it(open_crm: OpenCrm) -> None:
    def hasty(ctx: Any, call: RecordBatch) -> None:
        if call.entity == "customer":
            ctx.session.add(Tag(name="hasty"))
            ctx.session.commit()
            raise KeyError("colour")

    crm = open_crm(Subscriber("hasty", hasty))
    save(crm, Customer(name="x"))
    with crm.session(reads=True) as s:
        assert s.count(Tag) == 0
    assert parked_by(crm) == [("hasty", ATTEMPTS)]
    crm = open_crm(Subscriber("undoing", lambda ctx, call: ctx.session.rollback()), check=True)
    save(crm, Customer(name="y"))
    assert "does not roll back" in parked(crm)[-1].error


def test_what_a_hook_may_not_write_is_a_failure_of_the_hook(open_crm: OpenCrm) -> None:
    crm = open_crm(Subscriber("wrong", lambda ctx, call: ctx.session.add(Customer(name=""))))
    save(crm, Customer(name="x"))
    (item,) = parked(crm)
    assert "customer.name" in item.error


# -- places in the log ------------------------------------------------------------------------------------------------


def test_a_new_plugin_hears_nothing_of_the_past(open_crm: OpenCrm) -> None:
    save(open_crm(), Customer(name="old"))
    late = Subscriber("late")
    crm = open_crm(late, check=True)
    assert cursor(crm, "late") is not None
    assert crm.drain() == 0
    save(crm, Customer(name="new"))
    assert late.told == [("customer", ["new"])]


def test_a_plugin_that_was_away_hears_what_it_missed(open_crm: OpenCrm) -> None:
    away = Subscriber("away")
    first = open_crm(away, check=True)
    save(first, Customer(name="a"))
    save(open_crm(), Customer(name="missed"), Customer(name="too"))
    again = Subscriber("away")
    crm = open_crm(again, check=True)
    assert again.told == []
    crm.drain()
    assert again.told == [("customer", ["missed", "too"])]
    assert away.told == [("customer", ["a"])]


def test_a_plugin_registered_later_hears_from_then_on(open_crm: OpenCrm) -> None:
    crm = open_crm(check=True)
    save(crm, Customer(name="before"))
    late = Subscriber("late")
    crm.hooks.register(late, "late", "tests")
    save(crm, Customer(name="after"))
    assert late.told == [("customer", ["after"])]


def test_plugins_that_were_there_first_miss_nothing(open_crm: OpenCrm, sqlite_url: str) -> None:
    told = Subscriber("told")
    crm = open_crm(told, url=sqlite_url)
    save(crm, Customer(name="very first"))
    assert told.told == [("customer", ["very first"])]


# -- several at once --------------------------------------------------------------------------------------------------


def test_two_processes_that_deliver_have_one_effect(open_crm: OpenCrm) -> None:
    def count_up(ctx: Any, call: RecordBatch) -> None:
        if call.entity == "customer":
            ctx.session.add(*(Tag(name=str(c.after.id)) for c in call.changes))

    quiet = open_crm()
    workers = [open_crm(Subscriber("counting", count_up), check=True) for _ in range(2)]
    for _ in range(10):
        save(quiet, *(Customer(name="x") for _ in range(3)))
    threads = [threading.Thread(target=worker.drain) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with quiet.session(reads=True) as s:
        assert s.count(Tag) == 30
    assert parked(workers[0]) == []


def test_commits_of_many_threads_are_all_told_once(open_crm: OpenCrm) -> None:
    told = Subscriber("told")
    crm = open_crm(told, check=True)

    def work(worker: int) -> None:
        for number in range(10):
            save(crm, Customer(name=f"{worker}.{number}"))

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # The last to commit may have found another thread delivering, which takes its events along.
    crm.drain()
    heard = [name for _, names in told.told for name in names]
    assert sorted(heard) == sorted(f"{worker}.{number}" for worker in range(4) for number in range(10))


def test_who_commits_while_a_drain_is_ending_is_told_too(open_crm: OpenCrm, monkeypatch: pytest.MonkeyPatch) -> None:
    told = Subscriber("told")
    crm = open_crm(told)
    deliver, came = crm._delivery._deliverer.deliver, []

    def last_look(subscriber: str) -> bool:
        progress = deliver(subscriber)
        if not progress and not came:
            came.append(threading.Thread(target=save, args=(crm, Customer(name="late"))))
            came[0].start()
            came[0].join()
        return progress

    monkeypatch.setattr(crm._delivery._deliverer, "deliver", last_look)
    crm.drain()
    assert told.told == [("customer", ["late"])]


def test_events_of_a_slow_transaction_are_not_skipped(open_crm: OpenCrm, core_url: str) -> None:
    told = Subscriber("told")
    crm = open_crm(told, check=True)
    save(crm, Product(sku="0", name="first"))
    if core_url.startswith("sqlite"):
        save(crm, Product(sku="1", name="slow"), Product(sku="2", name="quick"))
    else:
        with crm.session() as slow:
            slow.add(Product(sku="1", name="slow"))
            slow.flush()
            # Counted later and committed earlier: to be told after the slow one, never instead of it.
            save(crm, Product(sku="2", name="quick"))
            assert told.told == [("product", ["first"])]
    heard = [name for _, names in told.told for name in names]
    assert heard == ["first", "slow", "quick"]


def test_places_that_were_rolled_back_hold_nothing_up(open_crm: OpenCrm) -> None:
    told = Subscriber("told")
    crm = open_crm(told, check=True)
    for number in range(3):
        with crm.session() as s:
            s.add(Product(sku=f"r{number}", name="rolled back"))
            s.flush()
            s.rollback()
        save(crm, Product(sku=str(number), name=str(number)))
    assert [names for _, names in told.told] == [["0"], ["1"], ["2"]]


def test_a_slow_transaction_holds_up_no_event_that_it_cannot_precede(open_crm: OpenCrm, core_url: str) -> None:
    told = Subscriber("told")
    crm = open_crm(told, check=True)
    if core_url.startswith("sqlite"):
        save(crm, Product(sku="1", name="quick"))
    else:
        with crm.session() as other:
            # A place that is free for ever, and a writer that began before the next ones.
            other.add(Product(sku="x", name="x"))
            other.flush()
            other.rollback()
            other.add(Product(sku="late", name="late"))
            save(crm, Product(sku="1", name="quick"))
            other.rollback()
    assert told.told == [("product", ["quick"])]


def test_a_custom_field_of_a_plugin_is_told_with_its_type(open_crm: OpenCrm) -> None:
    class Extending(Subscriber):
        @hookimpl
        def register_custom_fields(self, ctx: Any, call: Any) -> list[CustomField]:
            return [CustomField(entity="customer", name="limit", type="decimal")]

    extending = Extending("extending")
    crm = open_crm(extending)
    save(crm, Customer(name="a", custom={"limit": Decimal("1.25")}))
    assert extending.batches[0].changes[0].after.custom == {"limit": Decimal("1.25")}
