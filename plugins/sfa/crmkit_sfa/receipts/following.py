"""What becomes of planned receipts when their order is amended or cancelled."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from crmkit.plugin import Change, Context, Money, msg
from crmkit_sfa.orders.entities import PLACED, Order
from crmkit_sfa.receipts.entities import Adjustment, AdjustmentKind, Allocation, PlannedReceipt
from crmkit_sfa.receipts.ledger import Paid, Position, Reduction, reductions, released, total

WHY = "what is expected for an order follows the order, whoever amends it"


def followed(ctx: Context, changes: Sequence[Change]) -> list[Any]:
    """Return the adjustments and releases that orders need which became cheaper, dearer or were cancelled.

    Less is taken off what is open, from the last instalment on, then off what was paid: that becomes credit. More is
    added to the last instalment of an order that was planned wholly.
    """
    concerned = [
        c
        for c in changes
        if c.before is not None and c.before.status in PLACED and (c.changed("gross") or c.changed("status"))
    ]
    if not concerned:
        return []
    ids = [c.after.id for c in concerned]
    with ctx.elevated(WHY):
        planned = sorted(
            ctx.session.peek_all(PlannedReceipt, "order_id", ids), key=lambda one: (one.due_on, one.position, one.id)
        )
        of_planned = [one.id for one in planned]
        adjustments = ctx.session.peek_all(Adjustment, "planned_id", of_planned) if planned else ()
        allocations = ctx.session.peek_all(Allocation, "planned_id", of_planned) if planned else ()
    made: list[Any] = []
    for c in concerned:
        own = [one for one in planned if one.order_id == c.after.id]
        if own:
            mine = {one.id for one in own}
            ledger = _Ledger(
                ctx,
                c.after,
                own,
                [one for one in adjustments if one.planned_id in mine],
                [one for one in allocations if one.planned_id in mine],
            )
            made += ledger.following(c.before)
    return made


class _Ledger:
    """The planned receipts of one order with all that moved."""

    def __init__(
        self,
        ctx: Context,
        order: Order,
        planned: Sequence[PlannedReceipt],
        adjustments: Sequence[Adjustment],
        allocations: Sequence[Allocation],
    ) -> None:
        self.ctx, self.order, self.planned = ctx, order, planned
        self.adjustments, self.allocations = adjustments, allocations
        self.kind: AdjustmentKind = "amendment" if order.status in PLACED else "cancellation"

    def following(self, before: Order) -> list[Any]:
        unit = self.order.currency
        nothing = Money(Decimal(0), unit)
        target = nothing if self.order.status == "cancelled" or self.order.gross is None else self.order.gross
        former = before.gross if before.gross is not None else nothing
        expected = total((one.amount for one in self.planned), unit) - total(
            (one.amount for one in self.adjustments if one.kind != "write_off"), unit
        )
        if target < expected:
            found = reductions(expected - target, [self._position(one) for one in self.planned])
            return [record for one in found for record in self._reduced(one)]
        if expected < target and expected == former:
            return [self._adjustment(self._last().id, self.kind, expected - target)]
        return []

    def _last(self) -> PlannedReceipt:
        """The last instalment that money is or was expected of; one that was planned anew is none any more."""
        positions = [self._position(one) for one in self.planned]
        live = [
            one
            for one, at in zip(self.planned, positions, strict=True)
            if at.outstanding.amount > 0 or at.settled.amount > 0
        ]
        return live[-1] if live else self.planned[-1]

    def _position(self, planned: PlannedReceipt) -> Position[UUID]:
        unit = self.order.currency
        own = [one for one in self.adjustments if one.planned_id == planned.id]
        settled = total((one.settled for one in self.allocations if one.planned_id == planned.id), unit)
        adjusted = total((one.amount for one in own), unit)
        written_off = total((one.amount for one in own if one.kind == "write_off"), unit)
        return Position(planned.id, planned.amount - adjusted - settled, settled, written_off)

    def _reduced(self, less: Reduction[UUID]) -> list[Any]:
        made: list[Any] = [self._adjustment(less.key, self.kind, less.amount)]
        if less.written_off.amount:
            made.append(self._adjustment(less.key, "write_off", -less.written_off))
        return made + self._releases(less)

    def _releases(self, less: Reduction[UUID]) -> list[Allocation]:
        own = [one for one in self.allocations if one.planned_id == less.key]
        payments = {one.id: one for one in own if one.releases_id is None}
        left = [left_of(one, own) for one in sorted(payments.values(), key=lambda one: one.id)]
        return [release(payments[one.key], one, str(self._reason())) for one in released(less.settled, left)]

    def _adjustment(self, planned: UUID, kind: AdjustmentKind, amount: Money) -> Adjustment:
        return Adjustment(
            planned_id=planned,
            kind=kind,
            amount=amount,
            adjusted_on=self.ctx.today(),
            reason=str(self._reason()),
        )

    def _reason(self) -> Any:
        if self.order.status == "cancelled":
            return msg("order {number} was cancelled", number=self.order.number)
        return msg(
            "order {number} was amended to revision {revision}", number=self.order.number, revision=self.order.revision
        )


def left_of(payment: Allocation, allocations: Sequence[Allocation]) -> Paid[UUID]:
    """Return what is left of an allocation after its releases, which are among ``allocations``."""
    own = [one for one in allocations if one.releases_id == payment.id]
    settled = payment.settled if payment.settled is not None else payment.amount
    return Paid(
        payment.id,
        total([payment.amount, *(one.amount for one in own)], payment.amount.currency),
        total([settled, *(one.settled for one in own)], settled.currency),
    )


def release(payment: Allocation, part: Paid[UUID], reason: str, released_on: date | None = None) -> Allocation:
    """Return the allocation that undoes a part of ``payment``, by default today, never before the payment."""
    day = released_on
    if day is not None and payment.allocated_on is not None:
        day = max(day, payment.allocated_on)
    return Allocation(
        receipt_id=payment.receipt_id,
        planned_id=payment.planned_id,
        amount=-part.amount,
        settled=-part.settled,
        allocated_on=day,
        releases_id=payment.id,
        reason=reason,
    )
