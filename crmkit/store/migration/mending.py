"""Mends what is generated: new columns that may not be empty get values, and a way back gets the types that there were."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from crmkit.store.migration.defaults import default_clause
from crmkit.store.migration.original_types import Types


def fill_new_columns(ops: Any, default: Callable[[str, Any], Any]) -> None:
    """Let existing records get a value in each new column that may not be empty, and nobody who comes after them.

    ``default`` gives the value for a table and a column.
    """
    from alembic.operations.ops import AddColumnOp, AlterColumnOp, ModifyTableOps

    found: list[Any] = []
    for table in ops.ops:
        found.append(table)
        if not isinstance(table, ModifyTableOps):
            continue
        # In a batch of their own: a table made anew without the defaults could not be filled.
        after: list[Any] = []
        for op in table.ops:
            if not isinstance(op, AddColumnOp) or op.column.nullable or op.column.server_default is not None:
                continue
            op.column.server_default = default_clause(op.column.type, default(table.table_name, op.column))
            after.append(
                AlterColumnOp(
                    table.table_name,
                    op.column.name,
                    existing_type=op.column.type,
                    existing_nullable=False,
                    modify_server_default=None,
                )
            )
        if after:
            found.append(ModifyTableOps(table.table_name, after))
    ops.ops = found


def restore_types(ops: Any, types: Types) -> None:
    """Give tables, columns and indexes that come back the types and conditions that they were made with."""
    from alembic.operations.ops import AddColumnOp, AlterColumnOp, CreateIndexOp, CreateTableOp, ModifyTableOps

    for op in ops.ops:
        if isinstance(op, ModifyTableOps):
            restore_types(op, types)
        elif isinstance(op, CreateTableOp):
            for item in op.columns:
                if isinstance(item, sa.Column):
                    item.type = types.get((op.table_name, item.name), item.type)
        elif isinstance(op, AddColumnOp):
            op.column.type = types.get((op.table_name, op.column.name), op.column.type)
        elif isinstance(op, AlterColumnOp):
            known = types.get((op.table_name, op.column_name))
            if known is not None and op.modify_type is not None:
                op.modify_type = known
        elif isinstance(op, CreateIndexOp):
            op.unique = bool(op.unique)
            if "sqlite_where" in op.kw:
                op.kw["postgresql_where"] = op.kw["sqlite_where"]
