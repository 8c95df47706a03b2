"""Hooks of prices."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from crmkit.core.customer import Customer
from crmkit.core.frozen import frozen
from crmkit.core.product import Product
from crmkit.hooks.kinds import Kind
from crmkit.plugin import Context, Message, Money, hookspec
from crmkit_sfa.pricing.choosing import PriceAnswer


@frozen
class PriceQuestion:
    """What one unit of a product costs a customer who takes ``quantity`` on a day; ``found`` is what the lists say."""

    customer: Customer | None
    product: Product
    quantity: Decimal
    currency: str
    day: date
    found: PriceAnswer


@frozen
class PluginPrice:
    """A price that a plugin decided on, and the sentence that says why."""

    price: Money
    why: Message


class PricingSpecs:
    """Asked whenever a price is looked up, one product at a time, where somebody implements them."""

    @hookspec(kind=Kind.CHOOSE, since="0.1")
    def choose_sfa_price(self, ctx: Context, call: PriceQuestion) -> PluginPrice | None:
        """Return the price of one unit in ``call.currency``; None leaves it to the price lists."""
