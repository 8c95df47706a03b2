"""Asking for many texts at once as one parameter, whose number does not change the statement.

A list of 900 parameters costs SQLAlchemy and the driver more than the database, as each is named, typed and bound.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

_encode = msgspec.json.Encoder().encode


def among(column: sa.ColumnElement[str], values: Sequence[str], dialect: str) -> sa.ColumnElement[bool]:
    """Return the condition that a column of texts has one of the values."""
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import ARRAY

        given = sa.bindparam(None, list(values), ARRAY(sa.Text()), unique=True)
        return column == sa.any_(given)
    texts = sa.func.json_each(_encode(values).decode()).table_valued("value")
    return column.in_(sa.select(texts.c.value))
