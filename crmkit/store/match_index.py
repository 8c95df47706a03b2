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

from crmkit.core.matching.keys import match_keys
from crmkit.store.chunks import in_chunks
from crmkit.store.faults import faults_translated
from crmkit.store.following import hold_place, move_place, next_stretch
from crmkit.store.recognition import parties

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
        before = hold_place(session, CURSOR)
        if before is None:
            return 0, False
        stretch = next_stretch(session, before, most)
        if not stretch.events or session.read_only:
            return 0, not stretch.events
        _index(session, stretch.events)
        if stretch.moved:
            move_place(session, CURSOR, stretch.last)
        return stretch.moved, not stretch.more


def start_over(session: Session) -> None:
    """Empty the tenant's index; ``catch_up`` makes it again from the first event."""
    session.flush()
    with faults_translated():
        hold_place(session, CURSOR)
        for name in ("customer_match_keys", "customer_match_sets"):
            table = session.database.table(name)
            session.connection.execute(table.delete().where(table.c.tenant_id == session.actor.tenant_id))
        move_place(session, CURSOR, 0)


def _index(session: Session, events: Sequence[Any]) -> None:
    customers = {event.record_id for event in events if event.entity == "customer"}
    points = [event.record_id for event in events if event.entity == "contact_point"]
    table = session.database.tables["contact_point"]
    for chunk in in_chunks(points):
        owners = sa.select(table.c.customer_id).where(table.c.id.in_(chunk))
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
    for chunk in in_chunks(ids):
        statement = sa.select(table.c.customer_id, table.c.match_keys).where(
            table.c.tenant_id == session.actor.tenant_id, table.c.customer_id.in_(chunk)
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
