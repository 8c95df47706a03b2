"""What must hold of orders, whoever writes them. Each rule gets all changes of a save and yields refusals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from uuid import UUID

from crmkit.plugin import Change, Context, Message, Refuse, msg
from crmkit_sfa.orders.entities import PLACED, Order, OrderAmendment, OrderLine

HUNDRED = Decimal(100)
MOVES: dict[str, frozenset[str]] = {
    "draft": frozenset({"confirmed", "cancelled"}),
    "confirmed": frozenset({"fulfilled", "closed", "cancelled"}),
    "fulfilled": frozenset({"closed", "cancelled"}),
    "closed": frozenset({"cancelled"}),
    "cancelled": frozenset(),
}
CONTENT = (
    *("number", "customer_id", "quote_id", "currency", "ordered_on", "revision"),
    *("tax_included", "discount", "sum_lines", "net", "tax", "gross"),
)
LINE_CONTENT = (
    *("order_id", "position", "quote_line_id", "product_id", "description", "quantity", "cancelled"),
    *("unit", "unit_price", "discount", "tax_rate", "deleted_at"),
)
WHY = "an order is judged by all that belongs to it, whoever sees it"


def order_refusals(ctx: Context, changes: Sequence[Change]) -> Iterator[Refuse]:
    """Refuse states that cannot follow, orders that say too little, and changes of placed orders without an amendment."""
    amended = _amended(ctx, [c.after.id for c in changes])
    itemised = _itemised(ctx, changes)
    for c in changes:
        one: Order = c.after
        if one.deleted_at is not None:
            if c.deleted and c.before is not None and c.before.status in PLACED:
                yield Refuse(
                    msg("order {number} is {status}; cancel it instead", number=one.number, status=c.before.status),
                    one.id,
                )
            continue
        for reason in _wrong_order(c, one, amended=one.id in amended, itemised=one.id in itemised):
            yield Refuse(reason, one.id)


def _wrong_order(c: Change, one: Order, *, amended: bool, itemised: bool) -> Iterator[Message]:
    before: Order | None = c.before
    if before is not None and before.status != one.status and one.status not in MOVES[before.status]:
        yield msg(
            "order {number} is {before} and cannot become {after}",
            number=one.number,
            before=before.status,
            after=one.status,
        )
    if one.discount > HUNDRED:
        yield msg("discount is {value}, expected a percentage from 0 to 100", value=str(one.discount))
    for name in ("net", "tax", "gross"):
        total = getattr(one, name)
        if total is not None and (total.currency != one.currency or total.rounded() != total):
            yield msg(
                "order {number}: {field} is {value}, expected an amount in {currency} to its minor unit",
                number=one.number,
                field=name,
                value=str(total),
                currency=one.currency,
            )
    if _unbalanced(one):
        yield msg(
            "order {number}: net {net} and tax {tax} do not make gross {gross}",
            number=one.number,
            net=str(one.net),
            tax=str(one.tax),
            gross=str(one.gross),
        )
    if one.status in PLACED and one.sum_lines and not itemised:
        yield msg("order {number} has no lines and no totals", number=one.number)
    settled = before is not None and before.status in (*PLACED, "cancelled")
    changed = [name for name in CONTENT if before is not None and c.changed(name)]
    cancelled = before is not None and before.status in PLACED and one.status == "cancelled"
    if before is not None and settled and (changed or cancelled) and not (amended and one.revision > before.revision):
        yield msg(
            "order {number} is {status} and is not rewritten ({fields}); amend or cancel it instead",
            number=before.number,
            status=before.status,
            fields=", ".join(changed or ["status"]),
        )


def _unbalanced(one: Order) -> bool:
    totals = [total for total in (one.net, one.tax, one.gross) if total is not None and total.currency == one.currency]
    return len(totals) == 3 and totals[0] + totals[1] != totals[2]


def line_refusals(ctx: Context, changes: Sequence[Change]) -> Iterator[Refuse]:
    """Refuse lines that do not fit their order, and changes of lines of placed orders without an amendment."""
    with ctx.elevated(WHY):
        ids = sorted({c.after.order_id for c in changes})
        orders = {one.id: one for one in ctx.session.peek_all(Order, "id", ids)}
    amended = _amended(ctx, ids)
    for c in changes:
        line: OrderLine = c.after
        order = orders.get(line.order_id)
        if order is None:
            continue
        if line.deleted_at is None:
            for reason in _wrong_line(line, order):
                yield Refuse(reason, line.id)
        content = c.created or any(c.changed(name) for name in LINE_CONTENT)
        added = c.created and not order.sum_lines
        if content and order.status != "draft" and order.version > 0 and order.id not in amended and not added:
            reason = msg(
                "order {number} is {status} and its lines are not rewritten; amend or cancel it instead",
                number=order.number,
                status=order.status,
            )
            yield Refuse(reason, line.id)


def _wrong_line(line: OrderLine, order: Order) -> Iterator[Message]:
    if line.unit_price.currency != order.currency:
        yield msg(
            "line {position}: unit_price is {value}, expected an amount in {currency}, the currency of order {number}",
            position=line.position,
            value=str(line.unit_price),
            currency=order.currency,
            number=order.number,
        )
    if line.discount > HUNDRED:
        yield msg("discount is {value}, expected a percentage from 0 to 100", value=str(line.discount))
    if line.cancelled + line.delivered > line.quantity:
        yield msg(
            "line {position} of order {number}: {cancelled} cancelled and {delivered} delivered are more than {quantity} ordered",
            position=line.position,
            number=order.number,
            cancelled=f"{line.cancelled:f}",
            delivered=f"{line.delivered:f}",
            quantity=f"{line.quantity:f}",
        )


def amendment_refusals(ctx: Context, changes: Sequence[Change]) -> Iterator[Refuse]:
    """Refuse to rewrite amendments, and amendments that are not of the order's next revision."""
    with ctx.elevated(WHY):
        orders = {one.id: one for one in ctx.session.peek_all(Order, "id", sorted({c.after.order_id for c in changes}))}
    for c in changes:
        one: OrderAmendment = c.after
        order = orders.get(one.order_id)
        if c.before is not None:
            yield Refuse(msg("an amendment of an order stands as it was made; make another one"), one.id)
        elif order is not None and one.revision != order.revision:
            yield Refuse(
                msg(
                    "order {number} is in revision {revision}, the amendment says {given}",
                    number=order.number,
                    revision=order.revision,
                    given=one.revision,
                ),
                one.id,
            )


def _amended(ctx: Context, ids: Iterable[UUID]) -> set[UUID]:
    """Return the orders that get an amendment in this save."""
    with ctx.elevated(WHY):
        known = ctx.session.peek_all(OrderAmendment, "order_id", sorted(set(ids)))
    return {one.order_id for one in known if one.version == 0}


def _itemised(ctx: Context, changes: Sequence[Change]) -> set[UUID]:
    """Return the orders that need lines and have some."""
    wanted = [c.after.id for c in changes if c.after.status in PLACED and c.after.sum_lines]
    if not wanted:
        return set()
    with ctx.elevated(WHY):
        return {line.order_id for line in ctx.session.peek_all(OrderLine, "order_id", wanted)}
