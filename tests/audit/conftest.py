from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from crmkit.core.customer import Customer
from crmkit.core.entity import change
from crmkit.core.values.clock import FixedClock
from crmkit.runtime.crm import Crm
from crmkit.services.auditing.faults import Verification
from crmkit.services.auditing.log import seal
from crmkit.services.auditing.verifying import verify
from crmkit.store.tenant_wall import EVERY_TENANT

Sql = Callable[..., int]


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seals and pages of three entries."""
    monkeypatch.setattr("crmkit.store.sealing.BATCH", 3)
    monkeypatch.setattr("crmkit.services.auditing.log.BATCH", 3)
    monkeypatch.setattr("crmkit.services.auditing.verifying.PAGE", 3)


@pytest.fixture
def log(crm: Crm, clock: FixedClock, small_batches: None) -> list[Customer]:
    """Four customers, whose making and whose change are sealed: eight entries, under four seals."""
    made = [Customer(name=f"C{number}") for number in range(4)]
    with crm.session() as s:
        s.add(*made)
    assert seal(crm, crm.system).sealed == 4
    clock.advance(days=1)
    with crm.session() as s:
        s.update(*[change(record, nickname="n") for record in s.list(Customer)])
    assert seal(crm, crm.system).sealed == 4
    return made


@pytest.fixture
def sql(crm: Crm) -> Sql:
    """Run SQL past the CRM, as somebody would who has the database's password; ``:tenant`` is the test's own."""

    def run(statement: str, **values: Any) -> int:
        values["tenant"] = crm.system.tenant_id
        native = {
            name: value.bytes if crm.database.dialect == "sqlite" and hasattr(value, "bytes") else value
            for name, value in values.items()
        }
        with crm.database.connection(tenant=EVERY_TENANT) as connection:
            done = connection.execute(sa.text(statement), native).rowcount
            connection.commit()
        return done

    return run


def checked(crm: Crm, **options: Any) -> Verification:
    with crm.session(reads=True) as s:
        return verify(s, **options)


def found(crm: Crm, **options: Any) -> list[tuple[str, int | None]]:
    """Return kind and place of the faults, of which all are told."""
    verification = checked(crm, **options)
    assert verification.broken == len(verification.faults)
    assert verification.valid == (not verification.faults)
    return [(fault.kind, fault.sequence) for fault in verification.faults]


def linked(crm: Crm, place: int) -> Any:
    """Return the id of the entry at a place in the chain."""
    table = crm.database.table("audit_links")
    with crm.database.connection(reads=True, tenant=EVERY_TENANT) as connection:
        statement = sa.select(table.c.entry_id).where(table.c.tenant_id == crm.system.tenant_id)
        return connection.scalar(statement.where(table.c.sequence == place))
