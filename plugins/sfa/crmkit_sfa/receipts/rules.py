"""What must hold of receipts, whoever writes them. Each rule gets all changes of a save and yields refusals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from crmkit.plugin import Change, Context, Message, Money, Refuse, msg
from crmkit_sfa.orders.entities import PLACED, Order
from crmkit_sfa.receipts.entities import Allocation, PlannedReceipt, Receipt, Refund

WHY = "money is judged by all that moved, whoever sees it"
CAME_IN = ("customer_id", "received_on", "amount", "external_key")


def receipt_refusals(ctx: Context, changes: Sequence[Change]) -> Iterator[Refuse]:
    """Refuse money that is none, more paid or given back than came in, and rewriting what came in."""
    for c in changes:
        one: Receipt = c.after
        if one.deleted_at is not None:
            if c.deleted:
                yield Refuse(msg("a receipt is not deleted; give the money back with a refund"), one.id)
            continue
        rewritten = [name for name in CAME_IN if c.before is not None and c.changed(name)]
        if rewritten:
            reason = msg("{fields} of a receipt stand; refund it and record another one", fields=", ".join(rewritten))
            yield Refuse(reason, one.id)
        elif wrong := not_positive("sfa_receipt.amount", one.amount):
            yield Refuse(wrong, one.id)
        elif one.received_on is not None and one.received_on > ctx.today() and c.created:
            yield Refuse(msg("received_on is {day}, expected a day not in the future", day=one.received_on), one.id)
        elif one.credit is not None and one.credit.amount < 0:
            reason = msg(
                "the receipt of {amount} does not cover {allocated} allocated and {refunded} refunded",
                amount=str(one.amount),
                allocated=str(one.allocated),
                refunded=str(one.refunded),
            )
            yield Refuse(reason, one.id)


def planned_refusals(ctx: Context, changes: Sequence[Change]) -> Iterator[Refuse]:
    """Refuse plans beyond the order, of another currency or of an order that is not placed, and paying more than is due."""
    ids = sorted({c.after.order_id for c in changes})
    with ctx.elevated(WHY):
        orders = {one.id: one for one in ctx.session.peek_all(Order, "id", ids)}
        all_planned = ctx.session.peek_all(PlannedReceipt, "order_id", ids)
    sums: dict[UUID, Decimal] = {}
    for one in all_planned:
        sums[one.order_id] = sums.get(one.order_id, Decimal(0)) + _expected(one)
    for c in changes:
        planned: PlannedReceipt = c.after
        order = orders.get(planned.order_id)
        if planned.deleted_at is not None:
            if c.deleted:
                yield Refuse(msg("a planned receipt is not deleted; plan the order anew"), planned.id)
            continue
        for reason in _wrong_plan(c, planned, order, sums.get(planned.order_id, Decimal(0))):
            yield Refuse(reason, planned.id)


def _wrong_plan(c: Change, planned: PlannedReceipt, order: Order | None, expected: Decimal) -> Iterator[Message]:
    if c.before is not None and any(c.changed(name) for name in ("amount", "order_id", "planned_on")):
        yield msg("amount and order of a planned receipt stand; plan the order anew")
    elif wrong := not_positive("sfa_planned_receipt.amount", planned.amount):
        yield wrong
    elif planned.outstanding is not None and planned.outstanding.amount < 0:
        yield msg(
            "{number}, due {day}: {over} more than is outstanding",
            number=order.number if order else "-",
            day=planned.due_on,
            over=str(-planned.outstanding),
        )
    elif planned.settled is not None and planned.settled.amount < 0:
        yield msg("no more can be released than was paid")
    elif order is not None and planned.amount.currency != order.currency:
        yield msg(
            "amount is {value}, expected an amount in {currency}, the currency of order {number}",
            value=str(planned.amount),
            currency=order.currency,
            number=order.number,
        )
    elif order is not None and c.created and order.status not in PLACED:
        yield msg(
            "order {number} is {status}; confirm it before its receipts are planned",
            number=order.number,
            status=order.status,
        )
    elif order is not None and order.gross is not None and expected > order.gross.amount:
        yield msg(
            "order {number}: {planned} are planned, expected no more than {gross}",
            number=order.number,
            planned=str(Money(expected, order.currency)),
            gross=str(order.gross),
        )


def _expected(planned: PlannedReceipt) -> Decimal:
    return planned.amount.amount - (planned.adjusted.amount if planned.adjusted is not None else Decimal(0))


def allocation_refusals(ctx: Context, changes: Sequence[Change]) -> Iterator[Refuse]:
    """Refuse to rewrite allocations, and such as do not fit the receipt, the planned receipt and the order."""
    after = [c.after for c in changes]
    with ctx.elevated(WHY):
        peek: Callable[..., Sequence[Any]] = ctx.session.peek_all
        receipts = {one.id: one for one in peek(Receipt, "id", sorted({a.receipt_id for a in after}))}
        planned = {one.id: one for one in peek(PlannedReceipt, "id", sorted({a.planned_id for a in after}))}
        orders = {one.id: one for one in peek(Order, "id", sorted({p.order_id for p in planned.values()}))}
        undone = sorted({a.releases_id for a in after if a.releases_id is not None})
        originals = {one.id: one for one in peek(Allocation, "id", undone)}
        releases = peek(Allocation, "releases_id", undone) if undone else ()
    for c in changes:
        one: Allocation = c.after
        receipt, target = receipts.get(one.receipt_id), planned.get(one.planned_id)
        if c.before is not None:
            yield Refuse(msg("an allocation stands as it was made; release it instead"), one.id)
        elif receipt is not None and target is not None:
            order = orders.get(target.order_id)
            wrong = _wrong_release(one, originals, releases) if one.releases_id else _wrong_payment(one, receipt, order)
            wrong = wrong or _wrong_money(one, receipt, target)
            if wrong is not None:
                yield Refuse(wrong, one.id)


def _wrong_payment(one: Allocation, receipt: Receipt, order: Order | None) -> Message | None:
    if one.amount.amount <= 0:
        return not_positive("sfa_allocation.amount", one.amount)
    if order is not None and order.status not in PLACED:
        return msg("order {number} is {status} and takes no money", number=order.number, status=order.status)
    if one.allocated_on is not None and receipt.received_on is not None and one.allocated_on < receipt.received_on:
        return msg(
            "allocated_on is {day}, expected a day not before {received}, when the money came in",
            day=one.allocated_on,
            received=receipt.received_on,
        )
    return None


def _wrong_release(
    one: Allocation, originals: dict[UUID, Allocation], releases: Sequence[Allocation]
) -> Message | None:
    original = originals.get(one.releases_id) if one.releases_id else None
    if original is None or (original.receipt_id, original.planned_id) != (one.receipt_id, one.planned_id):
        return msg("a release is of an allocation of the same receipt and planned receipt")
    if original.releases_id is not None or one.amount.amount > 0 or (one.settled and one.settled.amount > 0):
        return msg("a release has negative amounts and undoes an allocation")
    mine = [release for release in releases if release.releases_id == original.id]
    for name in ("amount", "settled"):
        whole = getattr(original, name)
        left = whole.amount + sum((getattr(release, name).amount for release in mine), Decimal(0))
        if left < 0:
            return msg("{over} more are released than were allocated", over=str(Money(-left, whole.currency)))
    return None


def _wrong_money(one: Allocation, receipt: Receipt, target: PlannedReceipt) -> Message | None:
    settled = one.settled
    for value, unit in ((one.amount, receipt.amount.currency), (settled, target.amount.currency)):
        if value is None or value.currency != unit or value.rounded() != value:
            return msg(
                "{value} was given, expected an amount in {currency} to its minor unit", value=str(value), currency=unit
            )
    if settled is not None and settled.currency == one.amount.currency and settled != one.amount:
        return msg(
            "{amount} cannot settle {settled} of the same currency", amount=str(one.amount), settled=str(settled)
        )
    if settled is not None and (settled.amount < 0) != (one.amount.amount < 0) and one.amount.amount and settled.amount:
        return msg("{amount} cannot settle {settled}", amount=str(one.amount), settled=str(settled))
    return None


def refund_refusals(ctx: Context, changes: Sequence[Change]) -> Iterator[Refuse]:
    """Refuse to rewrite refunds, and such as are no money of the receipt."""
    with ctx.elevated(WHY):
        receipts = {one.id: one for one in ctx.session.peek_all(Receipt, "id", [c.after.receipt_id for c in changes])}
    for c in changes:
        one: Refund = c.after
        receipt = receipts.get(one.receipt_id)
        if c.before is not None:
            yield Refuse(msg("a refund stands as it was made"), one.id)
        elif wrong := not_positive("sfa_refund.amount", one.amount):
            yield Refuse(wrong, one.id)
        elif receipt is not None and receipt.amount.currency != one.amount.currency:
            expected = receipt.amount.currency
            yield Refuse(
                msg(
                    "{value} was given, expected an amount in {currency} to its minor unit",
                    value=str(one.amount),
                    currency=expected,
                ),
                one.id,
            )


def not_positive(path: str, amount: Money) -> Message | None:
    """Return what is wrong with money that must be some, in whole minor units; ``path`` names its field."""
    if amount.amount <= 0 or amount.rounded() != amount:
        return msg(
            "{field} is {value}, expected an amount above 0, to the minor unit of its currency",
            field=path,
            value=str(amount),
        )
    return None
