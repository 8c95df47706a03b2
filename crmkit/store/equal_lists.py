"""Selects of all records whose fields equal given values: built once for each shape that they are asked in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from crmkit.core.values.text import composed

COLLECTIONS = (list, tuple, set, frozenset)
"""A value of these types means any of its items."""

Shape = tuple[tuple[str, str], ...]
"""The fields asked for, each with what it is compared with: nothing, one value or any of several."""


def shape_of(equal: Mapping[str, Any]) -> Shape:
    """Return in which shape the values are asked for."""
    return tuple([(name, _how(value)) for name, value in equal.items()])


def conditions(shape: Shape, column: Callable[[str], sa.Column[Any]]) -> Iterable[sa.ColumnElement[bool]]:
    """Yield the conditions of a shape; ``bound`` gives the values that they leave open."""
    for name, how in shape:
        if how == "nothing":
            yield column(name).is_(None)
        elif how == "any":
            yield column(name).in_(sa.bindparam(f"v_{name}", expanding=True))
        else:
            yield column(name) == sa.bindparam(f"v_{name}")


def bound(equal: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values by the names of their parameters, as they are stored."""
    return {
        f"v_{name}": [as_stored(item) for item in value] if isinstance(value, COLLECTIONS) else as_stored(value)
        for name, value in equal.items()
        if value is not None
    }


def as_stored(value: Any) -> Any:
    """Return a value as columns hold it: texts in their composed form."""
    return composed(value) if isinstance(value, str) else value


def _how(value: Any) -> str:
    if value is None:
        return "nothing"
    return "any" if isinstance(value, COLLECTIONS) else "one"
