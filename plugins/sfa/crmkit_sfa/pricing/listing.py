"""Price lists and their prices as lists show them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from crmkit.core.customer import Customer
from crmkit.core.grouping import Segment
from crmkit.core.product import Product
from crmkit_sfa.pricing.entities import Price, PriceList, PriceListCustomer


def listed(ctx: Any) -> list[dict[str, Any]]:
    """Return the price lists that the actor may see, by name, with whom they are for and how many prices they have."""
    lists = [ctx.session.masked(one) for one in ctx.session.list(PriceList, order="name,currency")]
    segments = {one.id: one.name for one in ctx.session.list(Segment)}
    agreed: dict[Any, list[str]] = {}
    agreements = ctx.session.list(PriceListCustomer)
    ids = sorted({one.customer_id for one in agreements})
    names = {one.id: one.name for one in ctx.session.list(Customer, id=ids)} if ids else {}
    for one in agreements:
        agreed.setdefault(one.price_list_id, []).append(names.get(one.customer_id, ""))
    prices = ctx.session.table(Price)
    counts = dict(
        ctx.session.execute(sa.select(prices.c.price_list_id, sa.func.count()).group_by(prices.c.price_list_id)).all()
    )
    return [
        {
            "name": one.name,
            "currency": one.currency,
            "audience": [
                *sorted(filter(None, agreed.get(one.id, ()))),
                *filter(None, [segments.get(one.segment_id), one.tag, one.country]),
            ],
            "valid_from": one.valid_from,
            "valid_until": one.valid_until,
            "priority": one.priority,
            "prices": counts.get(one.id, 0),
        }
        for one in lists
    ]


def prices_of(ctx: Any, price_list: PriceList) -> list[dict[str, Any]]:
    """Return the prices of a list by product and quantity."""
    found = [ctx.session.masked(one) for one in ctx.session.list(Price, price_list_id=price_list.id)]
    ids = sorted({one.product_id for one in found})
    products = {one.id: one for one in ctx.session.list(Product, id=ids)} if ids else {}
    rows = [
        {
            "sku": products[one.product_id].sku if one.product_id in products else "",
            "product": products[one.product_id].name if one.product_id in products else "",
            "from_quantity": one.from_quantity,
            "price": one.price,
            "valid_from": one.valid_from,
            "valid_until": one.valid_until,
        }
        for one in found
    ]
    return sorted(rows, key=lambda row: (row["product"], row["from_quantity"], str(row["valid_from"] or "")))
