"""What people say about forecasts and targets is dated when it is written, and stands from then on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crmkit.plugin import Context, FieldError, RecordBatch, Refuse, ValidationFailed, change, hookimpl, msg
from crmkit_sfa.reporting.fiscal import period_of

_SAID = {"sfa_forecast_adjustment": "made_at", "sfa_forecast_submission": "submitted_at", "sfa_target": "set_at"}
_ENTITIES = tuple(_SAID)


@hookimpl(specname="derive_records", entities=_ENTITIES)
def derive_forecast_words(ctx: Context, call: RecordBatch) -> list[Any]:
    """Fill in the instant, the first day of the period, and whose figures of one's own these are."""
    made = []
    starts = ctx.config.fiscal_year_starts
    for one in (item.after for item in call.changes if item.created):
        filled: dict[str, Any] = {"period_start": period_of(one.period_start, one.period_kind, starts).start}
        if getattr(one, _SAID[call.entity]) is None:
            filled[_SAID[call.entity]] = ctx.clock.now()
        if call.entity == "sfa_forecast_submission" and one.user_id is None:
            filled["user_id"] = ctx.actor.user_id
        if any(getattr(one, name) != value for name, value in filled.items()):
            made.append(change(one, **filled))
    return made


@hookimpl(specname="guard_records", entities=_ENTITIES)
def guard_forecast_words(ctx: Context, call: RecordBatch) -> Iterator[Refuse]:
    """Refuse changes of what was said, and words of the future; raises ValidationFailed for these."""
    for item in call.changes:
        one, name = item.after, _SAID[call.entity]
        if item.before is not None:
            if _said_anew(item.before, one):
                reason = msg("{entity} {id} stands as it was given; add another", entity=call.entity, id=one.id)
                yield Refuse(reason, one.id)
        elif (said := getattr(one, name)) > ctx.clock.now():
            expected = msg("an instant that is not in the future")
            raise ValidationFailed([FieldError(f"{call.entity}.{name}", "range", said, expected)])


_SAYS = (
    *("user_id", "for_team_id", "product_id", "territory_id", "period_kind", "period_start", "metric", "category"),
    *("amount", "number", "commit", "best_case", "reason", "note", "made_at", "submitted_at", "set_at", "withdrawn"),
    "deleted_at",
)
"""What it says may not change, nor go; who may see it may."""


def _said_anew(before: Any, after: Any) -> bool:
    return any(hasattr(after, name) and getattr(before, name) != getattr(after, name) for name in _SAYS)
