"""Entries get their places in the chain: all of them, once, in order, whoever seals."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.entity import change
from crmkit.core.errors import AccessDenied, NotFound
from crmkit.core.values.clock import FixedClock
from crmkit.core.values.ids import new_id
from crmkit.runtime.crm import Crm
from crmkit.services.auditing.log import Sealing, entries, head, seal
from crmkit.services.auditing.verifying import verify
from crmkit.store.settling import settled_position
from crmkit.store.tenant_wall import EVERY_TENANT
from tests.audit.conftest import checked
from tests.conftest import OpenCrm
from tests.store.staff import make_staff


def add(crm: Crm, count: int) -> list[Customer]:
    made = [Customer(name=f"C{number}") for number in range(count)]
    with crm.session() as s:
        s.add(*made)
    return made


def places(crm: Crm) -> list[tuple[int, Any]]:
    table = crm.database.table("audit_links")
    statement = sa.select(table.c.sequence, table.c.entry_id).where(table.c.tenant_id == crm.system.tenant_id)
    with crm.database.connection(reads=True, tenant=EVERY_TENANT) as connection:
        return [(row[0], row[1]) for row in connection.execute(statement.order_by(table.c.sequence))]


def logged(crm: Crm) -> list[Any]:
    table = crm.database.tables["event"]
    statement = sa.select(table.c.id).where(table.c.tenant_id == crm.system.tenant_id).order_by(table.c.position)
    with crm.database.connection(reads=True, tenant=EVERY_TENANT) as connection:
        return list(connection.scalars(statement))


def test_an_empty_log_has_no_head_and_is_valid(crm: Crm) -> None:
    assert seal(crm, crm.system) == Sealing(0, None)
    assert checked(crm).valid
    with crm.session(reads=True) as s:
        assert head(s) is None


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7])
def test_all_entries_are_sealed_in_the_order_of_the_log(crm: Crm, count: int, small_batches: None) -> None:
    add(crm, count)
    assert checked(crm).waiting == count
    made = seal(crm, crm.system)
    assert made.sealed == count
    assert places(crm) == list(enumerate(logged(crm), 1))
    again = checked(crm)
    assert (again.valid, again.entries, again.seals, again.waiting, again.head) == (
        True,
        count,
        -(-count // 3),
        0,
        made.head,
    )


def test_sealing_goes_on_where_it_stopped(crm: Crm, clock: FixedClock, small_batches: None) -> None:
    first = add(crm, 4)
    before = seal(crm, crm.system)
    assert seal(crm, crm.system) == Sealing(0, before.head)
    with crm.session() as s:
        s.delete(s.get(Customer, first[0].id))
        s.add(ContactPoint(customer_id=first[1].id, kind="email", value="a@example.com"))
    after = seal(crm, crm.system)
    assert after.sealed == 2
    assert places(crm) == list(enumerate(logged(crm), 1))
    assert checked(crm).valid
    assert before.head is not None
    assert checked(crm, head=before.head).valid


def test_what_was_interrupted_is_gone_on_with(crm: Crm, small_batches: None) -> None:
    add(crm, 7)

    def stop(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        seal(crm, crm.system, on_progress=stop)
    assert len(places(crm)) == 3
    assert checked(crm).valid
    assert seal(crm, crm.system).sealed == 4
    assert checked(crm).valid


def test_progress_counts_what_is_sealed(crm: Crm, small_batches: None) -> None:
    add(crm, 7)
    told: list[int] = []
    seal(crm, crm.system, on_progress=told.append)
    assert told == [3, 6]
    checks: list[tuple[int, int]] = []
    with crm.session(reads=True) as s:
        verify(s, on_progress=lambda done, total: checks.append((done, total)))
    assert checks == [(3, 7), (6, 7)]


def test_tenants_have_chains_of_their_own(open_crm: OpenCrm, small_batches: None) -> None:
    one, two = open_crm(tenant=new_id().hex), open_crm(tenant=new_id().hex)
    for crm in (one, two, one):
        add(crm, 2)
    assert [seal(crm, crm.system).sealed for crm in (one, two)] == [4, 2]
    assert [checked(crm).entries for crm in (one, two)] == [4, 2]
    assert checked(one).valid
    assert checked(two).valid
    assert len({event for _, event in places(one) + places(two)}) == 6


def test_many_who_seal_and_write_at_once_make_one_chain(open_crm: OpenCrm, crm: Crm, small_batches: None) -> None:
    others = [open_crm(tenant=crm.tenant) for _ in range(3)]
    failures: list[BaseException] = []
    start = threading.Barrier(4)

    def work(own: Crm, writes: bool) -> None:
        try:
            start.wait()
            for _ in range(8):
                if writes:
                    add(own, 2)
                seal(own, own.system)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(own, at % 2 == 0)) for at, own in enumerate([crm, *others])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    seal(crm, crm.system)
    assert [place for place, _ in places(crm)] == list(range(1, 33))
    assert {entry for _, entry in places(crm)} == set(logged(crm))
    assert checked(crm).valid


@pytest.fixture
def two(core_postgres_url: str, clock: FixedClock) -> Iterator[tuple[Crm, Crm]]:
    """Two processes, as it were, on PostgreSQL: only there transactions that write overlap."""
    tenant = new_id().hex
    with (
        Crm.open(core_postgres_url, plugins=[], tenant=tenant, clock=clock) as one,
        Crm.open(core_postgres_url, plugins=[], tenant=tenant, clock=clock) as two,
    ):
        yield one, two


def test_nothing_is_sealed_past_a_transaction_that_still_writes(two: tuple[Crm, Crm]) -> None:
    crm, other = two
    with other.session() as early:
        early.add(Customer(name="early"))
        early.flush()
        add(crm, 1)
        waits: list[float] = []
        assert settled_position(crm.database, waits.append) is None
        assert sum(waits) == pytest.approx(1.0)
        held = seal(crm, crm.system)
        assert (held.sealed, held.held_up) == (0, True)
    assert seal(crm, crm.system).sealed == 2
    assert [entry for _, entry in places(crm)] == logged(crm)
    assert checked(crm).valid


def test_only_transactions_that_began_before_hold_sealing_up(two: tuple[Crm, Crm]) -> None:
    crm, other = two
    early, late = other.session(), other.session()
    early.add(Customer(name="early"))
    early.flush()

    def end_early(_: float) -> None:
        late.add(Customer(name="late"))
        late.flush()
        early.commit()

    assert settled_position(crm.database, end_early) is not None
    early.close()
    assert seal(crm, crm.system).held_up
    late.commit()
    late.close()
    assert seal(crm, crm.system).sealed == 2


def test_writing_knows_nothing_of_seals(crm: Crm, monkeypatch: pytest.MonkeyPatch) -> None:
    """The price of a chain is paid when it is sealed."""
    statements: list[str] = []
    with crm.session() as s:
        sa.event.listen(s.connection, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
        s.add(Customer(name="A"), Customer(name="B"))
    assert [text for text in statements if "audit_links" in text or "audit_seals" in text] == []


# -- what auditors see -------------------------------------------------------------------------------------------------


def test_entries_show_their_places(crm: Crm, clock: FixedClock, log: list[Customer]) -> None:
    with crm.session() as s:
        s.update(change(s.get(Customer, log[0].id), nickname="new"))
    with crm.session(reads=True) as s:
        newest, second, first = entries(s, Customer, log[0].id)
        assert (newest.sequence, newest.digest, newest.link) == (None, None, None)
        assert (first.sequence, second.sequence) == (1, 5)
        assert first.entry.delta["name"] == "C0"
        assert (len(first.digest or b""), len(second.link or b"")) == (32, 32)
        with pytest.raises(NotFound):
            entries(s, Customer, new_id())


def test_the_log_is_for_auditors(crm: Crm, log: list[Customer]) -> None:
    staff = make_staff(crm)
    anna = staff.actor("anna", ("customer", "*", "all"))
    with crm.session(anna, reads=True) as s:
        for ask in (lambda: verify(s), lambda: head(s), lambda: entries(s, Customer, log[0].id)):
            with pytest.raises(AccessDenied, match="anna may not read the audit log"):
                ask()
    with pytest.raises(AccessDenied):
        seal(crm, anna)
    auditor = staff.actor("ben", ("audit_entry", "read", "all"))
    with crm.session(auditor, reads=True) as s:
        assert verify(s).entries == 8
        assert len(entries(s, Customer, log[0].id)) == 2
