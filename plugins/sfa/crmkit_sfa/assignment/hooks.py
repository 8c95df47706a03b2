"""What happens while rules and territories are saved, and once leads are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crmkit.plugin import BadInput, Context, RecordBatch, Refuse, did_you_mean, entity_info, hookimpl, msg
from crmkit_sfa.assignment.entities import Assignment, Territory
from crmkit_sfa.assignment.territories import path
from crmkit_sfa.leads.entities import Lead


@hookimpl(specname="after_records_saved_committed", entities=("sfa_lead",))
def leads_entered(ctx: Context, call: RecordBatch) -> None:
    """Leads that came in are settled and, where that is automatic, assigned; told again, they are done already."""
    # What it takes is imported when leads come in: it would slow down every start.
    from crmkit_sfa.assignment.assigning import assigned
    from crmkit_sfa.leads.settling import settle

    entered = [c.after.id for c in call.changes if c.created and c.after.deleted_at is None]
    if not entered:
        return
    with ctx.elevated("leads that came in are looked at, whoever entered them"):
        settle(ctx, ctx.session.list(Lead, id=entered, score=None))
        if ctx.config.assignment.automatic:
            decided = {one.lead_id for one in ctx.session.list(Assignment, lead_id=entered)}
            assigned(ctx, [id for id in entered if id not in decided])


@hookimpl(specname="derive_records", entities=("sfa_assignment_rule", "sfa_territory"))
def check_filters(ctx: Context, call: RecordBatch) -> list[Any]:
    """Read the filters of rules and territories, so that a wrong one is told when it is written."""
    kept = [c for c in call.changes if not c.deleted]
    with ctx.elevated("whether a filter can be read does not depend on rights"):
        for text in dict.fromkeys(c.after.filter for c in kept if c.changed("filter") and c.after.filter):
            ctx.session.list(Lead, text, limit=1)
    if call.entity == "sfa_assignment_rule":
        for c in kept:
            _check_skill_field(c.after.skill_field)
    return []


def _check_skill_field(name: str) -> None:
    known = entity_info(Lead).by_name
    if name and not name.startswith("custom.") and name not in known:
        hint = did_you_mean(name, known)
        raise BadInput(msg("sfa_assignment_rule.skill_field: no field {name} of a lead; {hint}", name=name, hint=hint))


@hookimpl(specname="guard_records", entities=("sfa_territory",))
def guard_territories(ctx: Context, call: RecordBatch) -> Iterator[Refuse]:
    """A territory is not part of itself."""
    moved = [
        c.after for c in call.changes if c.changed("parent_id") and c.after.parent_id is not None and not c.deleted
    ]
    if not moved:
        return
    by_id = {territory.id: territory for territory in ctx.session.peek_all(Territory)}
    for territory in moved:
        if path(territory, {**by_id, territory.id: territory}) is None:
            reason = msg("territory {name} cannot be part of one that is part of it", name=territory.name)
            yield Refuse(reason, territory.id)
