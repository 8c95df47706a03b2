"""Everything that a database tells of its own schema, to be compared."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crmkit.store.database import Database
from crmkit.store.tenant_wall import EVERY_TENANT

_APART = re.compile(r"crmkit_\w+_version|sqlite_\w+|dbos\w*")
"""Tables that tell of migrations, of the planner or of jobs, not of records."""


def described(database: Database) -> Mapping[str, Mapping[str, Any]]:
    """Return the columns, keys, references and indexes of each table, on PostgreSQL also functions and policies.

    Two databases with equal schemas give equal values. The order of columns does not count.
    """
    with database.connection(reads=True, tenant=EVERY_TENANT) as connection:
        inspector = sa.inspect(connection)
        names = sorted(name for name in inspector.get_table_names() if not _APART.fullmatch(name))
        found = {name: _table(inspector, name) for name in names}
        if database.dialect == "postgresql":
            found |= _postgres(connection)
    return found


def _table(inspector: Any, name: str) -> Mapping[str, Any]:
    columns = sorted(inspector.get_columns(name), key=lambda column: str(column["name"]))
    return {
        "columns": [(c["name"], str(c["type"]), getattr(c["type"], "collation", None), c["nullable"]) for c in columns],
        "defaults": [(c["name"], c["default"]) for c in columns if "nextval" not in str(c["default"])],
        "primary key": inspector.get_pk_constraint(name)["constrained_columns"],
        "references": sorted(
            (str(k["name"]), k["constrained_columns"], k["referred_table"], k["referred_columns"], k["options"])
            for k in inspector.get_foreign_keys(name)
        ),
        "indexes": sorted(
            (i["name"], i["column_names"], bool(i["unique"]), _condition(i)) for i in inspector.get_indexes(name)
        ),
        "unique": sorted(str(u["column_names"]) for u in inspector.get_unique_constraints(name)),
    }


def _condition(index: Any) -> str:
    options = index.get("dialect_options", {})
    condition = options.get("sqlite_where", options.get("postgresql_where"))
    return "" if condition is None else str(condition)


def _postgres(connection: sa.Connection) -> dict[str, Mapping[str, Any]]:
    functions = sa.text("SELECT proname FROM pg_proc WHERE proname LIKE 'crm\\_%' ORDER BY 1")
    policies = sa.text(
        "SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity, p.polname, p.polcmd, p.polpermissive, "
        "pg_get_expr(p.polqual, c.oid), pg_get_expr(p.polwithcheck, c.oid) "
        "FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid ORDER BY 1, 4"
    )
    return {
        "functions": {"names": list(connection.scalars(functions))},
        "policies": {"all": [tuple(row) for row in connection.execute(policies)]},
    }
