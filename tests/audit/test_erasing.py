"""Values are erased from the log, and the chain stays valid; values that merely vanish are found out."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from crmkit.core.audit_chain import is_tombstone
from crmkit.core.customer import Customer
from crmkit.core.entity import change
from crmkit.core.errors import AccessDenied
from crmkit.core.journal import AuditEntry, Event
from crmkit.core.values.clock import FixedClock
from crmkit.runtime.crm import Crm
from crmkit.services.auditing.log import seal
from crmkit.store.erasing import erase_deltas
from crmkit.store.tenant_wall import EVERY_TENANT
from tests.audit.conftest import Sql, checked, found, linked
from tests.conftest import OpenCrm
from tests.store.staff import make_staff

MINE = "tenant_id = :tenant"


def erase(crm: Crm, *records: Any) -> int:
    with crm.session() as s:
        return erase_deltas(s, [record.id for record in records])


def stored(crm: Crm, record: Any) -> list[AuditEntry]:
    with crm.session(reads=True) as s:
        return s.list(AuditEntry, record_id=record.id, order="version,id")


def test_erased_values_are_gone_and_the_chain_holds(crm: Crm, log: list[Customer]) -> None:
    kept = checked(crm).head
    assert erase(crm, log[0], log[2]) == 4
    made, changed, erased = stored(crm, log[0])
    assert is_tombstone(made.delta)
    assert is_tombstone(changed.delta)
    assert (erased.action, dict(erased.delta), erased.version) == ("erased", {}, 2)
    assert (made.action, made.version, made.record_id) == ("created", 1, log[0].id)
    assert stored(crm, log[1])[0].delta["name"] == "C1"
    assert found(crm, head=kept) == []
    verification = checked(crm)
    assert (verification.erased, verification.waiting) == (4, 2)
    assert seal(crm, crm.system).sealed == 2
    assert found(crm, head=kept) == []


def test_salts_go_with_what_they_salted(crm: Crm, log: list[Customer]) -> None:
    erase(crm, log[0])
    table = crm.database.table("audit_links")
    with crm.database.connection(reads=True, tenant=EVERY_TENANT) as connection:
        statement = sa.select(table.c.sequence).where(table.c.tenant_id == crm.system.tenant_id, table.c.salt.is_(None))
        assert sorted(connection.scalars(statement)) == [1, 5]


def test_what_is_erased_before_it_is_sealed_is_sealed_as_it_is(crm: Crm, log: list[Customer]) -> None:
    with crm.session() as s:
        late = Customer(name="late")
        s.add(late)
        s.flush()
        assert erase_deltas(s, [late.id]) == 1
    assert seal(crm, crm.system).sealed == 2
    assert found(crm) == []
    assert erase(crm, late) == 1
    seal(crm, crm.system)
    assert found(crm) == []


def test_erasing_twice_and_going_on_afterwards_keep_the_chain(crm: Crm, clock: FixedClock, log: list[Customer]) -> None:
    erase(crm, log[0])
    clock.advance(days=1)
    with crm.session() as s:
        s.update(change(s.get(Customer, log[0].id), nickname="back"))
    seal(crm, crm.system)
    assert erase(crm, log[0]) == 3
    seal(crm, crm.system)
    assert found(crm) == []
    assert checked(crm).erased == 3


def test_an_erasure_is_an_entry_and_an_event_of_whoever_did_it(crm: Crm, log: list[Customer]) -> None:
    anna = make_staff(crm).actor("anna", ("*", "*", "all"))
    with crm.session(anna.for_plugin("privacy")) as s:
        erase_deltas(s, [log[0].id])
    erased = stored(crm, log[0])[-1]
    assert (erased.actor_id, erased.plugin, erased.entity) == (anna.user_id, "privacy", "customer")
    with crm.session(reads=True) as s:
        (told,) = s.list(Event, type="customer.erased")
    assert told.id == erased.id
    assert told.record_id == log[0].id


def test_erasing_needs_a_transaction_that_writes(crm: Crm, log: list[Customer]) -> None:
    with crm.session(reads=True) as s, pytest.raises(AccessDenied, match="only reads"):
        erase_deltas(s, [log[0].id])


def test_an_erasure_that_is_rolled_back_leaves_everything(crm: Crm, log: list[Customer]) -> None:
    with crm.session() as s:
        erase_deltas(s, [log[0].id])
        s.rollback()
    assert stored(crm, log[0])[0].delta["name"] == "C0"
    assert len(stored(crm, log[0])) == 2
    assert checked(crm).erased == 0


def test_nobody_else_is_erased(crm: Crm, open_crm: OpenCrm, log: list[Customer]) -> None:
    with open_crm(tenant="someone else").session() as s:
        assert erase_deltas(s, [log[0].id]) == 0
    assert len(stored(crm, log[0])) == 2
    assert stored(crm, log[0])[0].delta["name"] == "C0"


def test_values_that_vanish_without_an_erasure_are_found(crm: Crm, log: list[Customer], sql: Sql) -> None:
    grave = '{"$erased": [null, "2026-03-15T12:00:00+00:00"]}'
    made = ":delta" if crm.database.dialect == "sqlite" else "CAST(:delta AS jsonb)"
    sql(f"UPDATE audit_entries SET delta = {made} WHERE id = :id AND {MINE}", id=linked(crm, 5), delta=grave)
    assert found(crm) == [("delta", 5)]
    sql(f"UPDATE audit_links SET salt = NULL WHERE sequence = 5 AND {MINE}")
    assert found(crm) == [("erased", 5)]
    erase(crm, log[1])
    seal(crm, crm.system)
    assert found(crm) == [("erased", 5)], "the erasure of another record explains nothing"


def test_an_erasure_explains_only_what_was_there_before_it(crm: Crm, log: list[Customer], sql: Sql) -> None:
    erase(crm, log[0])
    with crm.session() as s:
        s.update(change(s.get(Customer, log[0].id), nickname="later"))
    seal(crm, crm.system)
    grave = '{"$erased": [null, "2026-03-15T12:00:00+00:00"]}'
    made = ":delta" if crm.database.dialect == "sqlite" else "CAST(:delta AS jsonb)"
    sql(f"UPDATE audit_entries SET delta = {made} WHERE id = :id AND {MINE}", id=linked(crm, 10), delta=grave)
    sql(f"UPDATE audit_links SET salt = NULL WHERE sequence = 10 AND {MINE}")
    assert found(crm) == [("erased", 10)]


def test_values_put_back_after_their_erasure_are_found(crm: Crm, log: list[Customer], sql: Sql) -> None:
    erase(crm, log[0])
    sql(f"UPDATE audit_entries SET delta = '{{}}' WHERE id = :id AND {MINE}", id=linked(crm, 1))
    assert found(crm) == [("delta", 1)]
