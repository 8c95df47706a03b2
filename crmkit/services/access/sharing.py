"""Sharing single records with users and teams beyond their roles, with a reason and perhaps an end."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from crmkit.core.entity import Part, change
from crmkit.core.errors import BadInput
from crmkit.core.messages import msg
from crmkit.core.staff import RecordShare, Team, User
from crmkit.store.session import Session


def share(
    session: Session,
    record: Part,
    to: User | Team,
    *,
    action: Literal["read", "update"] = "read",
    reason: str = "",
    expires_at: datetime | None = None,
) -> RecordShare:
    """Share a record, to read or also to change, and return the share; sharing it again changes that.

    It is written with the session. Raises BadInput for an end that is past, and when it is written AccessDenied unless
    the actor may create shares and may itself do with the record what it shares.
    """
    if expires_at is not None and expires_at <= session.clock.now():
        raise BadInput(msg("{value}: expected a moment to come", value=expires_at.isoformat()))
    entity = session.database.registry.of(record).name
    whom = _whom(to)
    known = session.list(RecordShare, entity=entity, record_id=record.id, **whom)
    if known:
        changed = change(known[0], action=action, reason=reason, expires_at=expires_at)
        session.update(changed)
        return changed
    made = RecordShare(entity=entity, record_id=record.id, action=action, reason=reason, expires_at=expires_at, **whom)
    session.add(made)
    return made


def unshare(session: Session, record: Part, to: User | Team) -> int:
    """End what is shared of a record with a user or team; returns how many shares there were."""
    entity = session.database.registry.of(record).name
    found = session.list(RecordShare, entity=entity, record_id=record.id, **_whom(to))
    session.delete(*found)
    return len(found)


def shares_of(session: Session, record: Part, *, ended: bool = False) -> list[RecordShare]:
    """Return the shares of a record that the actor may see, in the order of their making; ``ended`` ones on request."""
    entity, now = session.database.registry.of(record).name, session.clock.now()
    found = session.list(RecordShare, entity=entity, record_id=record.id)
    return [one for one in found if ended or one.expires_at is None or one.expires_at > now]


def _whom(to: User | Team) -> dict[str, Any]:
    return {"user_id": to.id} if isinstance(to, User) else {"to_team_id": to.id}
