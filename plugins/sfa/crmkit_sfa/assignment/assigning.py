"""Assigning leads: decided and written in one transaction, by one at a time, with the reasons kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

from crmkit.core.staff import User
from crmkit.plugin import BadInput, Context, Refused, change, msg
from crmkit_sfa.assignment.deciding import Decision, Turns, decide
from crmkit_sfa.assignment.entities import Assignment, AssignmentTurn
from crmkit_sfa.assignment.staff import Staff, staff
from crmkit_sfa.leads.entities import Lead
from crmkit_sfa.leads.statuses import OPEN

BATCH = 500
Kind = Literal["assigned", "kept", "nobody", "by_hand", "rebalanced", "escalated"]


def assign(ctx: Context, leads: Sequence[Lead], *, anew: bool = False) -> list[Decision]:
    """Assign open leads by the rules and return the decisions; leads that are assigned stay, unless ``anew``.

    Those who assign at once do so one after the other, until the end of their transactions: nobody is passed over or
    picked twice, and nobody gets more than may be. Raises AccessDenied without the right to assign leads.
    """
    require_assign(ctx)
    with ctx.elevated("the rules decide who gets a lead"):
        return assigned(ctx, [lead.id for lead in leads], anew=anew)


def assigned(
    ctx: Context,
    ids: Sequence[UUID],
    *,
    anew: bool = False,
    without: frozenset[UUID] = frozenset(),
    kind: Literal["assigned", "escalated"] = "assigned",
) -> list[Decision]:
    """Assign leads by the rules, as whoever has every right."""
    if not ids:
        return []
    in_turn(ctx)
    held = ctx.services.hold_records(Lead, ids)
    waiting = [
        held[id] for id in ids if id in held and held[id].status in OPEN and (anew or held[id].assigned_at is None)
    ]
    if not waiting:
        return []
    known = staff(ctx)
    turns = Turns(known)
    decisions = decide(ctx, known, waiting, turns, without)
    _write_turns(ctx, known, turns)
    told = _told_before(ctx, [decision.lead.id for decision in decisions if decision.kind == "nobody"])
    for decision in decisions:
        if decision.kind == "nobody" and told.get(decision.lead.id) == tuple(decision.reasons):
            continue
        write(ctx, known, decision, kind=kind if decision.kind == "assigned" else decision.kind)
    return decisions


def preview(ctx: Context, leads: Sequence[Lead]) -> list[Decision]:
    """Return what assigning leads would decide now; nothing is written. Raises AccessDenied as ``assign``."""
    require_assign(ctx)
    with ctx.elevated("the rules decide who would get a lead"):
        known = staff(ctx)
        return decide(ctx, known, leads, Turns(known))


def waiting_for_assignment(ctx: Context, limit: int = BATCH) -> list[Lead]:
    """Return open leads that nobody was given yet, the longest waiting first."""
    return [*ctx.session.list(Lead, status=list(OPEN), assigned_at=None, order="waiting_since,id", limit=limit)]


def give(ctx: Context, lead: Lead, user: User, note: str = "") -> Lead:
    """Give a lead to a user by hand.

    Raises Refused for a lead that is not open and a user who is not active, BadInput for a user of a dealer.
    """
    if user.customer_id is not None:
        raise BadInput(msg("{login} belongs to a dealer: offer it to the dealer", login=user.login))
    if user.state != "active":
        raise Refused("sfa", msg("{user} is {state} and takes no leads", user=user.login, state=user.state))
    if lead.status not in OPEN:
        raise Refused("sfa", msg("{lead} is {status} and not open any more", lead=lead.name, status=lead.status))
    in_turn(ctx)
    held = ctx.services.hold_records(Lead, [lead.id])[lead.id]
    ctx.session.update(_owned(ctx, held, user))
    ctx.session.add(
        Assignment(
            lead_id=lead.id, at=ctx.clock.now(), kind="by_hand", user_id=user.id, before_id=held.owner_id, note=note
        )
    )
    return ctx.session.list(Lead, id=lead.id)[0]


def in_turn(ctx: Context) -> None:
    """Let those who assign go one after the other, until the end of their transactions."""
    ctx.services.take_turns("sfa_assignment")


def require_assign(ctx: Context) -> None:
    """Raise AccessDenied unless the actor may assign leads."""
    actor: Any = ctx.actor
    actor.require("sfa_lead", "assign")


def write(ctx: Context, known: Staff, decision: Decision, *, kind: Kind, note: str = "") -> None:
    """Write a decision: the lead's owner, and the reasons."""
    lead = decision.lead
    if decision.user_id is not None:
        ctx.session.update(_owned(ctx, lead, known.users[decision.user_id]))
    ctx.session.add(
        Assignment(
            lead_id=lead.id,
            at=ctx.clock.now(),
            kind=kind,
            user_id=decision.user_id,
            before_id=lead.owner_id,
            rule_id=decision.rule.id if decision.rule else None,
            territory_id=decision.fit.territory.id if decision.fit else None,
            note=note,
            reasons=decision.reasons,
        )
    )


def _owned(ctx: Context, lead: Lead, user: User) -> Lead:
    now = ctx.clock.now()
    waits = now if lead.waiting_since is not None else None
    return change(lead, owner_id=user.id, team_id=user.team_id, assigned_at=now, waiting_since=waits)


def _write_turns(ctx: Context, known: Staff, turns: Turns) -> None:
    for name, credits in turns.moved.items():
        written = {str(user): credit for user, credit in credits.items()}
        turn = known.turns.get(name)
        if turn is None:
            ctx.session.add(AssignmentTurn(name=name, credits=written))
        else:
            ctx.session.update(change(turn, credits=written))


def _told_before(ctx: Context, leads: Sequence[UUID]) -> dict[UUID, Any]:
    """Return the reasons of the last decision on leads that nobody got: the same is not written over and over."""
    if not leads:
        return {}
    found: dict[UUID, Any] = {}
    for one in ctx.session.list(Assignment, lead_id=list(leads), order="at,id"):
        found[one.lead_id] = tuple(dict(reason) for reason in one.reasons) if one.kind == "nobody" else None
    return found
