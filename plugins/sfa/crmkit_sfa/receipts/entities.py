"""What the plugin keeps of receipts. Money is exact, to the minor unit of its currency; days are civil dates."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal
from uuid import UUID

from crmkit.plugin import Money, Part, Record, Via, entity, field

Method = Literal["transfer", "card", "cash", "cheque", "direct_debit", "bill", "other"]
AdjustmentKind = Literal["amendment", "cancellation", "write_off"]


@entity(
    "sfa_planned_receipt",
    label="Planned receipt",
    plugin="sfa",
    title="description",
    access=Via("order_id"),
    unique=(("order_id", "position"),),
    indexes=(("due_on",),),
)
class PlannedReceipt(Part):
    """Money that is expected for an order by a day. ``outstanding`` = ``amount`` - ``adjusted`` - ``settled``.

    What is expected changes by adjustments only, what was settled by allocations only; both are sums that are kept.
    """

    order_id: UUID = field(reference="sfa_order")
    position: int = field(default=1, minimum=1)
    due_on: date = field(help="The last day to pay it.")
    amount: Money = field(help="What was planned, in the currency of the order.")
    percent: Decimal | None = field(
        default=None, minimum=0, help="Its share of the order, where it was planned as one."
    )
    description: str = field(default="", max_length=200)
    adjusted: Money | None = field(default=None, help="What is no longer expected of it.")
    settled: Money | None = field(default=None, help="What was paid of it.")
    outstanding: Money | None = field(default=None, help="What is still to be paid.")
    reminded_on: date | None = field(default=None, help="When it was told that it is overdue.")
    planned_on: date | None = field(
        default=None, label="Planned on", help="The day from which it counts; by default that of the order."
    )


@entity(
    "sfa_receipt",
    label="Receipt",
    plural="sfa_receipts",
    plural_label="Receipts",
    plugin="sfa",
    title="reference",
    unique=(("external_key",),),
    indexes=(("customer_id", "received_on"), ("received_on",)),
)
class Receipt(Record):
    """Money that came in. ``credit`` = ``amount`` - ``allocated`` - ``refunded`` waits to be allocated or given back."""

    customer_id: UUID = field(reference="customer", merge="repoint", erase="tombstone", help="Who paid.")
    received_on: date | None = field(default=None, label="Received on", help="By default today.")
    amount: Money = field()
    method: Method = field(default="transfer")
    reference: str = field(
        default="", max_length=500, searchable=True, sensitivity="personal", help="As the bank has it."
    )
    external_key: str = field(
        default="",
        max_length=200,
        erase="keep",
        help="What the bank calls it; money with the same key is taken once.",
    )
    allocated: Money | None = field(default=None, help="What pays for orders.")
    refunded: Money | None = field(default=None, help="What was given back.")
    credit: Money | None = field(default=None, help="What is left of it.")
    note: str = field(default="", max_length=10_000, sensitivity="personal")


@entity(
    "sfa_allocation",
    label="Allocation",
    plugin="sfa",
    title="id",
    access=Via("receipt_id"),
    indexes=(("receipt_id", "allocated_on"), ("planned_id", "allocated_on")),
)
class Allocation(Part):
    """Money of a receipt that pays for a planned receipt. It is never rewritten: a release with negative amounts undoes it.

    ``amount`` is in the currency of the receipt, ``settled`` what it pays in that of the order, by the ``rate`` of the day.
    """

    receipt_id: UUID = field(reference="sfa_receipt")
    planned_id: UUID = field(reference="sfa_planned_receipt", label="Planned receipt")
    amount: Money = field()
    settled: Money | None = field(
        default=None, help="By default the amount, converted by the rate of the receipt's day."
    )
    rate: Decimal | None = field(
        default=None, minimum=0, help="What one unit of the receipt is worth in the order's currency."
    )
    allocated_on: date | None = field(default=None, help="By default today.")
    releases_id: UUID | None = field(default=None, reference="sfa_allocation", help="The allocation that it undoes.")
    reason: str = field(default="", max_length=500)


@entity(
    "sfa_refund",
    label="Refund",
    plugin="sfa",
    title="reason",
    access=Via("receipt_id"),
    unique=(("external_key",),),
    indexes=(("receipt_id", "refunded_on"),),
)
class Refund(Part):
    """Money of a receipt that was given back to who paid it. It stands as it was made."""

    receipt_id: UUID = field(reference="sfa_receipt")
    amount: Money = field()
    refunded_on: date | None = field(default=None, help="By default today.")
    method: Method = field(default="transfer")
    reason: str = field(max_length=500)
    external_key: str = field(
        default="", max_length=200, erase="keep", help="A refund with the same key is taken once."
    )


@entity(
    "sfa_adjustment",
    label="Adjustment",
    plugin="sfa",
    title="reason",
    access=Via("planned_id"),
    indexes=(("planned_id", "adjusted_on"),),
)
class Adjustment(Part):
    """Money that is no longer expected: the order was amended or cancelled, or it is written off. It stands as it was made.

    Where an amendment makes an order dearer, its amount is negative: more is expected.
    """

    planned_id: UUID = field(reference="sfa_planned_receipt", label="Planned receipt")
    kind: AdjustmentKind = field()
    amount: Money = field(help="How much less is expected.")
    adjusted_on: date | None = field(default=None, help="By default today.")
    reason: str = field(max_length=500)


RECEIPT_ENTITIES = (PlannedReceipt, Receipt, Allocation, Refund, Adjustment)
