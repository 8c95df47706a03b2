"""What is for sale: active products with what they cost somebody, for everybody who sells, users of dealers too.

A dealer's users see their organization's own records alone, and products are nobody's. With the right to read products
they are told what is for sale, what it is called and what it costs; nothing else of a product, and of no price list.
"""

from __future__ import annotations

from contextlib import nullcontext
from datetime import date
from decimal import Decimal
from typing import Any

import attrs

from crmkit.core.customer import Customer
from crmkit.core.frozen import frozen
from crmkit.core.product import Product
from crmkit.plugin import Context, Money, change
from crmkit_sfa.dealers.belonging import organization_of
from crmkit_sfa.pricing.choosing import PriceAnswer
from crmkit_sfa.pricing.finding import prices_for
from crmkit_sfa.pricing.lists import product_named

WHY = "what is for sale is told to whoever sells"
MOST = 1_000


@frozen(kw_only=True)
class AssortmentItem:
    """One product that is for sale. ``price`` is that of one unit, None where nobody knows one."""

    sku: str
    name: str
    category: str
    unit: str
    description: str
    price: Money | None


def assortment(
    ctx: Context, customer: Customer | None = None, *, currency: str = "", day: date | None = None, limit: int = MOST
) -> list[AssortmentItem]:
    """Return what is for sale, by name, with what one unit costs a customer on a day, by default today.

    For a user of a dealer that is by default what it costs the dealer. Raises AccessDenied for whoever may not read any
    products, BadInput for an unknown currency.
    """
    actor: Any = ctx.actor
    actor.require("product", "read")
    with ctx.elevated(WHY) if organization_of(ctx) is not None else nullcontext():
        found = ctx.session.list(Product, active=True, order="name,sku", limit=limit)
    products = [ctx.session.masked(one) for one in found]
    buyer = buyer_of(ctx, customer)
    prices = prices_for(ctx, buyer, [(one, Decimal(1)) for one in products], currency, day) if products else []
    return [
        AssortmentItem(
            sku=one.sku,
            name=one.name,
            category=one.category,
            unit=one.unit,
            description=one.description,
            price=answer.price,
        )
        for one, answer in zip(products, prices, strict=True)
    ]


def product_for_sale(ctx: Context, needle: str) -> Product:
    """Return the product of an SKU, else of that name, that the actor may sell; raises as ``product_named``.

    Users of dealers find those that are for sale, if they have the right to read products.
    """
    actor: Any = ctx.actor
    if organization_of(ctx) is None or not actor.granted("product", "read"):
        return product_named(ctx, needle)
    with ctx.elevated(WHY):
        return product_named(ctx, needle, active=True)


def buyer_of(ctx: Context, customer: Customer | None) -> Customer | None:
    """Return for whom prices are asked: ``customer``, else for a user of a dealer the dealer, else nobody."""
    dealer = organization_of(ctx)
    if customer is not None or dealer is None:
        return customer
    return ctx.session.find(Customer, id=dealer)


def as_told(ctx: Context, answer: PriceAnswer) -> PriceAnswer:
    """Return an answer as the actor is told it: users of dealers hear of no price list but the one that counts."""
    if organization_of(ctx) is None:
        return answer
    return attrs.evolve(answer, considered=tuple(one for one in answer.considered if one.taken))


def add_with_product(ctx: Context, record: Any) -> None:
    """Add a record with its product, also where whoever adds it may not read that: what it is about is known already."""
    if record.product_id is None or ctx.session.find(Product, id=record.product_id) is not None:
        ctx.session.add(record)
        return
    ctx.session.add(change(record, product_id=None))
    with ctx.elevated("a record is about the product that it is about, whoever adds it"):
        ctx.session.update(change(ctx.session.get(type(record), record.id), product_id=record.product_id))
