"""What happens while opportunities are saved; each hook gets all changes of a save at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crmkit.plugin import Context, RecordBatch, Refuse, hookimpl, msg
from crmkit_sfa.opportunities.big_deals import crossings
from crmkit_sfa.opportunities.entering import entered
from crmkit_sfa.opportunities.following import followed, retold
from crmkit_sfa.opportunities.lines import mixed_currencies, summed
from crmkit_sfa.opportunities.pipeline import ENTITY, HUNDRED, Pipelines, pipeline_problems


@hookimpl(specname="derive_records", entities=(ENTITY,))
def derive_opportunities(ctx: Context, call: RecordBatch) -> list[Any]:
    """Fill in what was left out, take the steps in the pipeline, and tell the history."""
    living = [c for c in call.changes if not c.deleted and c.after.deleted_at is None]
    return [*entered(ctx, living), *retold(ctx, living), *crossings(ctx, living)]


@hookimpl(specname="derive_records", entities=("sfa_opportunity_line",))
def derive_opportunity_amounts(ctx: Context, call: RecordBatch) -> list[Any]:
    """An opportunity is worth what its lines are."""
    return summed(ctx, call.changes)


@hookimpl(specname="guard_records", entities=("sfa_opportunity_line",))
def guard_opportunity_lines(ctx: Context, call: RecordBatch) -> list[Refuse]:
    """Refuse lines in several currencies and discounts beyond 100 percent."""
    return mixed_currencies(ctx, call.changes)


@hookimpl(specname="derive_records", entities=("stage_transition",))
def derive_opportunities_from_steps(ctx: Context, call: RecordBatch) -> list[Any]:
    """An opportunity stands where its transitions say, whoever added them: a person, a rule, a new revision."""
    return followed(ctx, call.changes)


@hookimpl(specname="guard_records", entities=(ENTITY,))
def guard_opportunities(ctx: Context, call: RecordBatch) -> Iterator[Refuse]:
    """Refuse a stage without the fields that it needs, and a probability that is none."""
    pipelines = None
    for c in call.changes:
        one = c.after
        if c.deleted or one.deleted_at is not None:
            continue
        if one.probability is not None and one.probability > HUNDRED:
            reason = msg("probability is {value}, expected a percentage from 0 to 100", value=str(one.probability))
            yield Refuse(reason, one.id)
        if c.created or c.changed("stage") or c.changed("pipeline"):
            pipelines = pipelines or Pipelines(ctx)
            required = pipelines.settings(one.pipeline, one.stage).required
            missing = [name for name in required if _empty(one, name)]
            if missing:
                reason = msg(
                    "an opportunity in stage {stage} needs {fields}", stage=one.stage, fields=", ".join(missing)
                )
                yield Refuse(reason, one.id)


@hookimpl(specname="guard_records", entities=("lifecycle",))
def guard_pipelines(ctx: Context, call: RecordBatch) -> Iterator[Refuse]:
    """Refuse a pipeline whose stages say something that cannot be read."""
    for c in call.changes:
        if c.created and c.after.entity == ENTITY:
            definition = ctx.services.definition_of(c.after)
            for problem in pipeline_problems(definition):
                yield Refuse(problem, c.after.id)


def _empty(one: Any, name: str) -> bool:
    kind, _, custom = name.partition(".")
    value = one.custom.get(custom) if custom else getattr(one, kind)
    return value is None or value == ""
