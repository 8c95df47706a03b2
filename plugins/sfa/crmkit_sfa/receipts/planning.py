"""Planning the receipts of an order: instalments, terms of payment, and planning anew."""

from __future__ import annotations

from collections.abc import Sequence

from crmkit.plugin import BadInput, Conflict, Context, Money, change, did_you_mean, msg
from crmkit_sfa.orders.entities import PLACED, Order
from crmkit_sfa.receipts.entities import Adjustment, PlannedReceipt
from crmkit_sfa.receipts.instalments import Instalment, read_instalment, split
from crmkit_sfa.receipts.ledger import total


def instalments_of(ctx: Context, order: Order, terms: str = "") -> tuple[Instalment, ...]:
    """Return the instalments of terms of payment, by default the usual ones; raises BadInput for unknown terms."""
    known = ctx.config.receipts.terms
    name = terms or ctx.config.receipts.default_terms
    if name not in known:
        raise BadInput(msg("no terms of payment {terms}; {hint}", terms=name, hint=did_you_mean(name, known)))
    day = order.ordered_on or ctx.today()
    return tuple(read_instalment(text, day, order.currency) for text in known[name])


def plan(
    ctx: Context, order: Order, instalments: Sequence[Instalment] = (), *, terms: str = "", anew: bool = False
) -> list[PlannedReceipt]:
    """Plan the receipts of what is not planned of an order, and return all that stand, by the day they are due.

    ``instalments`` are percentages or amounts, by default those of ``terms``; they sum up to what is not planned. With
    ``anew``, what is outstanding is planned again. What was written off stays so: it is planned, and expected no longer.
    Raises Conflict for an order that is not placed, that is wholly planned or, with ``anew``, that nothing is outstanding of.
    """
    held: Order = ctx.services.hold_records(Order, [order.id])[order.id]
    if held.status not in PLACED or held.gross is None:
        raise Conflict(
            msg(
                "order {number} is {status}; confirm it before its receipts are planned",
                number=held.number,
                status=held.status,
            )
        )
    known = ctx.session.list(PlannedReceipt, order_id=held.id, order="position")
    taken_back = _taken_back(ctx, held, known) if anew else []
    open_again = total((one.amount for one in taken_back), held.currency)
    planned = total((expected(one) for one in known), held.currency) + _written_off(ctx, held, known)
    left = held.gross - planned + open_again
    if left.amount <= 0 and anew:
        raise Conflict(msg("nothing of order {number} is outstanding that could be planned anew", number=held.number))
    if left.amount <= 0:
        raise Conflict(msg("all of order {number} is planned already; plan it anew to change that", number=held.number))
    parts = split(left, instalments or instalments_of(ctx, held, terms))
    first = max((one.position for one in known), default=0) + 1
    # What stands in for instalments that were adjusted counts from then on: a past day stays what it was.
    adjusted = bool(taken_back) or any(one.adjusted is not None and one.adjusted.amount != 0 for one in known)
    planned_on = ctx.today() if adjusted else None
    ctx.session.add(
        *taken_back,
        *[
            PlannedReceipt(
                order_id=held.id,
                position=number,
                due_on=part.due_on,
                amount=part.amount,
                percent=part.percent,
                description=part.description,
                planned_on=planned_on,
            )
            for number, part in enumerate(parts, start=first)
            if part.amount.amount > 0
        ],
    )
    ctx.session.flush()
    return plan_of(ctx, held)


def plan_of(ctx: Context, order: Order) -> list[PlannedReceipt]:
    """Return the planned receipts of an order that something is or was expected of, by the day they are due."""
    known = ctx.session.list(PlannedReceipt, order_id=order.id, order="due_on,position")
    return [one for one in known if expected(one).amount != 0 or (one.settled is not None and one.settled.amount != 0)]


def expected(planned: PlannedReceipt) -> Money:
    """Return what is expected of a planned receipt in all, paid or not."""
    return planned.amount if planned.adjusted is None else planned.amount - planned.adjusted


def postpone(ctx: Context, planned: PlannedReceipt, due_on: object) -> PlannedReceipt:
    """Give a planned receipt another day; when it is overdue then, it is told again."""
    ctx.session.update(change(planned, due_on=due_on, reminded_on=None))
    ctx.session.flush()
    return ctx.session.get(PlannedReceipt, planned.id)


def _written_off(ctx: Context, order: Order, known: Sequence[PlannedReceipt]) -> Money:
    """Return what was written off of an order and has not become less of it since."""
    ids = [one.id for one in known if one.adjusted is not None]
    with ctx.elevated("what was written off is not planned again, whoever plans"):
        found = ctx.session.list(Adjustment, planned_id=ids, kind="write_off") if ids else []
    return total((one.amount for one in found), order.currency)


def _taken_back(ctx: Context, order: Order, known: Sequence[PlannedReceipt]) -> list[Adjustment]:
    """Return the adjustments that take all off that is outstanding, of today."""
    reason, today = str(msg("order {number} was planned anew", number=order.number)), ctx.today()
    return [
        Adjustment(planned_id=one.id, kind="amendment", amount=one.outstanding, adjusted_on=today, reason=reason)
        for one in known
        if one.outstanding is not None and one.outstanding.amount > 0
    ]
