"""Looking up what things cost and how they are taxed. Price lists and tax rates count for everybody, seen or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import attrs

from crmkit.core.customer import Customer
from crmkit.core.product import Product
from crmkit.core.values.money import minor_units
from crmkit.plugin import BadInput, msg
from crmkit_sfa.pricing.choosing import Buyer, Considered, PriceAnswer, chosen, rate_for
from crmkit_sfa.pricing.entities import TAX_CATEGORY, Price, PriceList, PriceListCustomer, TaxRate
from crmkit_sfa.pricing.specs import PluginPrice, PriceQuestion


def price_for(
    ctx: Any,
    customer: Customer | None,
    product: Product,
    quantity: Decimal = Decimal(1),
    currency: str = "",
    day: date | None = None,
    *,
    price_list_id: UUID | None = None,
) -> PriceAnswer:
    """Return what one unit of a product costs a customer who takes ``quantity`` on a day, and why.

    By default in the currency of the installation and today; ``price_list_id`` looks at one list alone. The answer has
    no price when nobody knows one. Raises BadInput for an unknown currency or a quantity that is not above zero.
    """
    (answer,) = prices_for(ctx, customer, [(product, quantity)], currency, day, price_list_id=price_list_id)
    return answer


def prices_for(
    ctx: Any,
    customer: Customer | None,
    wanted: Sequence[tuple[Product, Decimal]],
    currency: str = "",
    day: date | None = None,
    *,
    price_list_id: UUID | None = None,
) -> list[PriceAnswer]:
    """Return what several products cost, each with its quantity, as ``price_for`` does; in a fixed number of queries."""
    unit, on = currency or ctx.currency, day or ctx.today()
    minor_units(unit)
    for _, quantity in wanted:
        if quantity <= 0:
            raise BadInput(msg("quantity {value}: expected a number above zero", value=quantity))
    with ctx.elevated("prices count for everybody"):
        lists = _lists(ctx, unit, price_list_id)
        buyer = _buyer(ctx, customer, lists)
        prices = _prices(ctx, lists, [product.id for product, _ in wanted])
    answers = []
    for product, quantity in wanted:
        found = chosen(lists, prices.get(product.id, ()), buyer, quantity, on)
        if found.price is None and price_list_id is None:
            found = _of_product(ctx, product, unit, found)
        question = PriceQuestion(customer, product, quantity, unit, on, found)
        answers.append(_decided(ctx.hooks.choose("choose_sfa_price", question), found, unit))
    return answers


def tax_rate_for(ctx: Any, country: str, category: str = "", day: date | None = None) -> TaxRate | None:
    """Return the tax rate of a category of goods in a country on a day, by default today; None where none is known."""
    with ctx.elevated("tax rates count for everybody"):
        rates = ctx.session.list(TaxRate)
    return rate_for(rates, country, category, day or ctx.today())


def tax_category(product: Product | None) -> str:
    """Return the tax category of a product."""
    return "" if product is None else str(product.custom.get(TAX_CATEGORY) or product.category)


def _lists(ctx: Any, currency: str, only: UUID | None) -> list[PriceList]:
    if only is None:
        found: list[PriceList] = ctx.session.list(PriceList, currency=currency)
        return found
    one = ctx.session.get(PriceList, only)
    if one.currency != currency:
        raise BadInput(
            msg(
                "price list {name} is in {given}, expected {currency}",
                name=one.name,
                given=one.currency,
                currency=currency,
            )
        )
    return [one]


def _buyer(ctx: Any, customer: Customer | None, lists: Sequence[PriceList]) -> Buyer:
    agreed = _agreed(ctx, customer, [one.id for one in lists])
    if customer is None:
        return Buyer(agreed=agreed)
    segments = {one.segment_id for one in lists if one.segment_id is not None and one.active}
    tags = ctx.services.tags_of(customer) if any(one.tag for one in lists) else ()
    return Buyer(
        country=customer.country,
        tags=frozenset(tag.name for tag in tags),
        segments=frozenset(id for id in segments if ctx.services.in_segment(customer, id)),
        agreed=agreed,
    )


def _agreed(ctx: Any, customer: Customer | None, lists: Sequence[UUID]) -> dict[UUID, bool]:
    """Return the lists that are for some customers alone, each with whether this one is among them."""
    # Imported where it is needed: the plugin's hooks come through here when crmkit starts.
    import sqlalchemy as sa

    if not lists:
        return {}
    table = ctx.session.table(PriceListCustomer)
    rows = ctx.session.execute(
        sa.select(table.c.price_list_id).where(table.c.price_list_id.in_(lists)).distinct()
    ).scalars()
    agreed = dict.fromkeys(rows, False)
    if customer is not None and agreed:
        mine = ctx.session.list(PriceListCustomer, customer_id=customer.id, price_list_id=list(agreed))
        agreed |= {one.price_list_id: True for one in mine}
    return agreed


def _prices(ctx: Any, lists: Sequence[PriceList], products: Sequence[UUID]) -> Mapping[UUID, list[Price]]:
    found: dict[UUID, list[Price]] = {}
    if lists and products:
        for price in ctx.session.list(Price, price_list_id=[one.id for one in lists], product_id=products):
            found.setdefault(price.product_id, []).append(price)
    return found


def _of_product(ctx: Any, product: Product, currency: str, found: PriceAnswer) -> PriceAnswer:
    """Return the price kept with the product, where it has one in this currency and the configuration lets it count."""
    price = product.price
    if price is None or not ctx.config.pricing.product_prices:
        return found
    if price.currency != currency:
        against = Considered(product.name, False, msg("its own price is in {currency}", currency=price.currency))
        return attrs.evolve(found, considered=(*found.considered, against))
    taken = Considered(product.name, True, msg("the price kept with the product"), None, price)
    return PriceAnswer(price, msg("the price kept with the product"), "product", None, (taken, *found.considered))


def _decided(decision: PluginPrice | None, found: PriceAnswer, currency: str) -> PriceAnswer:
    if decision is None:
        return found
    if decision.price.currency != currency:
        raise BadInput(
            msg(
                "a plugin gave the price {price}, expected one in {currency}",
                price=str(decision.price),
                currency=currency,
            )
        )
    beaten = [
        attrs.evolve(one, taken=False, why=msg("a plugin decided")) if one.taken else one for one in found.considered
    ]
    return PriceAnswer(decision.price, decision.why, "plugin", None, tuple(beaten))
