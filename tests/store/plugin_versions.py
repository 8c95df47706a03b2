"""What tests of plugin migrations share: writing them, two versions of a package, and records to keep."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from crmkit.core.customer import Customer
from crmkit.runtime.crm import Crm
from crmkit.store.database import Database
from crmkit.store.migration.autogenerate import write_revision
from crmkit.store.tenant_wall import EVERY_TENANT
from tests.store.marinas import Package


def write(package: Package, module: Any, title: str, *others: Any, **options: Any) -> Path | None:
    """Have the next migration of a plugin written."""
    with Crm.open(plugins=[module, *others]) as crm:
        owner = next(one for one in crm.schema_owners if one.name == package.name)
        return write_revision(crm.registry, owner, package.migrations, title, **options)


class Versions:
    """Hides the second migration from the first version, as its package would."""

    def __init__(self, package: Package) -> None:
        self.package = package
        (self.second_file,) = package.migrations.glob("0002*")
        self.text = self.second_file.read_text()

    def first(self) -> Any:
        self.second_file.unlink(missing_ok=True)
        return self.package.first()

    def second(self) -> Any:
        self.second_file.write_text(self.text)
        return self.package.second()


def rows(database: Database, table: str) -> list[Mapping[str, Any]]:
    with database.connection(reads=True, tenant=EVERY_TENANT) as connection:
        return [dict(row) for row in connection.execute(sa.text(f'SELECT * FROM "{table}" ORDER BY id')).mappings()]


def fill(crm: Crm, module: Any) -> Customer:
    """Add a customer with two boats, one of them with a berth."""
    keeper = Customer(name="Anna")
    ariel, bounty = module.Boat(name="Ariel", keeper_id=keeper.id), module.Boat(name="Bounty")
    with crm.session() as session:
        session.add(keeper, ariel, bounty, module.Berth(boat_id=ariel.id, pier="7"))
    return keeper
