"""Which of several prices counts: the rules, without looking anything up."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import attrs

from crmkit.core.frozen import frozen
from crmkit.core.validity import valid_on
from crmkit.plugin import Message, Money, msg
from crmkit_sfa.pricing.entities import Price, PriceList, TaxRate

Source = Literal["", "list", "product", "plugin"]


@frozen
class Buyer:
    """What prices depend on of a customer: where it is, its tags, the segments it is in, and lists agreed with it.

    ``agreed`` are the lists that are for some customers alone, with whether this one is among them.
    """

    country: str = ""
    tags: frozenset[str] = frozenset()
    segments: frozenset[UUID] = frozenset()
    agreed: dict[UUID, bool] = attrs.field(factory=dict)


@frozen
class Considered:
    """One price list that was looked at: whether its price was taken, and why or why not."""

    name: str
    taken: bool
    why: Message
    price_list: PriceList | None = None
    price: Money | None = None


@frozen
class PriceAnswer:
    """What a product costs, where that comes from, and what else was looked at. No ``price``: nobody knows one."""

    price: Money | None
    why: Message
    source: Source = ""
    price_list: PriceList | None = None
    considered: tuple[Considered, ...] = ()


@frozen
class Offer:
    """A price of a list that fits; the largest ``rank`` counts."""

    price_list: PriceList
    price: Price
    rank: tuple[Any, ...]


def chosen(
    lists: Iterable[PriceList], prices: Iterable[Price], buyer: Buyer, quantity: Decimal, day: date
) -> PriceAnswer:
    """Return the most specific price for a buyer: of one list for a product.

    A list agreed with the customer comes before one for a segment, that before one for a tag, that before one for a
    country, that before one for everybody; of lists that fit equally well the one of higher priority counts, then the
    one that began last. Within a list the largest quantity reached counts, then the price that began last.
    """
    by_list: dict[UUID, list[Price]] = {}
    for price in prices:
        by_list.setdefault(price.price_list_id, []).append(price)
    offers: list[Offer] = []
    considered: list[Considered] = []
    for one in sorted(lists, key=lambda one: (one.name, one.id)):
        against = _against(one, buyer, day)
        best = None if against else _best(by_list.get(one.id, ()), quantity, day)
        if best is None:
            why = against or _no_price(by_list.get(one.id, ()), quantity)
            considered.append(Considered(one.name, False, why, one))
        else:
            offers.append(Offer(one, best, (*_specificity(one, buyer), one.priority, _began(one), one.id)))
    offers.sort(key=lambda offer: offer.rank, reverse=True)
    if not offers:
        return PriceAnswer(None, msg("no price list has a price"), considered=tuple(considered))
    first, *others = offers
    taken = Considered(first.price_list.name, True, _fits(first.price_list, buyer), first.price_list, first.price.price)
    beaten = [Considered(o.price_list.name, False, _beaten(o, first), o.price_list, o.price.price) for o in others]
    why = msg(
        "price list {name}, from {quantity} on", name=first.price_list.name, quantity=f"{first.price.from_quantity:f}"
    )
    return PriceAnswer(first.price.price, why, "list", first.price_list, (taken, *beaten, *considered))


def rate_for(rates: Iterable[TaxRate], country: str, category: str, day: date) -> TaxRate | None:
    """Return the tax rate of a category of goods in a country on a day; the newest of those that name most."""
    fitting = [
        rate
        for rate in rates
        if rate.country in ("", country)
        and rate.category in ("", category)
        and (rate.valid_from is None or rate.valid_from <= day)
    ]
    return max(fitting, key=lambda r: (r.country != "", r.category != "", r.valid_from or date.min, r.id), default=None)


def _against(one: PriceList, buyer: Buyer, day: date) -> Message | None:
    if not one.active:
        return msg("not in use")
    if not valid_on(one, day):
        return msg("valid from {begin} until {end}", begin=one.valid_from or "-", end=one.valid_until or "-")
    if buyer.agreed.get(one.id) is False:
        return msg("agreed with other customers")
    if one.segment_id is not None and one.segment_id not in buyer.segments:
        return msg("for another segment")
    if one.tag and one.tag not in buyer.tags:
        return msg("for customers with the tag {tag}", tag=one.tag)
    if one.country and one.country != buyer.country:
        return msg("for customers in {country}", country=one.country)
    return None


def _best(prices: Iterable[Price], quantity: Decimal, day: date) -> Price | None:
    fitting = [price for price in prices if price.from_quantity <= quantity and valid_on(price, day)]
    return max(fitting, key=lambda p: (p.from_quantity, p.valid_from or date.min, p.id), default=None)


def _no_price(prices: Iterable[Price], quantity: Decimal) -> Message:
    breaks = [price.from_quantity for price in prices]
    if breaks and min(breaks) > quantity:
        return msg("only from {quantity} on", quantity=f"{min(breaks):f}")
    return msg("has no price for it on that day") if breaks else msg("has no price for it")


def _specificity(one: PriceList, buyer: Buyer) -> tuple[bool, bool, bool, bool]:
    return (buyer.agreed.get(one.id, False), one.segment_id is not None, bool(one.tag), bool(one.country))


def _began(one: PriceList) -> date:
    return one.valid_from or date.min


def _fits(one: PriceList, buyer: Buyer) -> Message:
    if buyer.agreed.get(one.id):
        return msg("agreed with this customer")
    if one.segment_id is not None:
        return msg("for a segment the customer is in")
    if one.tag:
        return msg("for customers with the tag {tag}", tag=one.tag)
    if one.country:
        return msg("for customers in {country}", country=one.country)
    return msg("for everybody")


def _beaten(offer: Offer, first: Offer) -> Message:
    if offer.rank[:4] != first.rank[:4]:
        return msg("less specific")
    if offer.rank[4] != first.rank[4]:
        return msg("of lower priority")
    return msg("began earlier")
