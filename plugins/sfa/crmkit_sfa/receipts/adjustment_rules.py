"""What must hold of adjustments: writing off takes a permission, and all others follow from what becomes of the order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from crmkit.core.frozen import frozen
from crmkit.plugin import Change, Context, Message, Money, Refuse, msg
from crmkit_sfa.orders.entities import Order, OrderAmendment
from crmkit_sfa.receipts.entities import Adjustment, PlannedReceipt
from crmkit_sfa.receipts.ledger import ZERO
from crmkit_sfa.receipts.permissions import WRITE_OFF
from crmkit_sfa.receipts.rates import rates_of
from crmkit_sfa.receipts.rules import WHY, not_positive


def adjustment_refusals(ctx: Context, changes: Sequence[Change]) -> Iterator[Refuse]:
    """Refuse to rewrite adjustments, write-offs without the permission, and others that do not follow from the order."""
    plans = _Plans(ctx, [c.after for c in changes])
    for c in changes:
        one: Adjustment = c.after
        target = plans.planned.get(one.planned_id)
        if c.before is not None:
            yield Refuse(msg("an adjustment stands as it was made; make another one"), one.id)
        elif target is not None and (wrong := _wrong_money(one, target) or _wrong_kind(ctx, one, plans.of(target))):
            yield Refuse(wrong, one.id)


def _wrong_money(one: Adjustment, target: PlannedReceipt) -> Message | None:
    if one.amount.currency == target.amount.currency and one.amount.rounded() == one.amount:
        return None
    return msg(
        "{value} was given, expected an amount in {currency} to its minor unit",
        value=str(one.amount),
        currency=target.amount.currency,
    )


def _wrong_kind(ctx: Context, one: Adjustment, plan: _Plan) -> Message | None:
    if one.kind == "write_off":
        if plan.takes_back(one):
            return None
        return not_positive("sfa_adjustment.amount", one.amount) or _not_written_off(ctx, one)
    if plan.follows_order or plan.planned_anew:
        return None
    return msg(
        "an adjustment of kind {kind} follows from amending or cancelling order {number} or planning it anew",
        kind=one.kind,
        number=plan.order.number,
    )


def _not_written_off(ctx: Context, one: Adjustment) -> Message | None:
    actor: Any = ctx.actor
    if not actor.has_permission(WRITE_OFF):
        return msg(
            "{actor} may not write off money: that takes the permission {permission}",
            actor=ctx.actor.name,
            permission=WRITE_OFF,
        )
    largest = ctx.config.receipts.largest_write_off
    if largest > 0:
        worth = rates_of(ctx).convert(
            one.amount.amount, one.amount.currency, ctx.currency, one.adjusted_on or ctx.today()
        )
        if worth > largest:
            limit = str(Money(largest, ctx.currency))
            return msg(
                "{amount} is more than {limit}, the largest difference to write off",
                amount=str(one.amount),
                limit=limit,
            )
    return None


@frozen
class _Plan:
    """What is planned for one order and what it was adjusted by, with what is new in this save (version 0)."""

    order: Order
    amended: bool
    planned: Sequence[PlannedReceipt]
    adjustments: Sequence[Adjustment]

    @property
    def follows_order(self) -> bool:
        """Whether the order was amended in this save and what is expected is what it comes to then."""
        worth = ZERO if self.order.status == "cancelled" or self.order.gross is None else self.order.gross.amount
        expected = sum((one.amount.amount for one in self.planned), ZERO)
        expected -= sum((one.amount.amount for one in self.adjustments if one.kind != "write_off"), ZERO)
        return self.amended and expected == worth

    @property
    def planned_anew(self) -> bool:
        """Whether all that is taken off is expected again, from the same day on, by what is planned in this save."""
        less: dict[date | None, Decimal] = {}
        for one in self.adjustments:
            if one.version == 0 and one.kind != "write_off":
                if one.amount.amount <= 0:
                    return False
                less[one.adjusted_on] = less.get(one.adjusted_on, ZERO) + one.amount.amount
        new = [one for one in self.planned if one.version == 0]
        return all(
            day is not None and taken <= sum((one.amount.amount for one in new if one.planned_on == day), ZERO)
            for day, taken in less.items()
        )

    def takes_back(self, one: Adjustment) -> bool:
        """Whether a write-off is taken back because what was written off is no longer expected."""
        here = [other for other in self.adjustments if other.planned_id == one.planned_id]
        written_off = sum((other.amount.amount for other in here if other.kind == "write_off"), ZERO)
        less = sum((o.amount.amount for o in here if o.version == 0 and o.kind != "write_off"), ZERO)
        return one.amount.amount < 0 <= written_off and -one.amount.amount <= less and self.follows_order


class _Plans:
    """The plans of the orders that adjustments are of, read at once."""

    def __init__(self, ctx: Context, changed: Sequence[Adjustment]) -> None:
        with ctx.elevated(WHY):
            peek: Callable[..., Sequence[Any]] = ctx.session.peek_all
            touched = peek(PlannedReceipt, "id", sorted({one.planned_id for one in changed}))
            ids = sorted({one.order_id for one in touched})
            orders = {one.id: one for one in peek(Order, "id", ids)}
            amended = {one.order_id for one in peek(OrderAmendment, "order_id", ids) if one.version == 0}
            planned: Sequence[PlannedReceipt] = peek(PlannedReceipt, "order_id", ids)
            adjustments: Sequence[Adjustment] = peek(Adjustment, "planned_id", [one.id for one in planned])
        self.planned = {one.id: one for one in touched if one.order_id in orders}
        of = {one.id: one.order_id for one in planned}
        self._plans: dict[UUID, _Plan] = {
            id: _Plan(
                order,
                id in amended,
                [one for one in planned if one.order_id == id],
                [one for one in adjustments if of[one.planned_id] == id],
            )
            for id, order in orders.items()
        }

    def of(self, planned: PlannedReceipt) -> _Plan:
        return self._plans[planned.order_id]
