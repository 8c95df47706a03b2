"""What happens while opportunities are saved; each hook gets all changes of a save at once.

The rules are imported when something is saved: starting the program takes none of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crmkit.plugin import Context, RecordBatch, Refuse, hookimpl
from crmkit_sfa.opportunities.pipeline import ENTITY, pipeline_problems


@hookimpl(specname="derive_records", entities=(ENTITY,))
def derive_opportunities(ctx: Context, call: RecordBatch) -> list[Any]:
    """Fill in what was left out, take the steps in the pipeline, tell the history, and hand the way over with its deal."""
    from crmkit_sfa.opportunities.big_deals import crossings
    from crmkit_sfa.opportunities.entering import entered
    from crmkit_sfa.opportunities.following import retold

    living = [c for c in call.changes if not c.deleted and c.after.deleted_at is None]
    tracks = ctx.services.tracks_handed_over(living)
    return [*entered(ctx, living), *retold(ctx, living), *tracks, *crossings(ctx, living)]


@hookimpl(specname="derive_records", entities=("sfa_opportunity_line",))
def derive_opportunity_amounts(ctx: Context, call: RecordBatch) -> list[Any]:
    """An opportunity is worth what its lines are."""
    from crmkit_sfa.opportunities.lines import summed

    return summed(ctx, call.changes)


@hookimpl(specname="guard_records", entities=("sfa_opportunity_line",))
def guard_opportunity_lines(ctx: Context, call: RecordBatch) -> list[Refuse]:
    """Refuse lines in several currencies and discounts beyond 100 percent."""
    from crmkit_sfa.opportunities.lines import mixed_currencies

    return mixed_currencies(ctx, call.changes)


@hookimpl(specname="derive_records", entities=("stage_transition",))
def derive_opportunities_from_steps(ctx: Context, call: RecordBatch) -> list[Any]:
    """An opportunity stands where its transitions say, whoever added them: a person, a rule, a new revision."""
    from crmkit_sfa.opportunities.following import followed

    return followed(ctx, call.changes)


@hookimpl(specname="guard_records", entities=(ENTITY,))
def guard_opportunities(ctx: Context, call: RecordBatch) -> Iterator[Refuse]:
    """Refuse what cannot be: a stage without the fields that it needs, days and amounts that make no sense."""
    from crmkit_sfa.opportunities.checking import faults

    return (Refuse(reason, id) for id, reason in faults(ctx, call.changes))


@hookimpl(specname="guard_records", entities=("lifecycle",))
def guard_pipelines(ctx: Context, call: RecordBatch) -> Iterator[Refuse]:
    """Refuse a pipeline whose stages say something that cannot be read."""
    for c in call.changes:
        if c.created and c.after.entity == ENTITY:
            definition = ctx.services.definition_of(c.after)
            for problem in pipeline_problems(definition):
                yield Refuse(problem, c.after.id)
