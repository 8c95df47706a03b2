from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from crmkit.core.customer import ContactPoint, Customer
from crmkit.runtime.crm import Crm

Add = Callable[..., UUID]


@pytest.fixture
def add(crm: Crm) -> Add:
    """Add a customer with its points, as in ``add("Anna Berg", email="a@b.de", phone="+49 30 1")``; returns its id."""

    def add_(name: str, *, email: str = "", phone: str = "", **values: Any) -> UUID:
        record = Customer(name=name, **values)
        points = [("email", email), ("phone", phone)]
        with crm.session() as session:
            session.add(record)
            session.add(
                *[ContactPoint(customer_id=record.id, kind=kind, value=value) for kind, value in points if value]  # type: ignore[arg-type]
            )
        return record.id

    return add_
