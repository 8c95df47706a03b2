"""JSON objects less some of their keys, on both databases."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


def without(column: sa.Column[Any], names: list[str]) -> sa.ColumnElement[Any]:
    """Return a column of JSON objects without the keys ``names``."""
    return sa.type_coerce(_Without(column, *[sa.literal(name, sa.Text()) for name in names]), column.type)


class _Without(FunctionElement[Any]):
    """A JSON object less some of its keys."""

    inherit_cache = True
    name = "without"


@compiles(_Without, "sqlite")
def _without_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    document, *names = element.clauses
    paths = ", ".join(f"'$.' || {compiler.process(name, **options)}" for name in names)
    return f"json_remove({compiler.process(document, **options)}, {paths})"


@compiles(_Without, "postgresql")
def _without_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    document, *names = element.clauses
    keys = ", ".join(f"{compiler.process(name, **options)}::text" for name in names)
    return f"({compiler.process(document, **options)} - ARRAY[{keys}])"
