from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest

from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.identity import ExternalIdentity
from crmkit.runtime.crm import Crm

Add = Callable[..., UUID]


@pytest.fixture
def add(crm: Crm) -> Add:
    """Add a customer with its points, as in ``add("Anna Berg", email="a@b.de", phone=["+49 30 1"])``; returns its id."""

    def add_(name: str, external: tuple[str, str] | None = None, **values: object) -> UUID:
        points: list[tuple[str, dict[str, str]]] = []
        for kind in ("email", "phone"):
            given = values.pop(kind, [])
            points += [(kind, {"value": value}) for value in ([given] if isinstance(given, str) else given)]  # type: ignore[union-attr]
        if address := values.pop("address", None):
            points.append(("address", address if isinstance(address, dict) else {"value": str(address)}))
        record = Customer(name=name, **values)  # type: ignore[arg-type]
        with crm.session() as session:
            session.add(record)
            session.add(*[ContactPoint(customer_id=record.id, kind=kind, **point) for kind, point in points])  # type: ignore[arg-type]
            if external:
                system, number = external
                session.add(ExternalIdentity(system=system, external_id=number, entity="customer", record_id=record.id))
        return record.id

    return add_
