"""Keeps the match keys of customers: an index that follows the event log instead of slowing down every save.

A cursor in the log says how far it is. What it lags behind by is indexed in batches, each resumable; an index that was
lost is made again from the whole log.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from crmkit.core.matching.keys import match_keys
from crmkit.store.faults import faults_translated
from crmkit.store.recognition import parties
from crmkit.store.references import CHUNK
from crmkit.store.settling import log_writers

if TYPE_CHECKING:
    from crmkit.store.session import Session

CURSOR = "crmkit:match_keys"
"""The name of the index among the subscribers of the event log."""


def catch_up(session: Session, most: int) -> tuple[int, bool]:
    """Index what at most ``most`` further events tell, within the session's transaction.

    Returns how far the cursor moved, and whether the index now knows all that was committed. Somebody else who is at it
    is left to it; a session that only reads changes nothing.
    """
    session.flush()
    with faults_translated():
        before = _position(session)
        if before is None:
            return 0, False
        settled = _settled(session)
        events = _events(session, before, most, settled)
        if not events or session.read_only:
            return 0, not events
        _index(session, events)
        after = _gapless(session, before, events[-1].position) if settled is None else events[-1].position
        if after > before:
            cursors = session.database.table("event_cursors")
            session.connection.execute(cursors.update().where(*_mine(session, cursors)).values(position=after))
        return after - before, len(events) < most


def start_over(session: Session) -> None:
    """Empty the tenant's index; ``catch_up`` makes it again from the first event."""
    session.flush()
    with faults_translated():
        _position(session)
        cursors = session.database.table("event_cursors")
        for name in ("customer_match_keys", "customer_match_sets"):
            table = session.database.table(name)
            session.connection.execute(table.delete().where(table.c.tenant_id == session.actor.tenant_id))
        session.connection.execute(cursors.update().where(*_mine(session, cursors)).values(position=0))


def _position(session: Session) -> int | None:
    """Return how far the index is; None while another transaction moves it."""
    cursors = session.database.table("event_cursors")
    asked = sa.select(cursors.c.position).where(*_mine(session, cursors))
    if session.read_only:
        return int(session.connection.scalar(asked) or 0)
    found = session.connection.scalar(asked.with_for_update(skip_locked=True))
    if found is None:
        insert: Any = postgresql_insert if session.database.dialect == "postgresql" else sqlite_insert
        row = {"tenant_id": session.actor.tenant_id, "subscriber": CURSOR, "position": 0}
        session.connection.execute(insert(cursors).values(row).on_conflict_do_nothing())
        found = session.connection.scalar(asked.with_for_update(skip_locked=True))
    return found


def _mine(session: Session, cursors: sa.Table) -> list[sa.ColumnElement[bool]]:
    return [cursors.c.tenant_id == session.actor.tenant_id, cursors.c.subscriber == CURSOR]


def _settled(session: Session) -> int | None:
    """Return the log's last position when nothing can appear before it any more, None while others write."""
    log = session.database.tables["event"]
    end = int(session.connection.scalar(sa.select(sa.func.max(log.c.position))) or 0)
    # Read after the end: whoever wrote before it and is not among them has ended.
    return end if session.database.dialect == "sqlite" or not log_writers(session.connection, log.name) else None


def _events(session: Session, after: int, most: int, until: int | None) -> Sequence[Any]:
    log = session.database.tables["event"]
    upper = [] if until is None else [log.c.position <= until]
    statement = (
        sa.select(log.c.position, log.c.entity, log.c.record_id)
        .where(log.c.tenant_id == session.actor.tenant_id, log.c.position > after, *upper)
        .order_by(log.c.position)
        .limit(most)
    )
    return session.connection.execute(statement).all()


def _gapless(session: Session, before: int, last: int) -> int:
    """Return the last position up to which none is missing: one that is may still be committed by somebody else."""
    log = session.database.tables["event"]
    between = (log.c.position > before, log.c.position <= last)
    statement = sa.select(log.c.position).where(*between).order_by(log.c.position)
    for expected, position in enumerate(session.connection.scalars(statement), start=before + 1):
        if position != expected:
            return expected - 1
    return last


def _index(session: Session, events: Sequence[Any]) -> None:
    customers = {event.record_id for event in events if event.entity == "customer"}
    points = [event.record_id for event in events if event.entity == "contact_point"]
    table = session.database.tables["contact_point"]
    for start in range(0, len(points), CHUNK):
        owners = sa.select(table.c.customer_id).where(table.c.id.in_(points[start : start + CHUNK]))
        customers.update(session.connection.scalars(owners))
    if customers:
        index_customers(session, customers)


