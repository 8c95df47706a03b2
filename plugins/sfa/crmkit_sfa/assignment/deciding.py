"""Deciding who gets leads: rules in their order, what they picked from, and why. Nothing is written here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

import attrs

from crmkit.core.frozen import frozen
from crmkit.plugin import BadInput, Context, msg
from crmkit_sfa.assignment.candidates import Candidate, charged, choose, skip, words
from crmkit_sfa.assignment.entities import AssignmentRule
from crmkit_sfa.assignment.specs import AssigneeQuestion
from crmkit_sfa.assignment.staff import Staff, fits, matching
from crmkit_sfa.assignment.territories import Fit
from crmkit_sfa.leads.entities import Lead
from crmkit_sfa.leads.mapping import value_of


@frozen(kw_only=True)
class Decision:
    """Who gets a lead and why. ``kept``: no rule is about it, so whoever entered it keeps it; ``nobody``: it waits."""

    lead: Lead
    kind: Literal["assigned", "kept", "nobody"]
    user_id: UUID | None = None
    rule: AssignmentRule | None = None
    fit: Fit | None = None
    reasons: tuple[dict[str, Any], ...] = ()


@attrs.define
class Turns:
    """Credits by the name of the turn, as they are after the decisions so far; ``moved`` are those to write."""

    known: Staff
    moved: dict[str, dict[UUID, int]] = attrs.field(factory=dict)

    def of(self, name: str) -> dict[UUID, int]:
        """Return the credits of a turn."""
        if name not in self.moved:
            turn = self.known.turns.get(name)
            return {} if turn is None else {UUID(user): int(credit) for user, credit in turn.credits.items()}
        return self.moved[name]


def decide(
    ctx: Context, known: Staff, leads: Sequence[Lead], turns: Turns, without: frozenset[UUID] = frozenset()
) -> list[Decision]:
    """Return decisions on leads, in their order; each counts for the load and the turn of the next one.

    ``without`` are users who do not get them. Asks the database once for each rule and territory.
    """
    ids = [lead.id for lead in leads]
    matched = {rule.id: matching(ctx, ids, rule.filter) for rule in known.rules}
    by_territory = any(rule.by_territory for rule in known.rules)
    found = fits(ctx, known, ids) if by_territory else {}
    decisions = []
    for lead in leads:
        decision = _decide(ctx, known, lead, matched, found.get(lead.id), turns, without)
        if decision.user_id is not None and decision.kind == "assigned":
            known.took(decision.user_id, lead.owner_id if lead.assigned_at is not None else None)
        decisions.append(decision)
    return decisions


def _decide(
    ctx: Context,
    known: Staff,
    lead: Lead,
    matched: dict[UUID, frozenset[UUID]],
    fit: Fit | None,
    turns: Turns,
    without: frozenset[UUID],
) -> Decision:
    reasons: list[dict[str, Any]] = []
    asked = False
    for rule in known.rules:
        if lead.id not in matched[rule.id]:
            reasons.append({"rule": rule.name, "result": "no_match"})
            continue
        asked = True
        reason, user = _ask(ctx, known, lead, rule, fit, turns, without)
        reasons.append(reason)
        if user is not None:
            return Decision(lead=lead, kind="assigned", user_id=user, rule=rule, fit=fit, reasons=tuple(reasons))
    if not asked:
        named = ctx.hooks.choose("choose_sfa_assignee", AssigneeQuestion(lead, None, ()))
        if named is not None:
            reasons.append({"rule": "", "result": "plugin", "chosen": _active(known, named).login})
            return Decision(lead=lead, kind="assigned", user_id=named, reasons=tuple(reasons))
        owner = known.candidates.get(lead.owner_id) if lead.owner_id is not None else None
        if owner is not None and owner.user_id not in without and owner.state == "active":
            return Decision(lead=lead, kind="kept", user_id=owner.user_id, reasons=tuple(reasons))
    return Decision(lead=lead, kind="nobody", reasons=tuple(reasons))


def _ask(
    ctx: Context,
    known: Staff,
    lead: Lead,
    rule: AssignmentRule,
    fit: Fit | None,
    turns: Turns,
    without: frozenset[UUID],
) -> tuple[dict[str, Any], UUID | None]:
    reason: dict[str, Any] = {"rule": rule.name, "method": rule.method}
    if rule.by_territory:
        reason["territory"] = fit.territory.name if fit else ""
        if fit and fit.overlapping:
            reason["overlapping"] = [territory.name for territory in fit.overlapping]
    name, candidates = known.of_rule(rule, fit)
    needed = words(rule.skills)
    if rule.skill_field:
        needed |= words([str(value_of(lead, rule.skill_field) or "")])
    if needed:
        reason["skills"] = sorted(needed)
    credits = turns.of(name)
    choice = choose(rule.method, candidates, credits, needed, without)
    reason["skipped"] = [
        {"user": one.login, "why": choice.skipped[one.user_id]} for one in candidates if one.user_id in choice.skipped
    ]
    able = tuple(one for one in candidates if not skip(one, needed, without))
    named = ctx.hooks.choose("choose_sfa_assignee", AssigneeQuestion(lead, rule, tuple(one.user_id for one in able)))
    if named is not None:
        chosen = _active(known, named)
        if any(one.user_id == named for one in able):
            turns.moved[name] = charged(credits, able, named)
        return {**reason, "result": "plugin", **_picked(chosen, able)}, named
    if choice.chosen is None:
        return {**reason, "result": "nobody"}, None
    turns.moved[name] = dict(choice.credits)
    return {**reason, "result": "chosen", **_picked(choice.chosen, able)}, choice.chosen.user_id


def _picked(chosen: Candidate, able: Sequence[Candidate]) -> dict[str, Any]:
    told: dict[str, Any] = {"chosen": chosen.login, "load": chosen.load, "among": len(able)}
    return {**told, "capacity": chosen.capacity} if chosen.capacity is not None else told


def _active(known: Staff, user: Any) -> Candidate:
    found = known.candidates.get(user)
    if found is None or found.state != "active":
        raise BadInput(msg("choose_sfa_assignee: {user} - the id of an active user", user=str(user)))
    return found
