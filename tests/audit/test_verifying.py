"""Somebody with the database's password tampers with the log, each way there is, and is found out."""

from __future__ import annotations

from typing import Any

import pytest

from crmkit.core.audit_chain import Head, read_head
from crmkit.core.customer import Customer
from crmkit.core.values.clock import FixedClock
from crmkit.core.values.ids import new_id
from crmkit.runtime.crm import Crm
from crmkit.services.auditing.log import seal
from tests.audit.conftest import Sql, checked, found, linked

MINE = "tenant_id = :tenant"


def test_an_untouched_log_is_valid(crm: Crm, log: list[Customer]) -> None:
    verification = checked(crm)
    assert (verification.valid, verification.entries, verification.seals) == (True, 8, 4)
    assert verification.head is not None
    assert verification.head.length == 8


FLIPS = {
    "actor_id": "id",
    "on_behalf_id": "id",
    "plugin": "'x'",
    "entity": "'product'",
    "record_id": "id",
    "action": "'deleted'",
    "version": "version + 1",
    "cause_id": "id",
}


@pytest.mark.parametrize("place", [1, 3, 8])
def test_a_flipped_field_is_found_where_it_is(crm: Crm, log: list[Customer], sql: Sql, place: int) -> None:
    assert sql(f"UPDATE audit_entries SET actor_id = id WHERE id = :id AND {MINE}", id=linked(crm, place)) == 1
    assert found(crm) == [("changed", place)]
    (fault,) = checked(crm).faults
    assert fault.entry_id == linked(crm, place)


def test_every_field_that_is_flipped_is_found(crm: Crm, log: list[Customer], sql: Sql) -> None:
    for place, (column, value) in enumerate(FLIPS.items(), 1):
        assert sql(f"UPDATE audit_entries SET {column} = {value} WHERE id = :id AND {MINE}", id=linked(crm, place)) == 1
        assert found(crm) == [("changed", at) for at in range(1, place + 1)]


def test_a_flipped_instant_is_found_where_it_is(crm: Crm, log: list[Customer], sql: Sql) -> None:
    step = "1" if crm.database.dialect == "sqlite" else "interval '1 microsecond'"
    sql(f"UPDATE audit_entries SET occurred_at = occurred_at + {step} WHERE id = :id AND {MINE}", id=linked(crm, 4))
    assert found(crm) == [("changed", 4)]


def test_a_changed_delta_is_found_where_it_is(crm: Crm, log: list[Customer], sql: Sql) -> None:
    deltas = ['{"name": "Other"}', "{}", "[1]", "7", '{"nickname": ["", "n"], "$erased": [null, "x"]}']
    made = ":delta" if crm.database.dialect == "sqlite" else "CAST(:delta AS jsonb)"
    for place, delta in enumerate(deltas, 1):
        sql(f"UPDATE audit_entries SET delta = {made} WHERE id = :id AND {MINE}", id=linked(crm, place), delta=delta)
        assert found(crm) == [("delta", at) for at in range(1, place + 1)]
    told = [(fault.entity, fault.record_id) for fault in checked(crm).faults]
    assert told == [("customer", log[at % 4].id) for at in range(5)]


def test_what_cannot_be_read_at_all_is_found_too(crm: Crm, log: list[Customer], sql: Sql) -> None:
    if crm.database.dialect == "sqlite":
        sql(f"UPDATE audit_entries SET delta = 'no JSON' WHERE id = :id AND {MINE}", id=linked(crm, 5))
    else:
        # PostgreSQL keeps out what is no JSON; a time that Python does not know is as bad.
        sql(f"UPDATE audit_entries SET occurred_at = 'infinity' WHERE id = :id AND {MINE}", id=linked(crm, 5))
    assert [place for _, place in found(crm)] == [5]


def test_a_deleted_entry_is_found(crm: Crm, log: list[Customer], sql: Sql) -> None:
    for count, place in enumerate((1, 4, 8), 1):
        sql(f"DELETE FROM audit_entries WHERE id = :id AND {MINE}", id=linked(crm, place))
        assert found(crm) == [("deleted", 1), ("deleted", 4), ("deleted", 8)][:count]


