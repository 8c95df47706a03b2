"""What subscribers could not take: looking at it, having it tried again, and giving it up."""

from __future__ import annotations

import logging
from collections.abc import Collection

from crmkit.core.errors import NotFound, did_you_mean
from crmkit.core.messages import msg
from crmkit.services.events.rights import require_operator, require_reader
from crmkit.store.faults import faults_translated
from crmkit.store.parked_events import ParkedEvent, parked, remove_parked, update_parked
from crmkit.store.session import Session
from crmkit.store.subscribers import outside, places

log = logging.getLogger("crmkit.events")

TRIED = ("retrying", "failed")
"""The states of events that were tried; the others wait behind one of them."""


def subscriber_named(session: Session, name: str) -> str:
    """Return the subscriber that ``name`` stands for: its own name, or that of a plugin with one subscriber.

    Raises NotFound with the closest name.
    """
    known = [place.subscriber for place in places(session.connection, session.database, session.actor.tenant_id)]
    for found in (name, outside(name)):
        if found in known:
            return found
    hint = did_you_mean(name, [one for one in known if not one.startswith("crmkit:")])
    raise NotFound(msg("no subscriber {name}; {hint}", name=name, hint=hint))


def parked_events(session: Session, subscriber: str = "", *, limit: int | None = None) -> list[ParkedEvent]:
    """Return what is parked, of all subscribers or one, in the order of the log. Raises AccessDenied and NotFound."""
    require_reader(session.actor)
    session.flush()
    one = subscriber_named(session, subscriber) if subscriber else None
    return parked(session.connection, session.database, session.actor.tenant_id, one, limit=limit)


def release_parked(session: Session, subscriber: str, positions: Collection[int] = ()) -> int:
    """Let parked events be tried with the next delivery: those at ``positions``, by default all that were tried.

    A subscriber that rests is woken. What waits behind them follows when they succeed. Returns how many are tried again;
    raises NotFound for a position that is not parked, and AccessDenied.
    """
    require_operator(session.actor)
    name = subscriber_named(session, subscriber)
    _require_parked(session, name, positions)
    values = {"state": "retrying", "next_attempt_at": session.clock.now()}
    database, tenant = session.database, session.actor.tenant_id
    with faults_translated():
        cursors = database.table("event_cursors")
        mine = (cursors.c.tenant_id == tenant, cursors.c.subscriber == name)
        session.connection.execute(cursors.update().where(*mine).values(failures=None, resting_until=None, error=None))
        return update_parked(session.connection, database, tenant, name, positions or None, values, TRIED)


def discard_parked(session: Session, subscriber: str, positions: Collection[int]) -> int:
    """Give up parked events: the subscriber never takes them, and what waits behind them goes on.

    Returns how many there were; raises NotFound for a position that is not parked, and AccessDenied.
    """
    require_operator(session.actor)
    name = subscriber_named(session, subscriber)
    _require_parked(session, name, positions)
    with faults_translated():
        count = remove_parked(session.connection, session.database, session.actor.tenant_id, name, positions)
    log.warning("%s gave up for %s the events at %s", session.actor.name, name, ", ".join(map(str, sorted(positions))))
    return count


def _require_parked(session: Session, subscriber: str, positions: Collection[int]) -> None:
    if not positions:
        return
    found = parked(session.connection, session.database, session.actor.tenant_id, subscriber)
    missing = sorted(set(positions) - {item.position for item in found})
    if missing:
        problem = msg("nothing is parked for {name} at position {position}", name=subscriber, position=missing[0])
        raise NotFound(problem)
