"""Keeping the index: it follows the event log, instead of slowing down every save, and is made again when it is lost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.errors import AccessDenied
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg
from crmkit.store.chunks import in_chunks
from crmkit.store.faults import faults_translated
from crmkit.store.following import hold_place, move_place, next_stretch, place_of
from crmkit.store.search.plan import Plan, plan_of
from crmkit.store.search.statements import run
from crmkit.store.search.tables import TOKENS
from crmkit.store.search.writing import empty, index_records, remove_records

if TYPE_CHECKING:
    from crmkit.store.session import Session

SUBSCRIBER = "crmkit:search:"
"""What the name of the index among the subscribers of the event log begins with; the shape of what it holds follows."""


@frozen
class Waiting:
    """What the index does not know yet: ``events``, and the ``records`` that they tell of, by entity.

    ``many``: there are more events than were asked for, and the records are left out.
    """

    events: int
    records: dict[str, list[UUID]]
    many: bool = False


def subscriber(session: Session) -> str:
    """Return the name under which the index follows the log: another one when it must hold something else."""
    hooks = session.hooks.implementations("collect_search_texts")
    plugins = ",".join(sorted({impl.plugin for impl in hooks}))
    return f"{SUBSCRIBER}{plan_of(session.database.registry).shape}" + (f":{plugins}" if plugins else "")


def catch_up(session: Session, most: int) -> tuple[int, bool]:
    """Index what at most ``most`` further events tell, within the session's transaction.

    Returns how far the index moved in the log, and whether it now knows all that was committed. Somebody else who is at
    it is left to it; a session that only reads changes nothing.
    """
    session.flush()
    plan = plan_of(session.database.registry)
    with faults_translated():
        before = hold_place(session, subscriber(session))
        if before is None:
            return 0, False
        stretch = next_stretch(session, before, most)
        if not stretch.events or session.read_only:
            return 0, not stretch.events
        if not before:
            _leave_other_shapes(session)
        for entity, ids in _records(session, plan, stretch.events).items():
            index_records(session, plan.entities[entity], ids)
        if stretch.moved:
            move_place(session, subscriber(session), stretch.last)
        return stretch.moved, not stretch.more


def waiting(session: Session, most: int) -> Waiting:
    """Return the records of which the index does not know the latest, when at most ``most`` events tell of them."""
    plan = plan_of(session.database.registry)
    cursors, log = session.database.table("event_cursors"), session.database.tables["event"]

    def places() -> sa.Select[Any]:
        mine = (cursors.c.tenant_id == sa.bindparam("tenant"), cursors.c.subscriber == sa.bindparam("subscriber"))
        after = sa.select(cursors.c.position).where(*mine).scalar_subquery()
        last = sa.select(sa.func.max(log.c.position)).scalar_subquery()
        return sa.select(sa.func.coalesce(after, 0), sa.func.coalesce(last, 0))

    with faults_translated():
        ((after, last),) = run(session, ("search.places",), places, {"subscriber": subscriber(session)})
        if last == after:
            return Waiting(0, {})
        events = session.connection.execute(
            sa.select(log.c.entity, log.c.record_id)
            .where(log.c.tenant_id == session.actor.tenant_id, log.c.position > after)
            .limit(most + 1)
        ).all()
        if len(events) > most:
            return Waiting(len(events), {}, many=True)
        return Waiting(len(events), _records(session, plan, events))


def unindexed(session: Session) -> int:
    """Return how many events of the tenant the index has not taken yet."""
    session.flush()
    log = session.database.tables["event"]
    with faults_translated():
        after = place_of(session, subscriber(session))
        waits = (log.c.tenant_id == session.actor.tenant_id, log.c.position > after)
        return int(session.connection.scalar(sa.select(sa.func.count()).select_from(log).where(*waits)) or 0)


def start_over(session: Session) -> None:
    """Empty the tenant's index; ``catch_up`` makes it again from the first event."""
    session.flush()
    with faults_translated():
        hold_place(session, subscriber(session))
        _leave_other_shapes(session)
        empty(session)
        move_place(session, subscriber(session), 0)


def forget(session: Session, entity: str, ids: Iterable[UUID]) -> int:
    """Take records out of the index without a trace, in the session's transaction; returns how many it knew.

    SQLite's full-text index only marks what is deleted; it is written anew here, which takes a second for some hundred
    thousand records: name all records in one call. The caller has checked the right to erase. What still stands in the
    records is indexed again when an event tells of them. Raises AccessDenied in a session that only reads.
    """
    session.flush()
    if session.read_only:
        raise AccessDenied(msg("this session only reads"))
    with faults_translated():
        # Whoever indexes at this moment has read what is to be forgotten.
        hold_place(session, subscriber(session))
        count = remove_records(session, entity, ids)
        if count and session.database.dialect == "sqlite":
            session.connection.exec_driver_sql(f"INSERT INTO {TOKENS} ({TOKENS}) VALUES ('optimize')")
    return count


def _leave_other_shapes(session: Session) -> None:
    """Forget the places of indexes of other shapes, and what they left: from now on this one is the index."""
    cursors = session.database.table("event_cursors")
    others = (
        cursors.c.tenant_id == session.actor.tenant_id,
        cursors.c.subscriber.startswith(SUBSCRIBER),
        cursors.c.subscriber != subscriber(session),
    )
    if session.connection.execute(cursors.delete().where(*others)).rowcount:
        empty(session)


def _records(session: Session, plan: Plan, events: Sequence[Any]) -> dict[str, list[UUID]]:
    """Return the records of events that can be found, by entity, in the order of the events; of a part, its whole."""
    parts: dict[str, list[UUID]] = {}
    for event in events:
        if event.entity in plan.wholes:
            parts.setdefault(event.entity, []).append(event.record_id)
    wholes = {name: _wholes(session, plan, name, ids) for name, ids in parts.items()}
    found: dict[str, dict[UUID, None]] = {}
    for event in events:
        if event.entity in plan.entities:
            found.setdefault(event.entity, {}).setdefault(event.record_id)
        for entity, id in wholes.get(event.entity, {}).get(event.record_id, ()):
            found.setdefault(entity, {}).setdefault(id)
    return {entity: list(ids) for entity, ids in found.items()}


def _wholes(session: Session, plan: Plan, name: str, ids: Sequence[UUID]) -> dict[UUID, list[tuple[str, UUID]]]:
    table = session.database.tables[name]
    ways = plan.wholes[name]
    references = dict.fromkeys(part.reference for _, part in ways)
    named = any(part.named for _, part in ways)
    columns = [table.c[reference] for reference in references] + ([table.c.entity] if named else [])
    found: dict[UUID, list[tuple[str, UUID]]] = {}
    for chunk in in_chunks(ids):
        for row in session.connection.execute(sa.select(table.c.id, *columns).where(table.c.id.in_(chunk))):
            held = row._mapping
            for entity, part in ways:
                if held[part.reference] is not None and (not part.named or held["entity"] == entity):
                    found.setdefault(held["id"], []).append((entity, held[part.reference]))
    return found