@pytest.mark.parametrize("place", [1, 4])
def test_an_entry_deleted_with_its_link_is_found(crm: Crm, log: list[Customer], sql: Sql, place: int) -> None:
    entry = linked(crm, place)
    sql(f"DELETE FROM audit_entries WHERE id = :id AND {MINE}", id=entry)
    sql(f"DELETE FROM audit_links WHERE sequence = :place AND {MINE}", place=place)
    assert found(crm)[0] == ("deleted", place)
    sql(f"DELETE FROM events WHERE id = :id AND {MINE}", id=entry)
    assert found(crm) == [("deleted", place)]


def test_an_entry_deleted_and_the_places_moved_up_is_found(crm: Crm, log: list[Customer], sql: Sql) -> None:
    sql(f"DELETE FROM audit_entries WHERE id = :id AND {MINE}", id=linked(crm, 2))
    sql(f"DELETE FROM audit_links WHERE sequence = 2 AND {MINE}")
    for place in range(3, 9):
        sql(f"UPDATE audit_links SET sequence = sequence - 1 WHERE sequence = :place AND {MINE}", place=place)
    assert found(crm)[0] == ("changed", 2)


def test_an_entry_deleted_before_it_was_sealed_is_found(crm: Crm, log: list[Customer], sql: Sql) -> None:
    with crm.session() as s:
        s.add(Customer(name="late"), Customer(name="later"))
    assert checked(crm).valid
    assert sql(f"DELETE FROM audit_entries WHERE version = 1 AND id > :id AND {MINE}", id=linked(crm, 8)) == 2
    assert found(crm) == [("deleted", None), ("deleted", None)]
    assert seal(crm, crm.system).sealed == 0
    assert len(found(crm)) == 2


@pytest.mark.parametrize("beside", [True, False])
def test_an_inserted_entry_is_found(crm: Crm, log: list[Customer], sql: Sql, beside: bool) -> None:
    made = new_id()
    columns = "occurred_at, plugin, entity, record_id, action, version, delta, origin"
    sql(
        f"INSERT INTO audit_entries (id, tenant_id, {columns}) SELECT :new, tenant_id, {columns} FROM audit_entries "
        f"WHERE id = :id AND {MINE}",
        new=made,
        id=linked(crm, 2),
    )
    if not beside:
        # In the place of another one, which then is no longer part of the chain.
        sql(f"UPDATE audit_links SET entry_id = :new WHERE sequence = 2 AND {MINE}", new=made)
        assert found(crm) == [("changed", 2), ("inserted", None)]
        return
    assert found(crm) == [("inserted", None)]
    assert checked(crm).faults[0].entry_id == made
    assert seal(crm, crm.system).sealed == 0


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_truncated_tail_is_found_by_the_last_seal(crm: Crm, log: list[Customer], sql: Sql, count: int) -> None:
    first = 9 - count
    gone = f"SELECT entry_id FROM audit_links WHERE sequence >= :first AND {MINE}"
    for table in ("events", "audit_entries"):
        assert sql(f"DELETE FROM {table} WHERE id IN ({gone})", first=first) == count
    sql(f"DELETE FROM audit_links WHERE sequence >= :first AND {MINE}", first=first)
    assert found(crm) == [("truncated", first)]


def test_a_tail_cut_off_with_its_seals_is_found_by_a_head_kept_elsewhere(
    crm: Crm, log: list[Customer], sql: Sql
) -> None:
    kept = checked(crm).head
    assert kept is not None
    gone = f"SELECT entry_id FROM audit_links WHERE sequence > 4 AND {MINE}"
    for table in ("events", "audit_entries"):
        sql(f"DELETE FROM {table} WHERE id IN ({gone})")
    sql(f"DELETE FROM audit_links WHERE sequence > 4 AND {MINE}")
    sql(f"DELETE FROM audit_seals WHERE length > 4 AND {MINE}")
    assert found(crm) == []
    assert found(crm, head=kept) == [("head", 5)]


