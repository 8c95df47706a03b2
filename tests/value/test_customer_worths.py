"""Customers' figures read from the database."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from crmkit import Crm
from crmkit.core.customer import Customer
from crmkit.core.errors import BadInput
from crmkit.core.exchange_rate import ExchangeRate
from crmkit.core.interaction import Interaction, InteractionLine, InteractionParticipant
from crmkit.core.product import Product
from crmkit.core.values.money import Money
from crmkit.services.customer_view import customer_value
from crmkit.services.value import customer_worths, retention
from crmkit.store.session import Session

PUMP = Product(sku="P", name="Pump", cost=Money.of("6", "EUR"))
GIFT = Product(sku="G", name="Gift")


def at(day: int, month: int = 3) -> datetime:
    return datetime(2026, month, day, 9, tzinfo=UTC)


def log(
    session: Session, who: Customer, kind: str, when: datetime, money: Money | None = None, **fields: str
) -> Interaction:
    made = Interaction(kind=kind, occurred_at=when, money=money, **fields)  # type: ignore[arg-type]
    session.add(made, InteractionParticipant(interaction_id=made.id, customer_id=who.id))
    return made


def line(session: Session, of: Interaction, product: Product, quantity: int, price: str) -> None:
    session.add(
        InteractionLine(
            interaction_id=of.id,
            position=1,
            product_id=product.id,
            quantity=Decimal(quantity),
            unit_price=Decimal(price),
        )
    )


def test_revenue_margin_and_cost_to_serve(database_url: str) -> None:
    with Crm.open(database_url, plugins=[]) as crm:
        anna, bob = Customer(name="Anna"), Customer(name="Bob")
        with crm.session() as session:
            session.add(anna, bob, PUMP, GIFT)
            session.add(ExchangeRate(base="EUR", quote="CNY", valid_from=date(2026, 1, 1), rate=Decimal(8)))
            order = log(session, anna, "purchase", at(1), Money.of("100", "EUR"))
            line(session, order, PUMP, 10, "10")
            back = log(session, anna, "return", at(5), Money.of("10", "EUR"))
            line(session, back, PUMP, 1, "10")
            log(session, anna, "payment", at(6), Money.of("100", "EUR"))
            log(session, anna, "purchase", at(7), Money.of("999", "EUR"), status="cancelled")
            log(session, anna, "delivery", at(8), Money.of("4", "EUR"))
            for day in (10, 11):
                log(session, anna, "call", at(day))
            gift = log(session, bob, "purchase", at(2), Money.of("80", "CNY"))
            line(session, gift, GIFT, 1, "80")
        with crm.session(reads=True) as session:
            first, second = customer_worths(session, crm.kinds, "EUR", contact_costs={"call": Money.of("1.5", "EUR")})
            assert (first.name, first.revenue, first.margin) == ("Anna", Decimal(90), Decimal(36))
            # Two calls at 1.5 and a delivery that cost 4; the payment and the cancelled purchase count nowhere.
            assert (first.cost_to_serve, first.profit, first.purchases) == (Decimal(7), Decimal(29), 1)
            assert (first.first_purchase, first.last_purchase) == (at(1), at(1))
            assert (second.name, second.revenue, second.margin) == ("Bob", Decimal(10), None)
            assert customer_value(session, anna.id, crm.kinds) == (Money.of("90", "EUR"),)
            assert [w.name for w in customer_worths(session, crm.kinds, "EUR", until=at(2))] == ["Anna"]
            assert [w.name for w in customer_worths(session, crm.kinds, "EUR", since=at(2), until=at(3))] == ["Bob"]
            with pytest.raises(BadInput, match="no exchange rate from EUR to USD"):
                customer_worths(session, crm.kinds, "USD")


def test_retention_compares_two_periods(database_url: str) -> None:
    with Crm.open(database_url, plugins=[]) as crm:
        stays, leaves, comes = Customer(name="stays"), Customer(name="leaves"), Customer(name="comes")
        with crm.session() as session:
            session.add(stays, leaves, comes)
            for who, month in ((stays, 1), (leaves, 1), (stays, 2), (comes, 2)):
                log(session, who, "purchase", at(3, month), Money.of("1", "EUR"))
            log(session, leaves, "return", at(4, 2), Money.of("1", "EUR"))
        with crm.session(reads=True) as session:
            found = retention(session, crm.kinds, (at(1, 1), at(1, 2)), (at(1, 2), at(1, 3)))
            assert (found.before, found.kept, found.rate) == (2, 1, Decimal("0.5"))
