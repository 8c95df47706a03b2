"""Amending and cancelling placed orders: each makes the order's next revision and keeps what changed, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from crmkit.plugin import BadInput, Conflict, Context, Money, change, entity_info, msg
from crmkit_sfa.orders.entering import Ordered
from crmkit_sfa.orders.entities import PLACED, AmendmentKind, Order, OrderAmendment, OrderLine
from crmkit_sfa.orders.placing import check_positions, delivered, held, placed
from crmkit_sfa.orders.rules import CONTENT
from crmkit_sfa.orders.totals import priced, remaining

TELLING = ("product_id", "description", "quantity", "cancelled", "unit", "unit_price", "discount", "tax_rate")
_AMENDED = frozenset(CONTENT) - {"number", "customer_id", "revision", "net", "tax", "gross", "sum_lines"}


def amend(
    ctx: Context,
    order: Order,
    reason: str,
    lines: Sequence[OrderLine] = (),
    added: Sequence[Ordered] = (),
    **fields: Any,
) -> tuple[Order, OrderAmendment]:
    """Amend a placed order and return it with the amendment.

    ``lines`` are lines of the order as they shall be, ``added`` new ones; ``fields`` are those of the order. The purchase is
    corrected, and planned receipts follow. An order of which all was delivered then is fulfilled. Raises Conflict for an
    order that is not placed, is closed or was amended meanwhile, BadInput without a reason or a change.
    """
    reason = _reason(reason)
    for name in fields:
        if name not in _AMENDED:
            raise BadInput(msg("{field} of an order is not amended", field=name))
    order = _placed(ctx, order, expected=PLACED - {"closed"})
    former = {line.id: line for line in ctx.session.list(OrderLine, order_id=order.id, order="position")}
    for line in lines:
        if line.id not in former:
            raise BadInput(msg("line {position} is not of order {number}", position=line.position, number=order.number))
    last = max((line.position for line in former.values()), default=0)
    new = [one.line(order, number) for number, one in enumerate(added, start=last + 1)]
    given = {line.id: line for line in (*lines, *new)}
    return _revised(ctx, order, change(order, **fields), former, {**former, **given}, "amendment", reason)


def cancel(
    ctx: Context, order: Order, reason: str, quantities: Mapping[int, Decimal] | None = None
) -> tuple[Order, OrderAmendment | None]:
    """Cancel an order, or quantities of some of its positions, and return it with the amendment (a draft has none).

    What was delivered is not cancelled; where all the rest is, the order is fulfilled. Where nothing is left, the order is
    cancelled as a whole: its purchase no longer counts, and what was paid for it becomes credit. Raises Conflict for an order
    that is cancelled already or delivered, BadInput for an unknown position, Refused for more than is left.
    """
    reason = _reason(reason)
    order = held(ctx, order)
    if order.status == "draft" and quantities is None:
        ctx.session.update(change(order, status="cancelled", reason=reason))
        ctx.session.flush()
        return ctx.session.get(Order, order.id), None
    order = _placed(ctx, order)
    former = {line.id: line for line in ctx.session.list(OrderLine, order_id=order.id, order="position")}
    check_positions(order, list(former.values()), quantities or {})
    if quantities is None and any(line.delivered for line in former.values()):
        raise Conflict(
            msg("order {number} was delivered in part; cancel the quantities that were not", number=order.number)
        )
    lines = {id: _less(line, quantities) for id, line in former.items()}
    whole = quantities is None or all(remaining(line) == 0 for line in lines.values())
    after = change(order, status="cancelled", reason=reason) if whole else order
    if whole and not order.sum_lines and order.net is not None:
        after = change(after, net=order.net * 0, tax=order.net * 0, gross=order.net * 0)
    return _revised(ctx, order, after, former, lines, "cancellation", reason)


def _less(line: OrderLine, quantities: Mapping[int, Decimal] | None) -> OrderLine:
    if quantities is None:
        return change(line, cancelled=line.quantity)
    return change(line, cancelled=line.cancelled + quantities.get(line.position, Decimal(0)))


def _revised(
    ctx: Context,
    order: Order,
    after: Order,
    former: Mapping[Any, OrderLine],
    lines: Mapping[Any, OrderLine],
    kind: AmendmentKind,
    reason: str,
) -> tuple[Order, OrderAmendment]:
    if after.status == "confirmed" and any(line.delivered for line in lines.values()) and delivered(lines.values()):
        after = change(after, status="fulfilled")
    totals, _ = priced(after, list(lines.values()), ctx.config.pricing.tax_rounding)
    changes = (*_order_changes(order, totals), *_line_changes(former, lines))
    if not changes:
        raise BadInput(msg("nothing of order {number} changes", number=order.number))
    after = change(after, revision=order.revision + 1)
    made = OrderAmendment(
        order_id=order.id,
        revision=after.revision,
        kind=kind,
        reason=reason,
        changes=changes,
        gross_before=order.gross,
        gross_after=totals.gross,
    )
    ctx.session.update(after, *[line for id, line in lines.items() if id in former and line != former[id]])
    ctx.session.add(made, *[line for id, line in lines.items() if id not in former])
    ctx.session.flush()
    return placed(ctx, ctx.session.get(Order, order.id)), ctx.session.get(OrderAmendment, made.id)


def _placed(ctx: Context, order: Order, expected: frozenset[str] = PLACED) -> Order:
    now = held(ctx, order)
    if now.status not in expected:
        raise Conflict(
            msg("order {number} is {status}; expected a confirmed one", number=now.number, status=now.status)
        )
    if order.revision != now.revision:
        raise Conflict(
            msg(
                "order {number} was amended meanwhile: it is in revision {now}, not {then}; read it again",
                number=now.number,
                now=now.revision,
                then=order.revision,
            )
        )
    return now


def _reason(reason: str) -> str:
    if not reason.strip():
        raise BadInput(msg("an amendment or cancellation needs a reason"))
    return reason.strip()


# -- what changed, field by field -------------------------------------------------------------------------------------


def _order_changes(before: Order, after: Order) -> list[dict[str, Any]]:
    names = [name for name in (*CONTENT, "status") if name != "revision"]
    return [
        {"field": name, "before": _shown(getattr(before, name)), "after": _shown(getattr(after, name))}
        for name in names
        if getattr(before, name) != getattr(after, name)
    ]


def _line_changes(former: Mapping[Any, OrderLine], lines: Mapping[Any, OrderLine]) -> list[dict[str, Any]]:
    found = []
    for id, line in lines.items():
        before = former.get(id)
        for name in TELLING:
            old = None if before is None else getattr(before, name)
            new = getattr(line, name)
            if before is None and new == entity_info(OrderLine).field(name).default:
                continue
            if old != new:
                found.append({"line": line.position, "field": name, "before": _shown(old), "after": _shown(new)})
    return found


def _shown(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, Money):
        return str(value.rounded())
    return value if value is None or isinstance(value, (str, int, bool)) else str(value)