def test_a_log_written_anew_is_found_by_a_head_kept_elsewhere(crm: Crm, log: list[Customer], sql: Sql) -> None:
    kept = checked(crm).head
    sql(f"DELETE FROM audit_links WHERE {MINE}")
    sql(f"DELETE FROM audit_seals WHERE {MINE}")
    sql(f"UPDATE audit_entries SET actor_id = :who WHERE {MINE}", who=new_id())
    assert seal(crm, crm.system).sealed == 8
    assert found(crm) == []
    assert found(crm, head=kept) == [("head", 8)]


def test_a_head_kept_before_more_was_sealed_still_holds(crm: Crm, log: list[Customer]) -> None:
    kept = read_head(str(checked(crm).head))
    with crm.session() as s:
        s.add(Customer(name="late"))
    seal(crm, crm.system)
    assert found(crm, head=kept) == []
    assert found(crm, head=Head(kept.length - 1, kept.link)) == [("head", 7)]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ("DELETE FROM audit_seals WHERE number = 2", None),
        ("DELETE FROM audit_seals WHERE number = 4", 8),
        ("UPDATE audit_seals SET length = 1000 WHERE number = 2", None),
        ("UPDATE audit_seals SET length = 5 WHERE number = 2", 5),
        ("UPDATE audit_seals SET position = 0 WHERE number = 4", None),
        ("UPDATE audit_seals SET link = (SELECT link FROM audit_links l WHERE l.sequence = 1 AND l.tenant_id = :tenant)"
         " WHERE number = 3", 7),
    ],
)  # fmt: skip
def test_a_tampered_seal_is_found(crm: Crm, log: list[Customer], sql: Sql, change: str, place: int | None) -> None:
    assert sql(f"{change} AND {MINE}") == 1
    assert ("seal", place) in found(crm)


def test_a_tampered_link_is_found_where_it_is(crm: Crm, log: list[Customer], sql: Sql) -> None:
    for count, (column, place) in enumerate((("link", 1), ("digest", 3), ("salt", 5), ("link", 8)), 1):
        other = f"SELECT {column} FROM audit_links o WHERE o.sequence = 2 AND o.{MINE}"
        sql(f"UPDATE audit_links SET {column} = ({other}) WHERE sequence = :place AND {MINE}", place=place)
        assert {at for _, at in found(crm)} == {*(1, 3, 5, 8)[:count]}


def test_two_entries_that_changed_places_are_found(crm: Crm, log: list[Customer], sql: Sql) -> None:
    fifth, sixth = linked(crm, 5), linked(crm, 6)
    for id, place in ((new_id(), 5), (fifth, 6), (sixth, 5)):
        sql(f"UPDATE audit_links SET entry_id = :id WHERE sequence = :place AND {MINE}", id=id, place=place)
    assert found(crm)[0] == ("changed", 5)


def test_every_fault_is_counted_and_the_first_comes_first(crm: Crm, log: list[Customer], sql: Sql) -> None:
    sql(f"UPDATE audit_entries SET plugin = 'x' WHERE id = :id AND {MINE}", id=linked(crm, 7))
    sql(f"UPDATE audit_entries SET delta = '{{}}' WHERE id = :id AND {MINE}", id=linked(crm, 3))
    sql(f"DELETE FROM audit_entries WHERE id = :id AND {MINE}", id=linked(crm, 5))
    assert found(crm) == [("delta", 3), ("deleted", 5), ("changed", 7)]


def test_more_faults_than_are_told_are_counted(
    crm: Crm, log: list[Customer], sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crmkit.services.auditing.faults.SHOWN", 2)
    sql(f"UPDATE audit_entries SET plugin = 'x' WHERE {MINE}")
    verification = checked(crm)
    assert (verification.broken, [fault.sequence for fault in verification.faults]) == (8, [1, 2])


def test_tampering_in_one_tenant_is_no_matter_of_another(
    crm: Crm, open_crm: Any, log: list[Customer], clock: FixedClock, sql: Sql
) -> None:
    other = open_crm(tenant=new_id().hex)
    with other.session() as s:
        s.add(Customer(name="A"))
    seal(other, other.system)
    sql(f"UPDATE audit_entries SET plugin = 'x' WHERE {MINE}")
    assert found(other) == []
    assert len(found(crm)) == 8
