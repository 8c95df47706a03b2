"""What orders begin with: a customer, things to order, and an accepted quotation of two positions."""

from __future__ import annotations

from decimal import Decimal
from itertools import count

import attrs
import pytest

from crmkit import Crm
from crmkit.core.customer import Customer
from crmkit.plugin import Money, change
from crmkit_sfa.orders.entering import Ordered, new_order
from crmkit_sfa.orders.entities import Order
from crmkit_sfa.orders.placing import confirm
from crmkit_sfa.quotes.entities import Quote, QuoteLine

_NUMBERS = count(1)


@attrs.frozen
class Shop:
    """Makes what the tests need in one CRM."""

    crm: Crm

    def customer(self, name: str = "Kestrel") -> Customer:
        made = Customer(name=name, kind="organization")
        with self.crm.session() as session:
            session.add(made)
        return made

    def lines(self) -> list[Ordered]:
        pump = Ordered(
            description="Pump", quantity=Decimal(3), unit_price=Money.of("33.33", "EUR"), tax_rate=Decimal(19)
        )
        return [pump, Ordered(description="Hose", unit_price=Money.of(10, "EUR"), tax_rate=Decimal(7))]

    def order(self, *, confirmed: bool = True, **fields: object) -> Order:
        """An order of three pumps and a hose: 109.99 net, 19.70 tax, 129.69 gross."""
        customer = self.customer()
        with self.crm.session() as session:
            ctx = self.crm.context(session, "sfa")
            made = new_order(ctx, customer, self.lines(), **fields)
            return confirm(ctx, made) if confirmed else made

    def quote(self, status: str = "accepted", **fields: object) -> Quote:
        """A quotation of ten pumps and four hoses."""
        customer = self.customer()
        number = f"Q-{next(_NUMBERS)}"
        quote = change(Quote(number=number, customer_id=customer.id, currency="EUR"), **fields)
        positions = (("Pump", "10", "33.33", "19"), ("Hose", "4", "10", "7"))
        with self.crm.session() as session:
            session.add(quote)
            session.add(
                *[
                    QuoteLine(
                        quote_id=quote.id,
                        position=position,
                        description=name,
                        quantity=Decimal(quantity),
                        unit_price=Money.of(price, "EUR"),
                        tax_rate=Decimal(rate),
                    )
                    for position, (name, quantity, price, rate) in enumerate(positions, start=1)
                ]
            )
        for step in {"draft": (), "accepted": ("sent", "accepted")}[status]:
            with self.crm.session() as session:
                session.update(change(session.get(Quote, quote.id), status=step))
        with self.crm.session() as session:
            return session.get(Quote, quote.id)


@pytest.fixture(scope="module")
def shop(noon: Crm) -> Shop:
    """On both databases."""
    return Shop(noon)


@pytest.fixture(scope="module")
def quick(noon_in_memory: Crm) -> Shop:
    """In memory alone."""
    return Shop(noon_in_memory)


@pytest.fixture(scope="module")
def postgres_shop(noon_on_postgres: Crm) -> Shop:
    """On PostgreSQL alone."""
    return Shop(noon_on_postgres)
