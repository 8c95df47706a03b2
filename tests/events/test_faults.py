"""What happens to events when the disk is full, a hook hangs, or a process dies between two steps."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from crmkit.core.customer import Customer
from crmkit.core.errors import DatabaseUnavailable, StorageFull
from crmkit.core.journal import AuditEntry, Event
from crmkit.core.messages import msg
from crmkit.core.product import Product
from crmkit.core.values.clock import FixedClock
from crmkit.hooks.kinds import hookimpl
from crmkit.runtime import delivering, taking
from crmkit.runtime.crm import Crm
from crmkit.runtime.manifest import Manifest
from tests.conftest import OpenCrm
from tests.events.subscribers import Ledger, Publisher, people, positions, save, taken


@pytest.fixture
def in_file(tmp_path: Path, clock: FixedClock) -> Crm:
    return Crm.open(f"sqlite:///{tmp_path / 'full.db'}", plugins=[Ledger()], clock=clock)


def limit_pages(crm: Crm, spare: int | None) -> None:
    """Let the file grow by ``spare`` pages and no further; None takes the limit away again."""
    with crm.session() as s:
        pages = int(s.connection.exec_driver_sql("PRAGMA page_count").scalar() or 0)
        most = 1_073_741_823 if spare is None else pages + spare
        s.connection.exec_driver_sql(f"PRAGMA max_page_count = {most}")


def test_a_disk_that_is_full_while_an_event_is_written_leaves_nothing(in_file: Crm) -> None:
    crm = in_file
    save(crm, *people(2))
    limit_pages(crm, 0)
    with crm.session(reads=True) as s:
        before = [s.count(entity) for entity in (Customer, AuditEntry, Event)]
    with pytest.raises(StorageFull, match="the disk is full; nothing of this step was written"):
        save(crm, *(Customer(name=f"{'x' * 180}{number}", kind="person") for number in range(200)))
    with crm.session(reads=True) as s:
        assert [s.count(entity) for entity in (Customer, AuditEntry, Event)] == before
    limit_pages(crm, None)
    save(crm, *people(1))
    assert taken(crm) == positions(crm)
    assert crm.events.parked() == ()
    crm.close()


def test_a_disk_that_is_full_while_events_are_delivered_parks_nothing(
    open_crm: OpenCrm, monkeypatch: pytest.MonkeyPatch, core_url: str
) -> None:
    """The hook's own writes find the disk full: that says nothing against the event."""
    full = [True]

    class Writing(Ledger):
        @hookimpl
        def after_records_saved_committed(self, ctx: Any, call: Any) -> None:
            super().after_records_saved_committed(ctx, call)
            if full:
                raise StorageFull(msg("the disk is full; nothing of this step was written"))

    monkeypatch.setattr(delivering, "PAUSE", 0)
    crm = open_crm(Writing())
    save(crm, *people(3))
    assert (taken(crm), crm.events.parked()) == ([], ())
    full.clear()
    crm.drain()
    assert taken(crm) == positions(crm)


def test_a_disk_that_is_full_while_an_event_is_parked_parks_it_later(
    open_crm: OpenCrm, monkeypatch: pytest.MonkeyPatch
) -> None:
    everybody = people(3)
    crm = open_crm(Ledger(refuses=lambda event: event.record_id == everybody[1].id))

    def full(*_: Any) -> None:
        raise StorageFull(msg("the disk is full; nothing of this step was written"))

    monkeypatch.setattr(delivering, "PAUSE", 0)
    with monkeypatch.context() as patch:
        patch.setattr(delivering, "park", full)
        save(crm, *everybody)
        assert crm.events.parked() == ()
        assert crm.events.health().subscribers[0].lag >= 2
    crm.drain()
    (item,) = crm.events.parked()
    assert taken(crm) == [at for at in positions(crm) if at != item.position]