def index_customers(session: Session, ids: Collection[UUID]) -> None:
    """Bring the match keys of these customers up to date; those deleted lose theirs. Writes differences alone."""
    wanted = sorted(ids)
    with session.acting_as(session.actor.elevated()):
        known = parties(session, wanted)
    before = _sets(session, wanted)
    after = {id: frozenset(match_keys(party)) for id, party in known.items()}
    changed = [id for id in wanted if after.get(id, frozenset()) != before.get(id, frozenset())]
    # In the order of the primary key: neighbours are written together.
    gone = sorted((key, id) for id in changed for key in before.get(id, frozenset()) - after.get(id, frozenset()))
    new = sorted((key, id) for id in changed for key in after.get(id, frozenset()) - before.get(id, frozenset()))
    _write(session, _DELETE, gone)
    _write(session, _INSERT, new)
    _keep_sets(session, {id: after.get(id, frozenset()) for id in changed}, before)


def _sets(session: Session, ids: Sequence[UUID]) -> dict[UUID, frozenset[int]]:
    table = session.database.table("customer_match_sets")
    found: dict[UUID, frozenset[int]] = {}
    for start in range(0, len(ids), CHUNK):
        statement = sa.select(table.c.customer_id, table.c.match_keys).where(
            table.c.tenant_id == session.actor.tenant_id, table.c.customer_id.in_(ids[start : start + CHUNK])
        )
        found.update({id: frozenset(array("q", kept)) for id, kept in session.connection.execute(statement)})
    return found


def _keep_sets(session: Session, sets: Mapping[UUID, frozenset[int]], before: Collection[UUID]) -> None:
    """Remember the keys of changed customers; ``before`` has those of whom keys are remembered already."""
    table, tenant = session.database.table("customer_match_sets"), session.actor.tenant_id
    rows = [
        {"id": id, "tenant": tenant, "kept": array("q", sorted(keys)).tobytes()} for id, keys in sets.items() if keys
    ]
    new, known = [row for row in rows if row["id"] not in before], [row for row in rows if row["id"] in before]
    empty = [{"id": id} for id, keys in sets.items() if not keys]
    bound: dict[str, Any] = {
        "customer_id": sa.bindparam("id"),
        "tenant_id": sa.bindparam("tenant"),
        "match_keys": sa.bindparam("kept"),
    }
    mine = table.c.customer_id == sa.bindparam("id")
    if new:
        session.connection.execute(table.insert().values(bound), new)
    if known:
        session.connection.execute(table.update().where(mine).values(match_keys=sa.bindparam("kept")), known)
    if empty:
        session.connection.execute(table.delete().where(mine), empty)


_GIVEN = "unnest(CAST(:keys AS bigint[]), CAST(:ids AS uuid[])) AS given (match_key, customer_id)"

_INSERT = {
    "sqlite": "INSERT INTO customer_match_keys (tenant_id, match_key, customer_id) VALUES (:tenant, :key, :id)",
    "postgresql": f"INSERT INTO customer_match_keys (tenant_id, match_key, customer_id) "
    f"SELECT :tenant, given.* FROM {_GIVEN}",
}
_DELETE = {
    "sqlite": "DELETE FROM customer_match_keys WHERE tenant_id = :tenant AND match_key = :key AND customer_id = :id",
    "postgresql": f"DELETE FROM customer_match_keys AS kept USING {_GIVEN} WHERE kept.tenant_id = :tenant "
    "AND kept.match_key = given.match_key AND kept.customer_id = given.customer_id",
}


def _write(session: Session, statements: Mapping[str, str], rows: Sequence[tuple[int, UUID]]) -> None:
    if not rows:
        return
    tenant, statement = session.driver_tenant, statements[session.database.dialect]
    if session.database.dialect == "sqlite":
        given = [{"tenant": tenant, "key": key, "id": id.bytes} for key, id in rows]
        session.connection.exec_driver_sql(statement, given)
    else:
        # One statement for all rows, whose values go as two arrays.
        arrays = {"keys": [key for key, _ in rows], "ids": [id for _, id in rows]}
        session.connection.execute(sa.text(statement), {"tenant": tenant, **arrays})
