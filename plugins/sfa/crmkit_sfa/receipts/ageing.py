"""The ageing of what customers owe, as of any day: by how many days it is overdue, in its currencies and in one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal, cast
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.customer import Customer
from crmkit.core.frozen import frozen
from crmkit.core.staff import User
from crmkit.plugin import Context, Money
from crmkit_sfa.naming import names_of
from crmkit_sfa.orders.entities import Order
from crmkit_sfa.receipts.entities import Adjustment, Allocation, PlannedReceipt, Receipt, Refund
from crmkit_sfa.receipts.ledger import ZERO
from crmkit_sfa.receipts.rates import rates_of

By = Literal["customer", "owner", "currency"]
BUCKETS = ("not due", "1-30", "31-60", "61-90", "> 90")
LATEST = (0, 30, 60, 90)
"""The most days overdue of each bucket but the last."""
Amounts = tuple[Decimal, Decimal, Decimal, Decimal, Decimal]
NONE: Amounts = (ZERO, ZERO, ZERO, ZERO, ZERO)


@frozen
class AgeingRow:
    """What one customer, owner or everybody owes in a currency, by ``BUCKETS``, and the credit that is not allocated."""

    key: UUID | None
    name: str
    currency: str
    amounts: Amounts
    credit: Decimal

    @property
    def owed(self) -> Decimal:
        """All that is outstanding."""
        return sum(self.amounts, ZERO)

    @property
    def overdue(self) -> Decimal:
        """What is outstanding and past its day."""
        return sum(self.amounts[1:], ZERO)


@frozen
class Ageing:
    """The ageing as of the end of ``day``: rows by name and currency, and all of them in ``home``, rounded at the end."""

    day: date
    by: By
    rows: tuple[AgeingRow, ...]
    home: AgeingRow


def bucket_of(due_on: date, day: date) -> int:
    """Return which of ``BUCKETS`` money falls into that is due on ``due_on``, as of ``day``."""
    overdue = (day - due_on).days
    return next((at for at, latest in enumerate(LATEST) if overdue <= latest), len(LATEST))


def ageing(ctx: Context, day: date | None = None, by: By = "customer") -> Ageing:
    """Return what is outstanding of orders and what credit is left, as of the end of ``day`` (by default today).

    One statement for each side. The sum in the currency of sums is at the rates of ``day``; raises BadInput where one is
    missing. One sees the orders and receipts that one may read.
    """
    as_of = day or ctx.today()
    sums: dict[tuple[UUID | None, str], list[Decimal]] = {}
    for key, currency, bucket, amount in _outstanding(ctx, as_of, by):
        sums.setdefault((key, currency), [ZERO] * 6)[bucket] += amount
    for key, currency, amount in _credits(ctx, as_of, by):
        sums.setdefault((key, currency), [ZERO] * 6)[5] += amount
    names = {} if by == "currency" else names_of(ctx, Customer if by == "customer" else User, {key for key, _ in sums})
    rows = [
        AgeingRow(
            key,
            currency if by == "currency" else names.get(key, ""),
            currency,
            cast(Amounts, tuple(found[:5])),
            found[5],
        )
        for (key, currency), found in sums.items()
        if any(found)
    ]
    rows.sort(key=lambda row: (row.name == "", row.name.casefold(), row.currency, str(row.key)))
    return Ageing(as_of, by, tuple(rows), _in_home(ctx, as_of, rows))


def _in_home(ctx: Context, day: date, rows: Sequence[AgeingRow]) -> AgeingRow:
    rates = rates_of(ctx)
    totals = [ZERO] * 6
    for row in rows:
        for at, amount in enumerate((*row.amounts, row.credit)):
            totals[at] += rates.convert(amount, row.currency, ctx.currency, day)
    rounded = [Money(total, ctx.currency).rounded().amount for total in totals]
    return AgeingRow(None, "", ctx.currency, cast(Amounts, tuple(rounded[:5])), rounded[5])


def _outstanding(ctx: Context, day: date, by: By) -> Iterable[tuple[UUID | None, str, int, Decimal]]:
    session = ctx.session
    orders, planned = session.table(Order), session.table(PlannedReceipt)
    paid = _moved(session.table(Allocation), "planned_id", "settled_amount", "allocated_on", day)
    adjusted = _moved(session.table(Adjustment), "planned_id", "amount_amount", "adjusted_on", day)
    left = planned.c.amount_amount - _or_nothing(adjusted.c.moved) - _or_nothing(paid.c.moved)
    bucket = sa.case(
        *[(planned.c.due_on >= day - timedelta(days=latest), at) for at, latest in enumerate(LATEST)], else_=len(LATEST)
    )
    key = _key(orders, by)
    statement = (
        sa.select(key, planned.c.amount_currency, bucket, _sum(left, planned.c.amount_amount))
        .select_from(
            planned.join(orders, orders.c.id == planned.c.order_id)
            .outerjoin(paid, paid.c.key == planned.c.id)
            .outerjoin(adjusted, adjusted.c.key == planned.c.id)
        )
        .where(orders.c.ordered_on <= day, sa.or_(planned.c.planned_on.is_(None), planned.c.planned_on <= day))
        .group_by(*([key] if by != "currency" else []), planned.c.amount_currency, bucket)
    )
    return [(row[0], row[1], row[2], Decimal(row[3])) for row in session.execute(statement)]


def _credits(ctx: Context, day: date, by: By) -> Iterable[tuple[UUID | None, str, Decimal]]:
    session = ctx.session
    receipts = session.table(Receipt)
    paid = _moved(session.table(Allocation), "receipt_id", "amount_amount", "allocated_on", day)
    given = _moved(session.table(Refund), "receipt_id", "amount_amount", "refunded_on", day)
    left = receipts.c.amount_amount - _or_nothing(paid.c.moved) - _or_nothing(given.c.moved)
    key = _key(receipts, by)
    statement = (
        sa.select(key, receipts.c.amount_currency, _sum(left, receipts.c.amount_amount))
        .select_from(
            receipts.outerjoin(paid, paid.c.key == receipts.c.id).outerjoin(given, given.c.key == receipts.c.id)
        )
        .where(receipts.c.received_on <= day)
        .group_by(*([key] if by != "currency" else []), receipts.c.amount_currency)
    )
    return [(row[0], row[1], Decimal(row[2])) for row in session.execute(statement)]


def _moved(table: Any, key: str, amount: str, dated: str, day: date) -> Any:
    """Return the sums of a ledger up to a day, by what they belong to."""
    return (
        sa.select(table.c[key].label("key"), sa.func.sum(table.c[amount]).label("moved"))
        .where(table.c[dated] <= day)
        .group_by(table.c[key])
        .subquery()
    )


def _sum(expression: Any, like: Any) -> Any:
    """Return the sum of an expression of amounts, read as the amounts are: SQLite keeps them as scaled integers."""
    return sa.type_coerce(sa.func.sum(expression), like.type)


def _or_nothing(column: Any) -> Any:
    return sa.func.coalesce(column, sa.literal(ZERO, column.type))


def _key(table: Any, by: By) -> Any:
    if by == "currency":
        return sa.null().label("key")
    return table.c.customer_id if by == "customer" else table.c.owner_id