@pytest.mark.parametrize("step", ["park", "move", "remove_parked", "record_done"])
def test_a_process_that_dies_between_two_steps_loses_and_doubles_nothing(
    open_crm: OpenCrm, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Each step of a delivery fails once, as if the process had died there; another process goes on."""
    everybody = people(4)
    refused = [everybody[2].id]
    crm = open_crm(Ledger(refuses=lambda event: event.record_id in refused), Publisher(), check=True)

    class Died(BaseException):
        """No error that anything catches."""

    died: list[str] = []

    def once(module: Any, name: str) -> None:
        original = getattr(module, name, None)
        if original is None:
            return

        def dying(*arguments: Any, **named: Any) -> Any:
            result = original(*arguments, **named)
            if not died:
                died.append(name)
                raise Died
            return result

        monkeypatch.setattr(module, name, dying)

    once(delivering, step)
    once(taking, step)
    try:
        save(crm, *everybody)
        crm.drain()
    except Died:
        pass
    other = Publisher()
    crm = open_crm(Ledger(refuses=lambda event: event.record_id in refused), other, check=True)
    clock.advance(minutes=3)
    try:
        crm.drain()
        refused.clear()
        clock.advance(hours=1)
        crm.drain()
    except Died:
        clock.advance(hours=1)
        crm.drain()
    crm.drain()
    assert died == [step]
    assert sorted(taken(crm)) == positions(crm)
    assert crm.events.parked() == ()
    health = {one.subscriber: one.lag for one in crm.events.health().subscribers}
    assert health == {"ledger": 0, "publisher:events": 0}


def test_a_hook_that_hangs_is_seen_and_holds_nobody_else_up(open_crm: OpenCrm, clock: FixedClock) -> None:
    inside, go_on = threading.Event(), threading.Event()

    class Hanging:
        manifest = Manifest(name="hanging")

        @hookimpl
        def after_events_committed(self, ctx: Any, call: Any) -> None:
            inside.set()
            assert go_on.wait(30)

    ledger = Ledger()
    crm = open_crm(Hanging(), ledger, check=True)
    save(crm, *people(1))
    started = clock.now()
    worker = threading.Thread(target=crm.drain)
    worker.start()
    assert inside.wait(30)
    clock.advance(minutes=10)
    save(crm, *people(2))
    assert taken(crm) == positions(crm)
    (hanging,) = [one for one in crm.events.health().subscribers if one.plugin == "hanging"]
    assert (hanging.delivering_since, hanging.behind_since, hanging.lag_seconds) == (started, started, 600.0)
    go_on.set()
    worker.join(30)
    crm.drain()
    assert [one.lag for one in crm.events.health().subscribers] == [0, 0]


def test_a_hook_within_the_database_that_hangs_is_seen_in_its_process(open_crm: OpenCrm, clock: FixedClock) -> None:
    seen: list[Any] = []

    class Looking(Ledger):
        @hookimpl
        def after_records_saved_committed(self, ctx: Any, call: Any) -> None:
            super().after_records_saved_committed(ctx, call)
            seen.append(dict(crm._delivery.delivering))

    crm = open_crm(Looking())
    save(crm, *people(1))
    assert seen[0] == {"ledger": clock.now()}
    assert crm._delivery.delivering == {}


def test_events_of_many_slow_transactions_come_once_and_in_order(open_crm: OpenCrm, core_url: str) -> None:
    """Writers overlap, some roll back, and several processes deliver meanwhile: none is skipped, none comes twice."""
    ledgers = [Ledger(), Ledger()]
    workers = [open_crm(ledger, check=True) for ledger in ledgers]
    quiet, stop = open_crm(), threading.Event()

    def write(number: int) -> None:
        for turn in range(8):
            with quiet.session() as s:
                s.add(Product(sku=f"{number}.{turn}.a", name="first"))
                s.flush()
                s.add(Product(sku=f"{number}.{turn}.b", name="second"))
                if (number + turn) % 4 == 0:
                    s.rollback()

    def deliver(crm: Crm) -> None:
        while not stop.is_set():
            try:
                crm.drain()
            except DatabaseUnavailable:
                continue

    delivering_threads = [threading.Thread(target=deliver, args=(crm,)) for crm in workers]
    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in (*delivering_threads, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    for thread in delivering_threads:
        thread.join()
    for crm in workers:
        crm.drain()
    assert len(positions(quiet)) == 48
    assert taken(quiet) == positions(quiet)
    assert quiet.events.parked() == ()


def test_delivery_repeated_from_an_older_place_takes_effect_once(open_crm: OpenCrm) -> None:
    """A process that still holds events that another one has delivered is undone."""
    crm = open_crm(Ledger(), check=True)
    save(open_crm(), *people(3))
    deliverer = crm._delivery._deliverer
    old = deliverer._reader.waiting("ledger")
    crm.drain()
    line = taking.EventLine(crm, "ledger", "customer", old.events, False)
    with pytest.raises(taking.Elsewhere):
        taking.HookTaker(crm, "ledger", None).take(line, old.position, old.events, old.last)
    assert taken(crm) == positions(crm)
    with crm.database.connection(reads=True, tenant=crm.system.tenant_id) as connection:
        assert (
            connection.scalar(
                sa.select(sa.func.count())
                .select_from(crm.database.table("parked_events"))
                .where(crm.database.table("parked_events").c.tenant_id == crm.system.tenant_id)
            )
            == 0
        )
