"""Statements compiled once to the text of a dialect and run by the driver: for the few reads that are asked all the time.

Values are bound and converted as SQLAlchemy would; rows come as the driver gives them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from crmkit.core.frozen import frozen
from crmkit.store.types import StoredType


@frozen(eq=False)
class PlainQuery:
    """``order`` names the values by place, None where the driver takes them by name.

    ``asked`` gives the values that are asked for anew each time, such as the present moment.
    """

    text: str
    values: Mapping[str, Any]
    converters: Mapping[str, Callable[[Any], Any]]
    order: tuple[str, ...] | None
    asked: Mapping[str, Callable[[], Any]]

    def rows(self, connection: sa.Connection, values: Mapping[str, Any]) -> list[Any]:
        """Return all rows for ``values``, by the names of their parameters."""
        bound = {**self.values, **values}
        for name, ask in self.asked.items():
            bound[name] = ask()
        for name, convert in self.converters.items():
            bound[name] = convert(bound[name])
        cursor = connection.connection.cursor()
        try:
            cursor.execute(self.text, bound if self.order is None else [bound[name] for name in self.order])
            return list(cursor.fetchall())
        finally:
            cursor.close()


def plain_query(statement: sa.Select[Any], dialect: sa.Dialect) -> PlainQuery:
    """Compile a select. Lists in it stand as they are, and so does every value that no call of ``rows`` gives anew."""
    compiled: Any = statement.compile(dialect=dialect)
    wanted = dict.fromkeys(name for one, name in compiled.bind_names.items() if one.required)
    whole = compiled.construct_expanded_state(wanted)
    converters: dict[str, Callable[[Any], Any]] = {}
    asked: dict[str, Callable[[], Any]] = {}
    for parameter, name in compiled.bind_names.items():
        if parameter.callable is not None:
            asked[name] = parameter.callable
        if isinstance(parameter.type, StoredType) and (convert := parameter.type.to_driver(dialect.name)) is not None:
            # A list has a name for each of its items.
            converters |= dict.fromkeys(whole.parameter_expansion.get(name, [name]), convert)
    order = tuple(whole.positiontup) if compiled.positional else None
    return PlainQuery(whole.statement, dict(whole.parameters), converters, order, asked)
