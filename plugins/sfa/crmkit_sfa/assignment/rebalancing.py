"""Passing leads from those who have too many, or are away, to those who have fewer; shown before it is done."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from crmkit.core.frozen import frozen
from crmkit.core.staff import Team, User
from crmkit.plugin import Context, change
from crmkit_sfa.assignment.assigning import in_turn, require_assign
from crmkit_sfa.assignment.balance import Move, balance
from crmkit_sfa.assignment.candidates import Candidate
from crmkit_sfa.assignment.entities import Assignment, AssignmentRule
from crmkit_sfa.assignment.staff import Staff, staff
from crmkit_sfa.leads.entities import Lead


@frozen
class Passing:
    """A lead that passes, or would, from one user to another."""

    lead: Lead
    giver: User
    taker: User


def rebalance(
    ctx: Context, *, team: Team | None = None, rule: AssignmentRule | None = None, dry_run: bool = False
) -> list[Passing]:
    """Even out the leads that nobody has taken up yet, among the users of a team or a rule, and return what passed.

    With ``dry_run`` nothing is written. Raises AccessDenied without the right to assign leads.
    """
    require_assign(ctx)
    with ctx.elevated("leads are evened out, whoever has them"):
        if not dry_run:
            in_turn(ctx)
        known = staff(ctx)
        among = _among(known, team, rule)
        owners = [candidate.user_id for candidate in among]
        untouched = ctx.session.list(
            Lead, "assigned_at is not empty", status="new", owner_id=owners, order="assigned_at,id"
        )
        held = {lead.id: lead for lead in untouched}
        if not dry_run and held:
            held = ctx.services.hold_records(Lead, list(held))
        movable: dict[UUID, list[UUID]] = {owner: [] for owner in owners}
        for lead in held.values():
            if lead.status == "new" and lead.owner_id in movable:
                movable[lead.owner_id].append(lead.id)
        moves = balance(among, movable)
        if not dry_run:
            _write(ctx, known, held, moves)
        return [Passing(held[move.lead], known.users[move.giver], known.users[move.taker]) for move in moves]


def _among(known: Staff, team: Team | None, rule: AssignmentRule | None) -> Sequence[Candidate]:
    chosen: dict[UUID, Candidate] = {}
    if team is not None:
        teams = known.below.get(team.id, frozenset({team.id}))
        chosen |= {user.id: known.candidates[user.id] for user in known.users.values() if user.team_id in teams}
    if rule is not None:
        chosen |= {candidate.user_id: candidate for candidate in known.of_rule(rule, None)[1]}
    return sorted(chosen.values(), key=lambda candidate: candidate.login)


def _write(ctx: Context, known: Staff, held: dict[UUID, Lead], moves: Sequence[Move]) -> None:
    now = ctx.clock.now()
    for move in moves:
        lead, taker = held[move.lead], known.users[move.taker]
        ctx.session.update(
            change(
                lead,
                owner_id=taker.id,
                team_id=taker.team_id,
                assigned_at=now,
                waiting_since=lead.waiting_since and now,
            )
        )
        ctx.session.add(Assignment(lead_id=lead.id, at=now, kind="rebalanced", user_id=taker.id, before_id=move.giver))
