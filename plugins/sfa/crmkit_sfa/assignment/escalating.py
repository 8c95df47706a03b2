"""Escalating leads that wait too long: to the owner's superiors, level by level, each once."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from crmkit.core.staff import User
from crmkit.plugin import Context, NotFound, msg
from crmkit_sfa.assignment.assigning import assigned
from crmkit_sfa.assignment.entities import LeadEscalation
from crmkit_sfa.assignment.waiting import WaitingLead, waiting


def escalate(ctx: Context) -> list[LeadEscalation]:
    """Escalate every lead whose time is over and return what is new; done again, nothing is.

    Levels that came due while nobody looked are made up for, each once. Raises NotFound for a login to escalate to or a
    calendar that there is not.
    """
    with ctx.elevated("no lead is lost, whoever has it"):
        ctx.services.take_turns("sfa_escalation")
        now = ctx.clock.now()
        late = [one for one in waiting(ctx) if one.levels_due(now)]
        if not late:
            return []
        users = {user.id: user for user in ctx.session.list(User)}
        known = _known(ctx, [one.lead.id for one in late])
        made = [
            LeadEscalation(
                lead_id=one.lead.id,
                waiting_since=one.since,
                level=level,
                why=one.why,
                at=now,
                due_at=one.due[level - 1],
                user_id=told(one, level, users, ctx.config.assignment.escalate_to),
            )
            for one in late
            for level in range(1, one.levels_due(now) + 1)
            if (one.lead.id, one.since, level) not in known
        ]
        ctx.session.add(*made)
        _reassign(ctx, made, {one.lead.id: one for one in late})
        return made


def _known(ctx: Context, leads: list[UUID]) -> set[tuple[UUID, object, int]]:
    found = ctx.session.list(LeadEscalation, lead_id=leads)
    return {(one.lead_id, one.waiting_since, one.level) for one in found}


def told(waits: WaitingLead, level: int, users: Mapping[UUID, User], fallback: str) -> UUID | None:
    """Return who is told at a level: the owner's superior, that one's, and so on; else whoever is named for it. Pure."""
    if waits.why == "untouched" and waits.lead.owner_id is not None:
        superiors = _superiors(waits.lead.owner_id, users)
        if len(superiors) >= level:
            return superiors[level - 1]
    if not fallback:
        return None
    named = next((user.id for user in users.values() if user.login == fallback), None)
    if named is None:
        raise NotFound(msg("plugins.sfa.assignment.escalate_to: no user {login}", login=fallback))
    return named


def _superiors(owner: UUID, users: Mapping[UUID, User]) -> list[UUID]:
    """Return the active users that an owner reports to, the nearest first."""
    found: list[UUID] = []
    seen = {owner}
    above = users[owner].reports_to_id if owner in users else None
    while above is not None and above in users and above not in seen:
        seen.add(above)
        if users[above].state == "active":
            found.append(above)
        above = users[above].reports_to_id
    return found


def _reassign(ctx: Context, made: list[LeadEscalation], late: Mapping[UUID, WaitingLead]) -> None:
    """Take leads from owners who have left them untouched for too long, where the configuration says so."""
    level = ctx.config.assignment.reassign_at_level
    for one in made:
        owner = late[one.lead_id].lead.owner_id
        if level and one.level == level and one.why == "untouched" and owner is not None:
            assigned(ctx, [one.lead_id], anew=True, without=frozenset({owner}), kind="escalated")
