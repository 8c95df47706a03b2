"""The schema of a database: created, planned, upgraded and downgraded, by Alembic and by difference.

The core and every plugin with migrations have a folder of them and a version table of their own, so a plugin whose
package is gone leaves the others as they are. Plugins without migrations and entities that an installation defines
follow their metadata by difference, which only adds. All of an upgrade is one plan and one transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.face import face
from crmkit.store.migration.filling import fill_chunk, fill_columns, settle_columns
from crmkit.store.migration.owners import CORE, FOLDER, VERSION_TABLE, Owner, Revision, version_table_of
from crmkit.store.migration.planning import describe, schema_state, unwritten
from crmkit.store.migration.running import prepare_functions
from crmkit.store.migration.steps import KeptTables, OwnerState, SchemaState, Step

if TYPE_CHECKING:
    from crmkit.store.migration.changes import (
        create_schema,
        downgrade_schema,
        downgrade_steps,
        run_revisions,
        upgrade_schema,
    )

__all__ = [
    "CORE",
    "FOLDER",
    "VERSION_TABLE",
    "KeptTables",
    "Owner",
    "OwnerState",
    "Revision",
    "SchemaState",
    "Step",
    "create_schema",
    "describe",
    "downgrade_schema",
    "downgrade_steps",
    "fill_chunk",
    "fill_columns",
    "prepare_functions",
    "run_revisions",
    "schema_state",
    "settle_columns",
    "unwritten",
    "upgrade_schema",
    "version_table_of",
]

# Opening a database that is current takes none of it.
__getattr__ = face(
    __name__,
    {"changes": ("create_schema", "downgrade_schema", "downgrade_steps", "run_revisions", "upgrade_schema")},
)
