"""What cannot be of an opportunity: days out of order, amounts and probabilities that are none."""

from __future__ import annotations

from collections.abc import Iterator

from crmkit.plugin import Change, Context, Message, msg
from crmkit_sfa.opportunities.entities import Opportunity
from crmkit_sfa.opportunities.pipeline import HUNDRED


def faults(ctx: Context, c: Change) -> Iterator[Message]:
    """Yield what is wrong with an opportunity in what a change touches; what stood before stays as it is."""
    one: Opportunity = c.after
    if one.probability is not None and one.probability > HUNDRED:
        yield msg("probability is {value}, expected a percentage from 0 to 100", value=str(one.probability))
    amount = one.amount if c.created or c.changed("amount") else None
    if amount is not None and (amount.amount < 0 or amount != amount.rounded()):
        yield msg("amount is {value}, expected money to its minor unit, not less than zero", value=str(amount))
    if c.created or c.changed("closed_on") or c.changed("opened_on") or c.changed("category"):
        yield from _days(ctx, one)


def _days(ctx: Context, one: Opportunity) -> Iterator[Message]:
    today, opened_on, closed_on = ctx.today(), one.opened_on, one.closed_on
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


def _wrong(field: str, value: object, expected: Message) -> Message:
    shown = "-" if value is None else str(value)
    return msg("{field} is {value}, expected {expected}", field=field, value=shown, expected=expected)
