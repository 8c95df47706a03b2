"""A transaction that sessions of several actors share: one commit, and what fails undoes nothing of the others."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
import sqlalchemy as sa

from crmkit.core.customer import Customer
from crmkit.core.entity import Part, change
from crmkit.core.errors import AccessDenied, Refused, ValidationFailed
from crmkit.core.journal import AuditEntry, Event
from crmkit.core.messages import msg
from crmkit.core.product import Product
from crmkit.core.staff import Role, User
from crmkit.hooks.kinds import hookimpl
from crmkit.hooks.records import RecordBatch
from crmkit.runtime import shared_transaction
from crmkit.runtime.crm import Crm
from crmkit.runtime.manifest import Manifest
from crmkit.runtime.shared_transaction import AllUndone, SharedTransaction
from crmkit.store.faults import UniqueViolation
from crmkit.store.locking import locked
from crmkit.store.refusals import refusals_of
from crmkit.store.savepoints import as_a_whole, attempt
from crmkit.store.tenant_wall import EVERY_TENANT
from tests.conftest import OpenCrm

Work = Callable[[Any], object]


def customer(name: str) -> Customer:
    return Customer(name=name, kind="organization")


def product(sku: str) -> Product:
    return Product(sku=sku, name=sku)


def add(*records: Part) -> Work:
    return lambda s: s.add(*records)


def names(crm: Crm) -> list[str]:
    with crm.session(reads=True) as s:
        return [one.name for one in s.list(Customer, order="name")]


def skus(crm: Crm) -> list[str]:
    with crm.session(reads=True) as s:
        return [one.sku for one in s.list(Product, order="sku")]


def together(crm: Crm) -> SharedTransaction:
    return crm.together(crm.system.tenant_id)


def share(crm: Crm, *works: Work) -> list[Exception]:
    """Do each work in a session of its own, all in one transaction; returns the errors of those that failed."""
    errors: list[Exception] = []
    shared = together(crm)
    with shared:
        for work in works:
            try:
                with shared.session(crm.system) as s:
                    work(s)
            except Exception as error:
                errors.append(error)
    shared.follow()
    return errors


def test_sessions_share_a_commit_and_leave_what_each_would(crm: Crm) -> None:
    shared = together(crm)
    with shared:
        for name in ("Kestrel", "Merlin"):
            with shared.session(crm.system) as s:
                made = customer(name)
                s.add(made)
                s.flush()
                assert s.get(Customer, made.id).version == 1
    shared.follow()
    assert names(crm) == ["Kestrel", "Merlin"]
    with crm.session(reads=True) as s:
        for one in s.list(Customer):
            assert s.count(AuditEntry, record_id=one.id) == s.count(Event, record_id=one.id) == 1


def test_whatever_a_session_asks_holds_what_others_made_before(crm: Crm) -> None:
    def rename(s: Any) -> None:
        assert s.count(Customer) == 1
        s.update(change(s.find(Customer, name="Kestrel"), name="Merlin"))

    def look(s: Any) -> None:
        s.add(customer("Hobby"), product("1"))
        s.flush()
        assert [one.name for one in s.list(Customer, order="name")] == ["Hobby", "Merlin"]
        assert s.count(AuditEntry) == s.count(Event) == 4

    assert share(crm, add(customer("Kestrel")), rename, look) == []
    assert (names(crm), skus(crm)) == (["Hobby", "Merlin"], ["1"])


def test_what_refers_to_what_another_session_has_made(crm: Crm) -> None:
    boss = User(login="boss", name="Boss")
    assert share(crm, add(boss), add(Customer(name="Kestrel", kind="organization", owner_id=boss.id))) == []
    with crm.session(reads=True) as s:
        assert s.count(Customer, owner_id=boss.id) == 1


def test_who_fails_before_anything_is_sent_hurts_nobody(crm: Crm) -> None:
    def fail(s: Any) -> None:
        s.add(customer("Never"), product("0"))
        s.flush()
        raise KeyError

    errors = share(crm, add(customer("Kestrel")), add(customer("")), fail, add(customer("Merlin")))
    assert [type(error) for error in errors] == [ValidationFailed, KeyError]
    assert (names(crm), skus(crm)) == (["Kestrel", "Merlin"], [])


def fail_after_a_look(s: Any) -> None:
    s.add(customer("Never"))
    s.flush()
    assert s.count(Customer, name="Never") == 1
    raise KeyError


def fail_after_a_change(s: Any) -> None:
    s.update(change(s.find(Customer, name="First"), name="Never"))
    s.flush()
    raise KeyError


def take_a_key_that_is_taken(s: Any) -> None:
    s.add(product("1"))
    s.flush()
    s.count(Product)


def swallow_what_the_database_says(s: Any) -> None:
    with suppress(UniqueViolation):
        take_a_key_that_is_taken(s)


def change_to_a_key_that_is_taken(s: Any) -> None:
    s.update(change(s.find(Product, sku="2"), sku="1"))


@pytest.mark.parametrize(
    "fail",
    [
        fail_after_a_look,
        fail_after_a_change,
        take_a_key_that_is_taken,
        swallow_what_the_database_says,
        change_to_a_key_that_is_taken,
    ],
)
def test_who_fails_after_something_was_sent_undoes_all(crm: Crm, fail: Work) -> None:
    with crm.session() as s:
        s.add(product("1"), product("2"), customer("First"))
    called: list[str] = []

    def ask(s: Any) -> None:
        s.add(customer("Kestrel"))
        s.after_commit(lambda: called.append("Kestrel"))

    with pytest.raises(AllUndone):
        share(crm, ask, fail, lambda s: None)
    assert (names(crm), skus(crm), called) == (["First"], ["1", "2"], [])


def test_a_connection_that_is_lost_undoes_all(core_postgres_url: str, open_crm: OpenCrm) -> None:
    crm = open_crm(url=core_postgres_url, check=False)

    def hang_up(s: Any) -> None:
        own = s.connection.scalar(sa.text("SELECT pg_backend_pid()"))
        with crm.database.connection(tenant=EVERY_TENANT) as beside:
            beside.execute(sa.text("SELECT pg_terminate_backend(:own)"), {"own": own})
        s.count(Customer)

    with pytest.raises(AllUndone):
        share(crm, hang_up, lambda s: None)
    assert share(crm, add(customer("Kestrel"))) == []
    assert names(crm) == ["Kestrel"]


def test_nobody_waits_long_for_what_somebody_else_holds(
    core_postgres_url: str, open_crm: OpenCrm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_transaction, "LOCK_WAIT", 20)
    crm, kestrel = open_crm(url=core_postgres_url, check=False), customer("Kestrel")
    with crm.session() as s:
        s.add(kestrel)

    def rename(s: Any) -> None:
        s.update(change(s.get(Customer, kestrel.id), name="Merlin"))

    with crm.session() as holder:
        locked(holder, "customer", [kestrel.id])
        with pytest.raises(AllUndone):
            share(crm, add(customer("Hobby")), rename)
    assert share(crm, rename) == []
    assert names(crm) == ["Merlin"]


def test_what_the_database_refuses_at_the_end_undoes_all(crm: Crm) -> None:
    with crm.session() as s:
        s.add(product("1"))
    with pytest.raises(AllUndone) as undone:
        share(crm, add(product("2")), add(product("1")))
    assert isinstance(undone.value.__cause__, UniqueViolation)
    assert skus(crm) == ["1"]


def test_a_block_that_raises_leaves_nothing(crm: Crm) -> None:
    def broken() -> None:
        with together(crm) as shared:
            with shared.session(crm.system) as s:
                s.add(customer("Never"))
            raise KeyError

    with pytest.raises(KeyError):
        broken()
    assert names(crm) == []
    assert share(crm, add(customer("Kestrel"))) == []
    assert names(crm) == ["Kestrel"]


def test_a_part_that_is_undone_as_a_whole_takes_its_rows_along(crm: Crm) -> None:
    def part(s: Any) -> None:
        with as_a_whole(s):
            s.add(customer("Never"))
            s.flush()
            raise KeyError

    def work(s: Any) -> None:
        s.add(customer("Kestrel"))
        with pytest.raises(KeyError):
            part(s)
        s.add(customer("Merlin"))

    assert share(crm, work) == []
    assert names(crm) == ["Kestrel", "Merlin"]


def test_each_session_has_the_rights_of_its_actor(crm: Crm, as_user: Any) -> None:
    reader = as_user("customer read all")
    with together(crm) as shared:
        assert shared.rights_version() == reader.rights_version
        with shared.session(crm.system) as s:
            s.add(customer("Kestrel"))
        with shared.session(reader) as s:
            assert s.count(Customer) == 1
        with pytest.raises(AccessDenied), shared.session(reader) as s:
            s.add(customer("Never"))
        with shared.session(crm.system) as s:
            s.add(Role(name="other", grants=()))
    assert names(crm) == ["Kestrel"]
    with together(crm) as shared:
        assert shared.rights_version() > reader.rights_version


def test_sessions_that_read_share_a_transaction_too(crm: Crm) -> None:
    with crm.session() as s:
        s.add(customer("Kestrel"))
    with crm.together(crm.system.tenant_id, reads=True) as shared:
        for _ in range(2):
            with shared.session(crm.system) as s:
                assert s.count(Customer) == 1
        with pytest.raises(AccessDenied), shared.session(crm.system) as s:
            s.add(customer("Never"))
    assert names(crm) == ["Kestrel"]


def test_events_are_told_of_once_after_the_commit(open_crm: OpenCrm) -> None:
    heard: list[list[str]] = []

    class Listener:
        manifest = Manifest(name="listener")

        @hookimpl(entities=("customer",))
        def after_records_saved_committed(self, ctx: Any, call: RecordBatch) -> None:
            heard.append(sorted(one.after.name for one in call.changes))

    crm = open_crm(Listener())
    called: list[str] = []
    shared = together(crm)
    with shared:
        for name in ("Kestrel", "Merlin"):
            with shared.session(crm.system) as s:
                s.add(customer(name))
                s.after_commit(lambda name=name: called.append(name))
    assert (called, heard) == ([], [])
    shared.follow()
    assert called == ["Kestrel", "Merlin"]
    assert sorted(name for batch in heard for name in batch) == ["Kestrel", "Merlin"]


def test_what_fails_after_the_commit_keeps_nothing_from_the_others(open_crm: OpenCrm) -> None:
    heard: list[int] = []

    class Listener:
        manifest = Manifest(name="listener")

        @hookimpl(entities=("customer",))
        def after_records_saved_committed(self, ctx: Any, call: RecordBatch) -> None:
            heard.append(len(call.changes))

    def fail() -> None:
        raise OSError("no room")

    crm = open_crm(Listener())
    called: list[str] = []
    shared = together(crm)
    with shared:
        for name, action in (("Kestrel", fail), ("Merlin", lambda: called.append("Merlin"))):
            with shared.session(crm.system) as s:
                s.add(customer(name))
                s.after_commit(action)
    with pytest.raises(OSError, match="no room") as failed:
        shared.follow()
    assert "the transaction is committed" in failed.value.__notes__[0]
    assert (called, sum(heard)) == (["Merlin"], 2)


def test_what_was_refused_is_noted(open_crm: OpenCrm) -> None:
    crm, kestrel = open_crm(config={"refusals_kept": 10}), customer("Kestrel")
    with crm.session() as s:
        s.add(kestrel)

    def refuse(s: Any) -> None:
        raise Refused("sales", msg("not now"), [("sales", msg("not now"), kestrel.id)])

    assert [type(error) for error in share(crm, refuse)] == [Refused]
    with crm.session(reads=True) as s:
        assert [one.reason for one in refusals_of(s, kestrel.id)] == ["not now"]


def test_what_was_refused_in_vain_is_not_noted(open_crm: OpenCrm) -> None:
    """When all is undone, each is repeated, and refused again."""
    crm, kestrel = open_crm(config={"refusals_kept": 10}), customer("Kestrel")
    with crm.session() as s:
        s.add(kestrel)

    def refuse(s: Any) -> None:
        raise Refused("sales", msg("not now"), [("sales", msg("not now"), kestrel.id)])

    def refuse_within(s: Any) -> None:
        error = Refused("sales", msg("not now"), [("sales", msg("not now"), kestrel.id)])
        with attempt(s) as inner:
            # As its flush does it.
            inner.note_refusal(error)
            raise error

    for work, noted in ((refuse, 1), (refuse_within, 2)):
        with pytest.raises(AllUndone):
            share(crm, work, add(product("1")), add(product("1")))
        share(crm, work)
        with crm.session(reads=True) as s:
            assert [one.reason for one in refusals_of(s, kestrel.id)] == ["not now"] * noted
