"""What an opportunity is worth by its lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from crmkit.plugin import Change, Context, Money, Refuse, change, msg
from crmkit_sfa.opportunities.entities import Opportunity, OpportunityLine
from crmkit_sfa.opportunities.pipeline import HUNDRED


def line_amount(line: OpportunityLine) -> Money:
    """Return quantity x unit price less the discount in percent, rounded half up to the currency's minor unit."""
    price = line.unit_price
    return Money(line.quantity * price.amount * (1 - line.discount / HUNDRED), price.currency).rounded()


def total(lines: Iterable[OpportunityLine]) -> Money | None:
    """Return the sum of the amounts of lines of one currency; None without lines, and where currencies differ."""
    amounts = [line_amount(line) for line in lines]
    if not amounts or len({amount.currency for amount in amounts}) > 1:
        return None
    return Money(sum((amount.amount for amount in amounts), Decimal(0)), amounts[0].currency)


def summed(ctx: Context, changes: Sequence[Change]) -> list[Any]:
    """Return the opportunities of changed lines, with the sum of their lines; without lines they keep their amount."""
    ids = {state.opportunity_id for c in changes for state in (c.before, c.after) if state is not None}
    with ctx.elevated("what a deal is worth follows from all of its lines"):
        opportunities = ctx.session.peek_all(Opportunity, "id", list(ids))
        lines = ctx.session.peek_all(OpportunityLine, "opportunity_id", list(ids))
    by_opportunity: dict[UUID, list[OpportunityLine]] = {}
    for line in lines:
        by_opportunity.setdefault(line.opportunity_id, []).append(line)
    made = [(one, total(by_opportunity.get(one.id, ()))) for one in opportunities]
    return [change(one, amount=amount) for one, amount in made if amount is not None and amount != one.amount]


def mixed_currencies(ctx: Context, changes: Sequence[Change]) -> list[Refuse]:
    """Return what speaks against lines in several currencies, and discounts that are none."""
    found = [
        Refuse(msg("discount is {value}, expected a percentage from 0 to 100", value=str(c.after.discount)), c.after.id)
        for c in changes
        if c.after.discount > HUNDRED
    ]
    living = {c.after.opportunity_id: c.after for c in changes if c.after.deleted_at is None}
    with ctx.elevated("what a deal is worth follows from all of its lines"):
        lines = ctx.session.peek_all(OpportunityLine, "opportunity_id", list(living))
    for id, line in living.items():
        known = sorted({one.unit_price.currency for one in lines if one.opportunity_id == id})
        if len(known) > 1:
            reason = msg(
                "the lines of an opportunity have one currency, these have {currencies}", currencies=", ".join(known)
            )
            found.append(Refuse(reason, line.id))
    return found
