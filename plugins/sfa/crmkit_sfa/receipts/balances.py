"""What follows from receipts that are saved: allocations are completed, and balances kept the sums of what moved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from crmkit.core.worth import Rates
from crmkit.plugin import Change, Context, Money, change
from crmkit_sfa.receipts.entities import Adjustment, Allocation, PlannedReceipt, Receipt, Refund
from crmkit_sfa.receipts.ledger import converted, total
from crmkit_sfa.receipts.rates import rates_of

WHY = "a balance is the sum of all that moved, whoever sees it"
_PLACES = Decimal("0.000001")
P = TypeVar("P")


def completed(ctx: Context, changes: Sequence[Change]) -> list[Any]:
    """Return allocations with day, rate and what they settle, and the balances that follow.

    Raises BadInput where money is converted and no rate holds on the day of the receipt.
    """
    given = [c.after for c in changes if c.after.deleted_at is None]
    receipts = _by_id(ctx, Receipt, {one.receipt_id for one in given})
    planned = _by_id(ctx, PlannedReceipt, {one.planned_id for one in given})
    originals = _by_id(ctx, Allocation, {one.releases_id for one in given if one.releases_id is not None})
    made = []
    rates: Rates | None = None
    for one in given:
        receipt, target = receipts.get(one.receipt_id), planned.get(one.planned_id)
        if receipt is None or target is None:
            continue
        settled = one.settled
        if settled is None and one.releases_id in originals:
            settled = _in_proportion(one, originals[one.releases_id])
        if settled is None and one.amount.currency != target.amount.currency:
            rates = rates or rates_of(ctx)
            day = receipt.received_on or ctx.today()
            rate = rates.convert(Decimal(1), one.amount.currency, target.amount.currency, day)
            settled = converted(one.amount, target.amount.currency, rate)
        settled = settled or one.amount
        rate = (settled.amount / one.amount.amount).quantize(_PLACES) if one.amount.amount else Decimal(1)
        made.append(change(one, settled=settled, rate=rate, allocated_on=_allocated_on(one, target, ctx.today())))
    by_id = {one.id: one for one in made}
    ids = {c.after.receipt_id for c in changes}, {c.after.planned_id for c in changes}
    return [*made, *receipt_balances(ctx, ids[0], by_id), *planned_balances(ctx, ids[1], by_id)]


def _allocated_on(one: Allocation, target: PlannedReceipt, today: date) -> date:
    """Return the day of an allocation: it pays for nothing before that is planned."""
    day = one.allocated_on or today
    return day if target.planned_on is None else max(day, target.planned_on)


def _in_proportion(release: Allocation, original: Allocation) -> Money | None:
    if original.settled is None or not original.amount.amount:
        return None
    share = original.settled * release.amount.amount
    return Money(share.amount / original.amount.amount, share.currency).rounded()


def receipt_balances(ctx: Context, ids: Iterable[UUID], newer: dict[UUID, Allocation] | None = None) -> list[Receipt]:
    """Return receipts with what was allocated and refunded of them, and what is left. ``newer`` are allocations at hand."""
    wanted = sorted(set(ids))
    receipts = _by_id(ctx, Receipt, wanted)
    allocations = _grouped(_newest(_all(ctx, Allocation, "receipt_id", wanted), newer), "receipt_id")
    refunds = _grouped(_all(ctx, Refund, "receipt_id", wanted), "receipt_id")
    found = []
    for id, one in receipts.items():
        unit = one.amount.currency
        allocated = total((a.amount for a in allocations.get(id, ()) if a.amount.currency == unit), unit)
        refunded = total((r.amount for r in refunds.get(id, ()) if r.amount.currency == unit), unit)
        credit = one.amount - allocated - refunded
        found.append(
            change(
                one,
                received_on=one.received_on or ctx.today(),
                allocated=allocated,
                refunded=refunded,
                credit=credit,
            )
        )
    return found


def planned_balances(
    ctx: Context, ids: Iterable[UUID], newer: dict[UUID, Allocation] | None = None
) -> list[PlannedReceipt]:
    """Return planned receipts with what was settled and adjusted of them, and what is outstanding."""
    wanted = sorted(set(ids))
    planned = _by_id(ctx, PlannedReceipt, wanted)
    allocations = _grouped(_newest(_all(ctx, Allocation, "planned_id", wanted), newer), "planned_id")
    adjustments = _grouped(_all(ctx, Adjustment, "planned_id", wanted), "planned_id")
    found = []
    for id, one in planned.items():
        unit = one.amount.currency
        settled = total(
            (a.settled for a in allocations.get(id, ()) if a.settled is not None and a.settled.currency == unit), unit
        )
        adjusted = total((a.amount for a in adjustments.get(id, ()) if a.amount.currency == unit), unit)
        found.append(change(one, settled=settled, adjusted=adjusted, outstanding=one.amount - adjusted - settled))
    return found


def dated(ctx: Context, records: Iterable[Any], field: str) -> list[Any]:
    """Return records with today as the day that was left out."""
    today: date = ctx.today()
    return [change(one, **{field: today}) for one in records if getattr(one, field) is None]


def _newest(known: Sequence[Allocation], newer: dict[UUID, Allocation] | None) -> list[Allocation]:
    return [(newer or {}).get(one.id, one) for one in known]


def _all(ctx: Context, entity: type[P], field: str, ids: Sequence[UUID]) -> Sequence[P]:
    if not ids:
        return []
    with ctx.elevated(WHY):
        return ctx.session.peek_all(entity, field, ids)


def _by_id(ctx: Context, entity: type[P], ids: Iterable[UUID]) -> dict[UUID, P]:
    found: Sequence[Any] = _all(ctx, entity, "id", sorted(set(ids)))
    return {one.id: one for one in found}


def _grouped(records: Iterable[P], field: str) -> dict[UUID, list[P]]:
    found: dict[UUID, list[P]] = {}
    for one in records:
        found.setdefault(getattr(one, field), []).append(one)
    return found
