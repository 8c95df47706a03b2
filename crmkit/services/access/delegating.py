"""Delegation: for a time, a deputy acts on behalf of a user, with no more than that user's rights."""

from __future__ import annotations

from datetime import datetime

from crmkit.core.entity import Part, change
from crmkit.core.errors import BadInput
from crmkit.core.messages import msg
from crmkit.core.staff import Delegation, User
from crmkit.store.session import Session


def delegate(
    session: Session,
    user: User,
    deputy: User,
    *,
    until: datetime,
    since: datetime | None = None,
    record: Part | None = None,
    entity: str = "",
    passes_on: bool = False,
    reason: str = "",
) -> Delegation:
    """Let ``deputy`` act on behalf of ``user`` and return the delegation; it is written with the session.

    It begins now unless ``since`` says later, and is about everything unless ``entity`` or ``record`` narrow it. Raises
    BadInput for an end that is past, Refused when it is written for one that makes no sense, and AccessDenied unless
    the actor is the user or may change it.
    """
    now = session.clock.now()
    if until <= now:
        raise BadInput(msg("{value}: expected a moment to come", value=until.isoformat()))
    of_record = "" if record is None else session.database.registry.of(record).name
    made = Delegation(
        user_id=user.id,
        deputy_id=deputy.id,
        starts_at=since or now,
        ends_at=until,
        entity=of_record or entity,
        record_id=None if record is None else record.id,
        passes_on=passes_on,
        reason=reason,
        owner_id=user.id,
        team_id=user.team_id,
    )
    session.add(made)
    return made


def end(session: Session, delegation: Delegation) -> Delegation:
    """End a delegation now and return it; one that has not begun is taken back, one that has ended stays as it is."""
    now = session.clock.now()
    if delegation.ends_at <= now:
        return delegation
    ended = change(delegation, deleted_at=now) if delegation.starts_at >= now else change(delegation, ends_at=now)
    session.update(ended)
    return ended


def delegations(session: Session, user: User | None = None, *, ended: bool = False) -> list[Delegation]:
    """Return the delegations that the actor may see, the latest first: of or to a user, ``ended`` ones on request."""
    now = session.clock.now()
    found = session.list(Delegation, order="-starts_at,-id")
    return [
        one
        for one in found
        if (user is None or user.id in (one.user_id, one.deputy_id)) and (ended or one.ends_at > now)
    ]
