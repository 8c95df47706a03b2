"""Hand-offs that wait: seen by everybody concerned, escalated once when overdue, given back when they expire."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from crmkit.core.frozen import frozen
from crmkit.core.staff import RecordShare, Team, User
from crmkit.plugin import Context, Job, change
from crmkit_sfa.naming import names_beside, titles_of
from crmkit_sfa.transfers.deadlines import due_after
from crmkit_sfa.transfers.entities import Transfer
from crmkit_sfa.transfers.handing import expire
from crmkit_sfa.transfers.settings import TransferSettings

BATCH = 500
"""Hand-offs that one run of the job looks at, at most; what is left is the next one's."""


@frozen
class WaitingTransfer:
    """A hand-off that waits, with the names that people know: ``overdue`` when its answer was due before now."""

    transfer: Transfer
    title: str
    sender: str
    receiver: str
    overdue: bool


def waiting(ctx: Context, *, mine: bool = False) -> list[WaitingTransfer]:
    """Return the hand-offs that wait and that the actor may see, the most urgent first; ``mine``: for me to answer."""
    actor: Any = ctx.actor
    found: Sequence[Transfer] = ctx.session.list(Transfer, "state = waiting", order="due_at")
    if mine:
        teams = {actor.team_id, *actor.subtree} - {None}
        found = [one for one in found if one.to_user_id == actor.user_id or one.to_team_id in teams]
    return described(ctx, found)


def described(ctx: Context, transfers: Iterable[Transfer]) -> list[WaitingTransfer]:
    """Return hand-offs with names."""
    some, now = list(transfers), ctx.clock.now()
    titles = titles_of(ctx, [(one.entity, one.record_id) for one in some])
    users = names_beside(ctx, User, [id for one in some for id in (one.from_user_id, one.to_user_id)])
    teams = names_beside(ctx, Team, [one.to_team_id for one in some])
    return [
        WaitingTransfer(
            transfer=ctx.session.masked(one),
            title=titles.get(one.record_id, ""),
            sender=users.get(one.from_user_id, ""),
            receiver=users.get(one.to_user_id, "") or teams.get(one.to_team_id, ""),
            overdue=one.state == "waiting" and one.due_at < now,
        )
        for one in some
    ]


def escalate_overdue(ctx: Context, job: Job | None = None) -> int:
    """Escalate hand-offs whose answer is overdue, each once, to the superior of whoever has to answer; return how many.

    The superior may read the hand-off and what it is about from then on. With ``expire_hours`` those that nobody
    answered then either go back to their senders.
    """
    settings: TransferSettings = ctx.config.transfers
    now, session = ctx.clock.now(), ctx.session
    overdue = f"state = waiting and due_at < {now.isoformat()}"
    late = session.list(Transfer, f"{overdue} and escalated_at is empty", order="due_at", limit=BATCH)
    superiors = _superiors(ctx, late)
    for one in late:
        superior = superiors.get(one.id)
        session.update(change(one, escalated_at=now, escalated_to_id=superior))
        if superior is not None:
            reason = f"sfa_transfer:{one.id}"
            for entity, id in (("sfa_transfer", one.id), (one.entity, one.record_id)):
                session.add(RecordShare(entity=entity, record_id=id, user_id=superior, reason=reason, source="sfa"))
    if settings.expire_hours:
        # Working hours are never fewer than hours of the clock, so this finds all whose time may be over.
        limit = (now - timedelta(hours=settings.expire_hours)).isoformat()
        old = session.list(Transfer, f"state = waiting and due_at <= {limit}", order="due_at", limit=BATCH)
        expire(ctx, [t for t in old if due_after(ctx, settings.calendar, t.due_at, settings.expire_hours) <= now])
    return len(late)


def _superiors(ctx: Context, transfers: Iterable[Transfer]) -> dict[UUID, UUID]:
    """Return by hand-off who stands above whoever has to answer it; where nobody does, above the sender."""
    some = list(transfers)
    ids = {id for one in some for id in (one.to_user_id, one.owner_id) if id is not None}
    people = {user.id: user for user in ctx.session.list(User, id=sorted(ids))} if ids else {}
    found: dict[UUID, UUID] = {}
    for one in some:
        for id in (one.to_user_id, one.owner_id):
            user = people.get(id) if id is not None else None
            if user is not None and user.reports_to_id is not None:
                found[one.id] = user.reports_to_id
                break
    return found
