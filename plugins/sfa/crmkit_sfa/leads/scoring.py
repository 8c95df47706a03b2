"""How promising leads are: points with reasons, from the configuration and from plugins, summed and kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from crmkit.plugin import Context, Message, change
from crmkit_sfa.leads.entities import Lead
from crmkit_sfa.leads.specs import LeadScore, LeadsToScore


def scored(ctx: Context, leads: Sequence[Lead]) -> list[Lead]:
    """Return leads as they are stored, with their score of now; it is written with the session.

    Raises FilterError for a rule that cannot be read.
    """
    if not leads:
        return []
    ids = [lead.id for lead in leads]
    with ctx.elevated("the score of a lead does not depend on who looks"):
        leads = ctx.session.list(Lead, id=ids)
        reasons = _reasons(ctx, leads)
        for lead in leads:
            given = tuple(reasons[lead.id])
            total = sum(reason["points"] for reason in given)
            if (lead.score, tuple(map(dict, lead.score_reasons))) != (total, given):
                ctx.session.update(change(lead, score=total, score_reasons=given))
        stored = {lead.id: lead for lead in ctx.session.list(Lead, id=ids)}
    return [stored[id] for id in ids]


def _reasons(ctx: Context, leads: Sequence[Lead]) -> dict[UUID, list[dict[str, Any]]]:
    found: dict[UUID, list[dict[str, Any]]] = {lead.id: [] for lead in leads}
    ids = list(found)
    for rule in ctx.config.leads.scores:
        for lead in ctx.session.list(Lead, rule.filter, id=ids):
            found[lead.id].append({"points": rule.points, "reason": rule.reason})
    answers = ctx.hooks.collect("collect_sfa_lead_scores", LeadsToScore(tuple(leads)))
    for answer in (one for one in answers if isinstance(one, LeadScore)):
        reason = answer.reason.render() if isinstance(answer.reason, Message) else answer.reason
        if answer.lead_id in found and answer.points:
            found[answer.lead_id].append({"points": answer.points, "reason": reason})
    return found
