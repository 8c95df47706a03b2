"""Giving a subscriber events from an earlier place of the log: those it never had, or all of them again."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from crmkit.core.errors import BadInput, Conflict
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg
from crmkit.services.events.listing import position_before
from crmkit.services.events.parked import subscriber_named
from crmkit.services.events.rights import require_operator
from crmkit.store.event_deliveries import done_among, forget_done
from crmkit.store.faults import faults_translated
from crmkit.store.session import Session
from crmkit.store.subscribers import OUTSIDE, Place, go_back, place


@frozen
class ReplayPlan:
    """What a replay does: the subscriber is given the events behind ``position``.

    ``events`` of them it is given, ``done`` ones are left out since it had them before. Those that are parked for it stay
    parked and are in neither number.
    """

    subscriber: str
    position: int
    events: int
    done: int
    again: bool


def preview_replay(
    session: Session,
    subscriber: str,
    *,
    position: int | None = None,
    since: datetime | None = None,
    again: bool = False,
) -> ReplayPlan:
    """Return what a replay from a position (it and what follows) or a time on would do, without doing it.

    Raises BadInput unless exactly one of both is given, NotFound for a subscriber that there is not, AccessDenied.
    """
    return _planned(session, subscriber, position, since, again)[1]


def replay(
    session: Session,
    subscriber: str,
    *,
    position: int | None = None,
    since: datetime | None = None,
    again: bool = False,
) -> ReplayPlan:
    """Have a subscriber be given the events from a position or a time on, with the next deliveries.

    What it had before is left out unless ``again``; then what it did outside of the database is forgotten, so that it does
    that again. Raises what ``preview_replay`` raises, and Conflict while another replay has not ended or when the
    subscriber is being delivered to at this moment.
    """
    found, plan = _planned(session, subscriber, position, since, again)
    database, tenant = session.database, session.actor.tenant_id
    with faults_translated():
        if again:
            forget_done(session.connection, database, tenant, found.subscriber, plan.position)
        if plan.events or again:
            moved = go_back(session.connection, database, tenant, found, plan.position, again=again)
            if not moved:
                raise Conflict(msg("{name} is being delivered to; try again", name=found.subscriber))
    return plan


def _planned(
    session: Session, subscriber: str, position: int | None, since: datetime | None, again: bool
) -> tuple[Place, ReplayPlan]:
    require_operator(session.actor)
    session.flush()
    if (position is None) == (since is None):
        raise BadInput(msg("a replay begins at a position or at a time: give one of both"))
    name = subscriber_named(session, subscriber)
    found = place(session.connection, session.database, session.actor.tenant_id, name)
    assert found is not None
    if found.start is None:
        raise BadInput(msg("{name} is an index of crmkit's own, which is made anew and not replayed", name=name))
    if found.reached is not None and not again:
        raise Conflict(msg("{name} is being replayed already; wait for its end", name=name))
    asked = position_before(session, since) if since is not None else max(0, (position or 0) - 1)
    # Behind its place there is nothing to repeat.
    after = min(asked, found.position)
    total, done = _counts(session, found, after)
    if again:
        total, done = total + done, 0
    return found, ReplayPlan(name, after, total, done, again)


def _counts(session: Session, found: Place, after: int) -> tuple[int, int]:
    """Return how many events behind ``after`` the subscriber never had, and how many it had, up to where it has come."""
    log, parked = session.database.tables["event"], session.database.table("parked_events")
    tenant, reached = session.actor.tenant_id, max(found.reached or 0, found.position)
    held = sa.select(parked.c.position).where(parked.c.tenant_id == tenant, parked.c.subscriber == found.subscriber)
    statement = sa.select(log.c.position, log.c.id).where(
        log.c.tenant_id == tenant, log.c.position > after, log.c.position <= reached, log.c.position.not_in(held)
    )
    rows = session.connection.execute(statement).all()
    missed = [id for position, id in rows if position <= (found.start or 0)]
    done = 0
    if found.subscriber.endswith(OUTSIDE):
        done = len(done_among(session.connection, session.database, tenant, found.subscriber, missed))
    return len(missed) - done, len(rows) - len(missed) + done
