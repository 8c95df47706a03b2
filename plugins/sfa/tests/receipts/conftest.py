"""What receipts begin with: customers with confirmed orders of any sum and currency."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from datetime import date
from decimal import Decimal
from typing import Any

import attrs
import pytest

from crmkit import Crm
from crmkit.core.customer import Customer
from crmkit.core.exchange_rate import ExchangeRate
from crmkit.plugin import Money
from crmkit_sfa.orders.entering import Ordered, new_order
from crmkit_sfa.orders.entities import Order
from crmkit_sfa.orders.placing import confirm
from crmkit_sfa.receipts.allocating import allocate
from crmkit_sfa.receipts.entities import Allocation, PlannedReceipt, Receipt
from crmkit_sfa.receipts.instalments import read_instalment
from crmkit_sfa.receipts.planning import plan
from crmkit_sfa.receipts.recording import record
from plugins.sfa.tests.conftest import opened

ORDERED_ON = date(2026, 3, 1)


@attrs.frozen
class Books:
    """Orders, plans, receipts and allocations of one CRM, each in a transaction of its own."""

    crm: Crm

    def customer(self, name: str = "Kestrel") -> Customer:
        made = Customer(name=name, kind="organization")
        with self.crm.session() as session:
            session.add(made)
        return made

    def order(
        self, amount: str = "1000", currency: str = "EUR", customer: Customer | None = None, **fields: Any
    ) -> Order:
        """A confirmed order of 1 March 2026 without tax."""
        buyer = customer or self.customer()
        with self.crm.session() as session:
            ctx = self.crm.context(session, "sfa")
            lines = [Ordered(description="Works", unit_price=Money.of(amount, currency))]
            return confirm(ctx, new_order(ctx, buyer, lines, **{"ordered_on": ORDERED_ON, **fields}))

    def planned(self, order: Order, *instalments: str) -> list[PlannedReceipt]:
        """Plan an order by instalments such as ``30% 10 days``, by default all of it in 30 days."""
        given = [read_instalment(one, ORDERED_ON, order.currency) for one in instalments]
        with self.crm.session() as session:
            return plan(self.crm.context(session, "sfa"), order, given)

    def receipt(self, customer_id: Any, amount: str, currency: str = "EUR", **details: Any) -> Receipt:
        with self.crm.session() as session:
            customer = session.get(Customer, customer_id)
            ctx = self.crm.context(session, "sfa")
            return record(ctx, customer, Money.of(amount, currency), **details).receipt

    def paid(self, receipt: Receipt, planned: Sequence[PlannedReceipt], **details: Any) -> list[Allocation]:
        with self.crm.session() as session:
            return allocate(self.crm.context(session, "sfa"), receipt, planned, **details)

    def rate(self, base: str, quote: str, rate: str, day: date = date(2026, 1, 1)) -> None:
        with self.crm.session() as session:
            session.add(ExchangeRate(base=base, quote=quote, valid_from=day, rate=Decimal(rate)))

    def now(self, record_: Any) -> Any:
        """Return a record as it is stored now."""
        with self.crm.session(reads=True) as session:
            return session.get(type(record_), record_.id)

    def outstanding(self, planned: Sequence[PlannedReceipt]) -> list[Decimal]:
        return [self.now(one).outstanding.amount for one in planned]


@pytest.fixture(scope="module")
def books(noon: Crm) -> Books:
    """On both databases."""
    return Books(noon)


@pytest.fixture(scope="module")
def quick(noon_in_memory: Crm) -> Books:
    """In memory alone."""
    return Books(noon_in_memory)


@pytest.fixture(scope="module")
def postgres_books(noon_on_postgres: Crm) -> Books:
    """On PostgreSQL alone."""
    return Books(noon_on_postgres)


@pytest.fixture
def make_books() -> Iterator[Callable[[], Books]]:
    """Opens books in memory that a test has for itself."""
    with ExitStack() as open_ones:
        yield lambda: Books(open_ones.enter_context(closing(opened())))


@pytest.fixture(scope="session")
def shared_books() -> Iterator[Books]:
    """Books in memory for tests that Hypothesis runs many times."""
    with closing(opened()) as crm:
        yield Books(crm)
