"""A CRM with an entity of a plugin, one of the configuration and fields under special protection; and its staff."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from crmkit.core.entity import CustomField, Part, Record, Via, entity, field
from crmkit.core.values.clock import FixedClock
from crmkit.core.values.money import Money
from crmkit.hooks.kinds import hookimpl
from crmkit.runtime.crm import Crm
from crmkit.runtime.manifest import Manifest
from crmkit.testing.postgres import PostgresServer
from tests.conftest import OpenCrm
from tests.store.staff import Staff, make_staff
from tests.tenants import in_a_new_tenant


@entity("marina_yacht", plugin="marina")
class Yacht(Record):
    """A yacht."""

    name: str = field(searchable=True)
    length: Decimal | None = field(default=None, minimum=0)
    insured: Money | None = field(default=None, sensitivity="special")
    keeper_id: UUID | None = field(default=None, reference="customer", merge="repoint", erase="clear")


@entity("marina_trip", plugin="marina", access=Via("yacht_id"), title="harbour")
class Trip(Part):
    """Where a yacht went."""

    yacht_id: UUID = field(reference="marina_yacht")
    harbour: str = field()


class Marina:
    manifest = Manifest(name="marina")

    @hookimpl
    def register_entities(self, ctx: Any, call: Any) -> list[type]:
        return [Yacht, Trip]

    @hookimpl
    def register_custom_fields(self, ctx: Any, call: Any) -> list[CustomField]:
        return [
            CustomField(entity="customer", name="marina_blood_group", sensitivity="special"),
            CustomField(entity="customer", name="marina_shoe", type="integer"),
        ]


CONFIG: dict[str, Any] = {
    "entities": [{"name": "machine", "fields": [{"name": "name", "required": True}, {"name": "serial"}]}]
}


@pytest.fixture(scope="session")
def marina_sqlite_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('marina') / 'marina.db'}"


@pytest.fixture(scope="session")
def marina_postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    with postgres_server.database() as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def marina_url(request: pytest.FixtureRequest) -> str:
    name = "marina_sqlite_url" if request.param == "sqlite" else "marina_postgres_url"
    address: str = request.getfixturevalue(name)
    return address


@pytest.fixture
def crm(marina_url: str, clock: FixedClock, kept_open: OpenCrm) -> Crm:
    """A CRM on SQLite and on PostgreSQL, with a clock and a tenant of the test's own."""
    crm = in_a_new_tenant(kept_open(marina_url, Marina(), config=CONFIG))
    crm.clock = clock
    return crm


@pytest.fixture
def staff(crm: Crm) -> Staff:
    return make_staff(crm)
