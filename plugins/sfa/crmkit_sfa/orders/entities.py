"""What the plugin keeps of orders. Money is exact, percentages are 0 to 100, days are civil dates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from crmkit.plugin import Money, Part, Record, Via, entity, field

OrderStatus = Literal["draft", "confirmed", "fulfilled", "closed", "cancelled"]
AmendmentKind = Literal["amendment", "cancellation"]

PLACED: frozenset[str] = frozenset({"confirmed", "fulfilled", "closed"})
"""The states of orders that count: the customer has bought."""


@entity(
    "sfa_order",
    label="Order",
    plural="sfa_orders",
    plural_label="Orders",
    plugin="sfa",
    over="status in (closed, cancelled)",
    credited=True,
    title="number",
    indexes=(("status", "ordered_on"), ("customer_id", "ordered_on")),
)
class Order(Record):
    """What a customer has bought. A draft may change freely; once confirmed, only amendments and cancellations change it.

    ``net``, ``tax`` and ``gross`` are the sums of its lines less what was cancelled, to the minor unit of ``currency``.
    """

    number: str = field(
        default="", max_length=50, unique=True, searchable=True, erase="keep", help="By default the next one."
    )
    customer_id: UUID = field(reference="customer", merge="repoint", erase="tombstone")
    opportunity_id: UUID | None = field(default=None, reference="sfa_opportunity")
    quote_id: UUID | None = field(
        default=None, reference="sfa_quote", help="The accepted quotation that it comes from."
    )
    currency: str = field(max_length=3, format="currency", erase="keep")
    ordered_on: date | None = field(default=None, label="Ordered on", help="By default the day it is entered.")
    status: OrderStatus = field(default="draft")
    revision: int = field(default=1, minimum=1, help="Counts the amendments and cancellations, from 1 on.")
    reference: str = field(default="", max_length=200, searchable=True, help="What the customer calls it.")
    tax_included: bool = field(default=False, help="Whether unit prices include the tax.")
    discount: Decimal = field(default=Decimal(0), minimum=0, help="On the whole order, in percent.")
    sum_lines: bool = field(default=True, help="Totals are kept the sums of the lines; else they are as given.")
    net: Money | None = field(default=None, help="The sum without tax.")
    tax: Money | None = field(default=None)
    gross: Money | None = field(default=None, help="The sum with tax.")
    reason: str = field(default="", max_length=500, label="Cancellation reason")
    note: str = field(default="", max_length=10_000, sensitivity="personal")


@entity(
    "sfa_order_line",
    label="Order line",
    plugin="sfa",
    title="description",
    access=Via("order_id"),
    unique=(("order_id", "position"),),
    indexes=(("quote_line_id",),),
)
class OrderLine(Part):
    """One position of an order. Its amounts are those of the quantity that is not cancelled."""

    order_id: UUID = field(reference="sfa_order")
    position: int = field(default=1, minimum=1)
    quote_line_id: UUID | None = field(default=None, reference="sfa_quote_line", help="What was offered.")
    product_id: UUID | None = field(default=None, reference="product")
    description: str = field(default="", max_length=500, erase="keep")
    quantity: Decimal = field(default=Decimal(1), minimum=0, help="What was ordered.")
    cancelled: Decimal = field(default=Decimal(0), minimum=0, help="How much of it was cancelled.")
    delivered: Decimal = field(default=Decimal(0), minimum=0, help="How much of it was delivered.")
    unit: str = field(default="", max_length=100, erase="keep")
    unit_price: Money = field()
    discount: Decimal = field(default=Decimal(0), minimum=0, help="In percent.")
    tax_rate: Decimal | None = field(default=None, minimum=0, help="In percent.")
    net: Money | None = field(default=None)
    tax: Money | None = field(default=None)
    gross: Money | None = field(default=None)


@entity(
    "sfa_order_amendment",
    label="Order amendment",
    plugin="sfa",
    title="reason",
    access=Via("order_id"),
    unique=(("order_id", "revision"),),
)
class OrderAmendment(Part):
    """What changed in a confirmed order, from one revision to the next, and why. It stands as it was made."""

    order_id: UUID = field(reference="sfa_order")
    revision: int = field(minimum=2, help="The revision of the order that it made.")
    kind: AmendmentKind = field(default="amendment")
    amended_on: date | None = field(default=None, help="By default today.")
    reason: str = field(max_length=500)
    changes: tuple[Mapping[str, Any], ...] = field(default=(), help="Field by field: what it was and what it became.")
    gross_before: Money | None = field(default=None)
    gross_after: Money | None = field(default=None)


ORDER_ENTITIES = (Order, OrderLine, OrderAmendment)
