"""Migrations that fail leave everything as it was, and those that succeed lose nothing."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from crmkit.core.errors import SchemaOutdated
from crmkit.runtime.crm import Crm
from crmkit.store.migration import downgrade_schema, upgrade_schema
from crmkit.store.tenant_wall import EVERY_TENANT
from tests.store.marinas import Package
from tests.store.plugin_versions import Versions, fill, rows
from tests.store.schema_states import Failure, everything, failing_at

# -- failures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["install", "upgrade", "downgrade"])
def test_a_failure_at_any_statement_leaves_everything_as_it_was(marina: Package, database_url: str, way: str) -> None:
    versions = Versions(marina)
    if way == "install":
        Crm.open(database_url, plugins=[]).close()
    else:
        module = versions.first() if way == "upgrade" else versions.second()
        with Crm.open(database_url, plugins=[module]) as crm:
            fill(crm, module)
    field = {"entity": "customer", "name": "size", "type": "integer", "filterable": True}
    config = {} if way == "downgrade" else {"custom_fields": [field]}
    with Crm.open(database_url, plugins=[versions.second()], check=False, config=config) as crm:
        before = everything(crm.database)
        for number in range(1, 200):
            try:
                with failing_at(crm.database, number):
                    if way == "downgrade":
                        downgrade_schema(crm.database, crm.schema_owners, "marina", "base")
                    else:
                        upgrade_schema(crm.database, crm.schema_owners)
                break
            except (Failure, SchemaOutdated):
                assert everything(crm.database) == before
                if crm.database.dialect == "sqlite":
                    with crm.database.connection() as connection:
                        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        assert 10 < number < 199
        assert everything(crm.database) != before
        if way != "downgrade":
            assert crm.schema_state().state == "current"


def test_children_survive_when_their_table_is_made_anew(marina: Package, database_url: str) -> None:
    versions = Versions(marina)
    module = versions.first()
    with Crm.open(database_url, plugins=[module]) as crm:
        fill(crm, module)
        kind = "uuid" if crm.database.dialect == "postgresql" else "BLOB"
        with crm.database.connection(tenant=EVERY_TENANT) as connection:
            connection.exec_driver_sql(
                f"CREATE TABLE marina_logs (boat_id {kind} NOT NULL REFERENCES marina_boats (id) ON DELETE CASCADE)"
            )
            connection.exec_driver_sql("INSERT INTO marina_logs SELECT id FROM marina_boats")
            connection.commit()
    with Crm.open(database_url, plugins=[versions.second()], check=False) as crm:
        crm.upgrade_schema()
        downgrade_schema(crm.database, crm.schema_owners, "marina", "0001")
        crm.upgrade_schema()
        with crm.database.connection(reads=True, tenant=EVERY_TENANT) as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM marina_logs").scalar() == 2
            assert connection.exec_driver_sql("SELECT count(*) FROM marina_berths").scalar() == 1


def test_columns_of_custom_fields_survive_when_their_table_is_made_anew(marina: Package, database_url: str) -> None:
    versions = Versions(marina)
    custom = {"entity": "marina_boat", "name": "rigging", "type": "text", "filterable": True}
    config = {"custom_fields": [custom]}
    module = versions.first()
    Crm.open(database_url, plugins=[module]).close()
    with Crm.open(database_url, plugins=[module], config=config, check=False) as crm:
        assert crm.upgrade_schema().steps == (
            "add column marina_boats.custom_rigging",
            "fill marina_boats.custom_rigging",
        )
        with crm.session() as session:
            session.add(
                *[module.Boat(name=name, custom={"rigging": name[:1]}) for name in ("Sloop", "Ketch", "Schooner")]
            )
    module = versions.second()
    with Crm.open(database_url, plugins=[module], config=config, check=False) as crm:
        crm.upgrade_schema()
        assert (crm.schema_state().state, crm.schema_state().steps) == ("current", ())
        indexes = {index["name"] for index in sa.inspect(crm.database.engine).get_indexes("marina_boats")}
        assert "ix_marina_boats_custom_rigging" in indexes
        with crm.session(reads=True) as session:
            assert [boat.name for boat in session.list(module.Boat, "rigging = s", order="name")] == [
                "Schooner",
                "Sloop",
            ]
    # A plugin that comes new with the field gets its column in the same upgrade.
    with Crm.open(database_url, plugins=[module], config=config, check=False) as crm:
        downgrade_schema(crm.database, crm.schema_owners, "marina", "base")
        crm.upgrade_schema()
        assert (crm.schema_state().state, crm.schema_state().steps) == ("current", ())
        assert crm.registry.filled == {("marina_boat", "rigging")}


def test_an_upgrade_that_breaks_references_is_undone(marina: Package, sqlite_url: str) -> None:
    module = marina.second()
    with Crm.open(sqlite_url, plugins=[module]) as crm:
        fill(crm, module)
    (marina.migrations / "0003.py").write_text(
        '"""Sink."""\nfrom alembic import op\nrevision = "0003"\ndown_revision = "0002"\n\n\n'
        'def upgrade():\n    op.execute("DELETE FROM marina_boats")\n'
    )
    with Crm.open(sqlite_url, plugins=[marina.second()], check=False) as crm:
        assert crm.schema_state().plan[0].destructive
        with pytest.raises(SchemaOutdated, match="would break 1 references of marina_berths; nothing was changed"):
            crm.upgrade_schema()
        assert len(rows(crm.database, "marina_boats")) == 2


def test_a_migration_that_raises_is_named(marina: Package, database_url: str) -> None:
    Crm.open(database_url, plugins=[marina.second()]).close()
    (marina.migrations / "0003.py").write_text(
        'revision = "0003"\ndown_revision = "0002"\n\n\ndef upgrade():\n    raise ValueError("no such pier")\n'
    )
    with Crm.open(database_url, plugins=[marina.second()], check=False) as crm:
        with pytest.raises(SchemaOutdated, match="revision 0003 of marina failed: no such pier; nothing was changed"):
            crm.upgrade_schema()
        assert crm.schema_state().owners[1].revision == "0002"
