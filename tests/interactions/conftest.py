from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest

from crmkit.core.customer import ContactPoint, Customer
from crmkit.runtime.crm import Crm

Add = Callable[..., UUID]


@pytest.fixture
def add(crm: Crm) -> Add:
    """Add a customer with its points, as in ``add("Anna Berg", email="a@b.de", phone="+49 30 1")``; returns its id."""

    def add_(name: str, email: str = "", phone: str = "", **values: object) -> UUID:
        record = Customer(name=name, **values)  # type: ignore[arg-type]
        with crm.session() as session:
            session.add(record)
            if email:
                session.add(ContactPoint(customer_id=record.id, kind="email", value=email))
            if phone:
                session.add(ContactPoint(customer_id=record.id, kind="phone", value=phone))
        return record.id

    return add_
