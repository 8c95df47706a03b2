"""The types that columns were declared with in migrations, noted while these are run.

A database tells less than it was told: SQLite knows one type for ids and all other bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

Types = dict[tuple[str, str], Any]


@contextmanager
def types_noted() -> Iterator[Types]:
    """Within, note the type of each column that a migration makes, by table and column."""
    from alembic.operations import base, ops

    found: Types = {}
    invoke = base.AbstractOperations.invoke

    def noting(self: Any, operation: Any) -> Any:
        if isinstance(operation, ops.CreateTableOp):
            for item in operation.columns:
                if isinstance(item, sa.Column):
                    found[operation.table_name, item.name] = item.type
        elif isinstance(operation, ops.AddColumnOp):
            found[operation.table_name, operation.column.name] = operation.column.type
        elif isinstance(operation, ops.AlterColumnOp):
            _alter(found, operation)
        elif isinstance(operation, ops.RenameTableOp):
            for table, column in [key for key in found if key[0] == operation.table_name]:
                found[operation.new_table_name, column] = found.pop((table, column))
        return invoke(self, operation)

    base.AbstractOperations.invoke = noting  # type: ignore[method-assign]
    try:
        yield found
    finally:
        base.AbstractOperations.invoke = invoke  # type: ignore[method-assign]


def _alter(found: Types, operation: Any) -> None:
    key = (operation.table_name, operation.column_name)
    if operation.modify_type is not None:
        found[key] = operation.modify_type
    if operation.modify_name and key in found:
        found[operation.table_name, operation.modify_name] = found.pop(key)
