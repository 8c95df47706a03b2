"""Keeping price lists and tax rates."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from crmkit.core.customer import Customer
from crmkit.core.grouping import Segment
from crmkit.core.product import Product
from crmkit.plugin import BadInput, Money, NotFound, change, did_you_mean, msg
from crmkit_sfa.pricing.entities import Price, PriceList, PriceListCustomer, TaxRate


def new_price_list(
    ctx: Any, name: str, currency: str = "", *, segment: str = "", customers: Iterable[Customer] = (), **values: Any
) -> PriceList:
    """Add a price list in a currency (by default the installation's); ``values`` are fields of it.

    ``customers`` are those that it is agreed with. Raises NotFound for an unknown segment.
    """
    segment_id = segment_named(ctx, segment).id if segment else None
    made = PriceList(name=name, currency=currency or ctx.currency, segment_id=segment_id, **values)
    ctx.session.add(made, *[PriceListCustomer(price_list_id=made.id, customer_id=one.id) for one in customers])
    ctx.session.flush()
    stored: PriceList = ctx.session.get(PriceList, made.id)
    return stored


def agree_on(ctx: Any, price_list: PriceList, customers: Iterable[Customer]) -> int:
    """Note that a price list was agreed with customers, and return how many are new; from then on it is theirs alone."""
    known = {one.customer_id for one in ctx.session.list(PriceListCustomer, price_list_id=price_list.id)}
    fresh = {one.id for one in customers} - known
    ctx.session.add(*[PriceListCustomer(price_list_id=price_list.id, customer_id=id) for id in sorted(fresh)])
    ctx.session.flush()
    return len(fresh)


def set_price(
    ctx: Any,
    price_list: PriceList,
    product: Product,
    price: Decimal,
    *,
    from_quantity: Decimal = Decimal(1),
    valid_from: date | None = None,
    valid_until: date | None = None,
) -> Price:
    """Set what one unit of a product costs by a list, from a quantity and day on; a price for the same ones is changed.

    Raises BadInput for a price below zero, a quantity that is not above zero and days in the wrong order.
    """
    if price < 0:
        raise BadInput(msg("price {value}: expected zero or more", value=price))
    if from_quantity <= 0:
        raise BadInput(msg("quantity {value}: expected a number above zero", value=from_quantity))
    if valid_from and valid_until and valid_until < valid_from:
        raise BadInput(msg("until {end}: expected a day not before {begin}", end=valid_until, begin=valid_from))
    same = ctx.session.list(Price, price_list_id=price_list.id, product_id=product.id)
    known = [one for one in same if (one.from_quantity, one.valid_from) == (from_quantity, valid_from)]
    made = (
        known[0]
        if known
        else Price(
            price_list_id=price_list.id,
            product_id=product.id,
            from_quantity=from_quantity,
            valid_from=valid_from,
            price=Money(price, price_list.currency),
        )
    )
    made = change(made, price=Money(price, price_list.currency), valid_until=valid_until)
    (ctx.session.update if known else ctx.session.add)(made)
    ctx.session.flush()
    stored: Price = ctx.session.get(Price, made.id)
    return stored


def set_tax_rate(
    ctx: Any, rate: Decimal, *, country: str = "", category: str = "", valid_from: date | None = None, name: str = ""
) -> TaxRate:
    """Set the tax in percent on a category of goods in a country from a day on; a rate for the same ones is changed.

    Raises BadInput for a rate below 0 or above 100.
    """
    if not 0 <= rate <= 100:
        raise BadInput(msg("tax rate {value}: expected a percentage from 0 to 100", value=rate))
    same = ctx.session.list(TaxRate)
    key = (country, category, valid_from)
    known = [one for one in same if (one.country, one.category, one.valid_from) == key]
    made = known[0] if known else TaxRate(country=country, category=category, valid_from=valid_from, rate=rate)
    made = change(made, rate=rate, name=name or made.name)
    (ctx.session.update if known else ctx.session.add)(made)
    ctx.session.flush()
    stored: TaxRate = ctx.session.get(TaxRate, made.id)
    return stored


def price_list_named(ctx: Any, name: str, currency: str = "") -> PriceList:
    """Return the price list of a name, of this currency where given.

    Raises NotFound with the closest name, and BadInput where lists of several currencies have the name.
    """
    wanted = {"currency": currency} if currency else {}
    found: list[PriceList] = ctx.session.list(PriceList, name=name, **wanted)
    if len(found) == 1:
        return found[0]
    if not found:
        names = [one.name for one in ctx.session.list(PriceList)]
        raise NotFound(msg("no price list {name}; {hint}", name=name, hint=did_you_mean(name, names)))
    raise BadInput(
        msg(
            "price list {name}: there are several, name its currency: {known}",
            name=name,
            known=", ".join(one.currency for one in found),
        )
    )


def product_named(ctx: Any, needle: str, **equal: Any) -> Product:
    """Return the product of an SKU, else the one of that name; raises NotFound, and BadInput when several have it.

    Looks among those alone of which fields have the values of ``equal``.
    """
    by_sku = ctx.session.find(Product, sku=needle, **equal)
    found: list[Product] = [by_sku] if by_sku else ctx.session.list(Product, name=needle, limit=2, **equal)
    if not found:
        known = [word for one in ctx.session.list(Product, limit=1_000, **equal) for word in (one.sku, one.name)]
        raise NotFound(msg("no product {name}; {hint}", name=needle, hint=did_you_mean(needle, known[:200])))
    if len(found) > 1:
        raise BadInput(msg("product {name}: several have this name, give the SKU", name=needle))
    return found[0]


def segment_named(ctx: Any, name: str) -> Segment:
    """Return the segment of a name; raises NotFound with the closest one."""
    found: Segment | None = ctx.session.find(Segment, name=name)
    if found is None:
        names = [one.name for one in ctx.session.list(Segment)]
        raise NotFound(msg("no segment {name}; {hint}", name=name, hint=did_you_mean(name, names)))
    return found
