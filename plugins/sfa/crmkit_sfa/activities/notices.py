"""Reminders that have fired, for those who were reminded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from crmkit.plugin import Context, change
from crmkit_sfa.activities.entities import ReminderNotice


def notices(
    ctx: Context, user: UUID | None = None, *, seen: bool = False, limit: int = 500
) -> Sequence[ReminderNotice]:
    """Return the notices of a user, the latest first: those not seen yet, or with ``seen`` all."""
    whose = {} if user is None else {"owner_id": user}
    unseen = None if seen else "seen_at is empty"
    return ctx.session.list(ReminderNotice, unseen, order="-due_at", limit=limit, **whose)


def mark_seen(ctx: Context, found: Iterable[ReminderNotice]) -> None:
    """Note that somebody has seen notices."""
    now = ctx.clock.now()
    ctx.session.update(*[change(one, seen_at=now) for one in found if one.seen_at is None])
