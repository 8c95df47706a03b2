"""What must not happen to inquiries; each hook gets all changes of a save at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crmkit.plugin import Context, RecordBatch, Refuse, change, hookimpl, msg


@hookimpl(specname="derive_records", entities=("sfa_inquiry_step",))
def derive_inquiry_steps(ctx: Context, call: RecordBatch) -> list[Any]:
    """Note who takes a step: whoever does it, whatever the record says."""
    actor: Any = ctx.actor
    return [change(item.record, by_id=actor.user_id) for item in call.changes if item.before is None]


@hookimpl(specname="guard_records", entities=("sfa_inquiry_step",))
def guard_inquiry_steps(ctx: Context, call: RecordBatch) -> Iterator[Refuse]:
    """Refuse to rewrite what was asked and answered: the history of an inquiry only grows."""
    if ctx.services.rewrites_history():
        return
    for item in call.changes:
        if item.before is not None:
            yield Refuse(msg("the steps of an inquiry stand as they were taken"), item.record.id)


@hookimpl(specname="guard_records", entities=("sfa_inquiry_line",))
def guard_inquiry_lines(ctx: Context, call: RecordBatch) -> Iterator[Refuse]:
    """Refuse quantities that cannot be built."""
    for item in call.changes:
        if not item.deleted and item.record.quantity <= 0:
            value = str(item.record.quantity)
            yield Refuse(msg("quantity {value}: expected a number above zero", value=value), item.record.id)
