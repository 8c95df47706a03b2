"""Statements of the search, built once: for those who see everything once per application, for others once per actor."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from crmkit.core.customer import Customer
from crmkit.store.narrowing import Narrowing

if TYPE_CHECKING:
    from crmkit.store.session import Session

_kept: WeakKeyDictionary[Narrowing, dict[tuple[str, ...], sa.Select[Any]]] = WeakKeyDictionary()


def run(
    session: Session, key: tuple[str, ...], build: Callable[[], sa.Select[Any]], values: Mapping[str, Any]
) -> Sequence[Any]:
    """Return the rows of a statement that is built when nobody has asked for ``key`` before.

    It may bind ``tenant`` and must hold nothing that ``key`` and the actor's rights do not decide.
    """
    if session.actor.everything:
        statement = session.database.statements.get((Customer, key))
        if statement is None:
            statement = session.database.statements[Customer, key] = build()
    else:
        known = _kept.setdefault(session.narrowing, {})
        statement = known.get(key)
        if statement is None:
            statement = known[key] = build()
    return session.connection.execute(statement, {"tenant": session.actor.tenant_id, **values}).all()


def visible(session: Session, entity: str, table: sa.Table) -> list[sa.ColumnElement[bool]]:
    """Return the conditions on what the actor may see, fit for statements that are kept."""
    if session.actor.everything:
        return [table.c.tenant_id == sa.bindparam("tenant"), table.c.deleted_at.is_(None)]
    return session.narrowing.conditions(entity, table)


def given_numbers(dialect: str, name: str) -> sa.Subquery:
    """Return a selectable of numbers, in a column ``number``, that are bound under ``name`` by ``bound_numbers``."""
    if dialect == "postgresql":
        text = f"SELECT given.number AS number FROM unnest(CAST(:{name} AS bigint[])) AS given (number)"
    else:
        text = f"SELECT value AS number FROM json_each(:{name})"
    return sa.text(text).columns(number=sa.BigInteger).subquery("given")


def bound_numbers(dialect: str, numbers: Sequence[int]) -> Any:
    """Return numbers as ``given_numbers`` takes them."""
    return list(numbers) if dialect == "postgresql" else "[" + ",".join(map(str, numbers)) + "]"
