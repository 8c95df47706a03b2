"""What cannot be of an opportunity: days out of order, amounts that are none, a stage without the fields that it needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from crmkit.plugin import Change, Context, Message, msg
from crmkit_sfa.opportunities.entities import Opportunity
from crmkit_sfa.opportunities.pipeline import HUNDRED, Pipelines
from crmkit_sfa.opportunities.saving import saving_of


def faults(ctx: Context, changes: Sequence[Change]) -> Iterator[tuple[UUID, Message]]:
    """Yield what is wrong with opportunities in what changes touch, each with its id; what stood before stays as it is."""
    pipelines, today = saving_of(ctx).pipelines, ctx.today()
    for c in changes:
        if c.after.deleted_at is None:
            for reason in (*_of_itself(today, c), *_lacking(pipelines, c)):
                yield c.after.id, reason


def _of_itself(today: date, c: Change) -> Iterator[Message]:
    one: Opportunity = c.after
    if one.probability is not None and one.probability > HUNDRED:
        yield msg("probability is {value}, expected a percentage from 0 to 100", value=str(one.probability))
    amount = one.amount if c.created or c.changed("amount") else None
    if amount is not None and (amount.amount < 0 or amount != amount.rounded()):
        yield msg("amount is {value}, expected money to its minor unit, not less than zero", value=str(amount))
    if c.created or c.changed("closed_on") or c.changed("opened_on") or c.changed("category"):
        yield from _days(today, one)


def _days(today: date, one: Opportunity) -> Iterator[Message]:
    opened_on, closed_on = one.opened_on, one.closed_on
    if opened_on is not None and opened_on > today:
        yield _wrong("opened_on", opened_on, msg("a day that is not in the future"))
    if one.category == "open":
        if closed_on is not None:
            yield _wrong("closed_on", closed_on, msg("nothing while it is open"))
    elif closed_on is None:
        yield _wrong("closed_on", None, msg("the day it was won or lost"))
    elif closed_on > today:
        yield _wrong("closed_on", closed_on, msg("a day that is not in the future"))
    elif opened_on is not None and closed_on < opened_on:
        yield _wrong("closed_on", closed_on, msg("a day not before {day}, when it was opened", day=opened_on))


def _lacking(pipelines: Pipelines, c: Change) -> Iterator[Message]:
    """A stage asks for its fields of who comes there, and lets nobody empty them there."""
    settings = pipelines.known(c.after.pipeline, c.after.stage)
    missing = [name for name in settings.required if _empty(c.after, name)] if settings is not None else []
    come = c.created or c.changed("stage") or c.changed("pipeline")
    if missing and (come or any(not _empty(c.before, name) for name in missing)):
        fields = ", ".join(missing)
        yield msg("an opportunity in stage {stage} needs {fields}", stage=c.after.stage, fields=fields)


def _wrong(field: str, value: object, expected: Message) -> Message:
    shown = "-" if value is None else str(value)
    return msg("{field} is {value}, expected {expected}", field=field, value=shown, expected=expected)


def _empty(one: Any, name: str) -> bool:
    field, _, custom = name.partition(".")
    value = one.custom.get(custom) if custom else getattr(one, field)
    return value is None or value == ""
