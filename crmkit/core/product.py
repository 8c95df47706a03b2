"""Products: what lines, quotes, warranties, rewards and stock talk about; and assets, what a customer owns of them."""

from __future__ import annotations

from datetime import date
from typing import Literal
from uuid import UUID

from crmkit.core.entity import Record, Via, entity, field
from crmkit.core.values.money import Money


@entity("product", indexes=(("name",),))
class Product(Record):
    """Something sold, lent or given. Prices are hints; price lists belong to the sales plugin."""

    sku: str = field(max_length=100, unique=True, searchable=True, label="SKU")
    name: str = field(searchable=True)
    category: str = field(default="", max_length=100)
    unit: str = field(default="", max_length=100)
    price: Money | None = field(default=None)
    cost: Money | None = field(default=None, sensitivity="internal")
    active: bool = field(default=True)
    introduced: date | None = field(default=None)
    description: str = field(default="", max_length=20_000, searchable=True)


@entity("asset", access=Via("customer_id"), unique=(("product_id", "serial_number"),))
class Asset(Record):
    """A thing that a customer owns and that may need service: a machine, a licence, a vehicle."""

    customer_id: UUID = field(reference="customer", merge="repoint", erase="tombstone")
    product_id: UUID | None = field(default=None, reference="product")
    name: str = field(searchable=True)
    serial_number: str = field(default="", max_length=100, indexed=True, searchable=True, sensitivity="personal")
    status: Literal["ordered", "in_use", "in_repair", "retired"] = field(default="in_use")
    purchased: date | None = field(default=None)
    installed: date | None = field(default=None)
    warranty_until: date | None = field(default=None)
    location: str = field(default="", max_length=300, sensitivity="personal")
