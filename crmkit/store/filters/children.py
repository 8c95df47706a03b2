"""Counting children in SQL: for one row after the other, or at once for all of them.

A row after the other looks up the children of each, which is right where few rows are asked or the first ones are
enough. At once makes the set of all parents that have enough, which is right where most rows are asked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from crmkit.core.entity import FieldInfo
from crmkit.core.filter.targets import Children
from crmkit.core.filter.tree import Has
from crmkit.core.frozen import frozen
from crmkit.store.filters.operands import Clause, Dialect, reference

Where = Callable[[sa.FromClause], Clause]
"""Says which rows of the children count."""


_FIRST: sa.ColumnElement[Any] = sa.literal_column("1")
"""The first column that is selected: the same expression with values bound anew would be another one to PostgreSQL."""


@frozen(eq=False)
class Counting:
    """Children of ``entity`` that count: ``child`` are their rows, ``link`` those that tie them to their parents.

    ``up`` is the field that holds the parent's id; where it belongs to the children themselves, ``link`` is ``child``.
    ``filled`` tells that it is a custom field with a column that holds all values.
    """

    children: Children
    entity: str
    child: sa.FromClause
    link: sa.FromClause
    up: FieldInfo
    filled: bool
    where: Where | None
    linked: Where | None
    """What of it can be asked of the links already, which spares looking up the children of most of them."""
    dialect: Dialect

    def each(self, has: Has, source: sa.FromClause) -> Clause:
        """Return the condition on a row of ``source``, whose children are looked up."""
        if has.op == "exactly" and has.count > 0:
            return self.number(source) == has.count
        found = self._at_least(has.count if has.op == "at least" else has.count + 1, source)
        return found if has.op == "at least" else sa.not_(found)

    def at_once(self, has: Has, source: sa.FromClause) -> Clause:
        """Return the same condition by one set of parents for all rows of ``source``."""
        count = sa.func.count(self.child.c.id.distinct()) if self.children.down else sa.func.count()
        if has.op == "exactly" and has.count > 0:
            return self._among(self._parents().group_by(_FIRST).having(count == has.count), source)
        least = has.count if has.op == "at least" else has.count + 1
        if least <= 0:
            return sa.true() if has.op == "at least" else sa.false()
        parents = self._parents()
        if least > 1:
            parents = parents.group_by(_FIRST).having(count >= least)
        found = self._among(parents, source)
        return found if has.op == "at least" else sa.not_(found)

    def number(self, source: sa.FromClause) -> sa.ColumnElement[int]:
        """Return how many children of a row of ``source`` count; one that is linked twice counts once."""
        count = sa.func.count(self.child.c.id.distinct()) if self.children.down else sa.func.count()
        return self._of(source, count).scalar_subquery()

    def _at_least(self, least: int, source: sa.FromClause) -> Clause:
        """Ask for the child number ``least`` instead of counting all of them."""
        if least <= 0:
            return sa.true()
        found = self._of(source, sa.literal_column("1"))
        if least > 1:
            found = (found.group_by(self.child.c.id) if self.children.down else found).limit(1).offset(least - 1)
        return sa.exists(found)

    def _of(self, source: sa.FromClause, what: Any) -> sa.Select[Any]:
        found = sa.select(what).select_from(*self._rows).where(self._parent == source.c.id, *self._conditions())
        return found.correlate_except(self.child, self.link)

    def _parents(self) -> sa.Select[Any]:
        # SQLite would take a plain "is not null" as a reason to walk the index of parents, and look up each child alone.
        sqlite = self.dialect == "sqlite" and (self.filled or not self.up.custom)
        known = sa.func.typeof(self._parent, type_=sa.Text()) != "null" if sqlite else self._parent.is_not(None)
        return sa.select(self._parent.label("id")).select_from(*self._rows).where(known, *self._conditions())

    def _among(self, parents: sa.Select[Any], source: sa.FromClause) -> Clause:
        if self.dialect == "sqlite":
            return source.c.id.in_(parents)
        # PostgreSQL joins this in any way that suits, where it would put the ids of NOT IN into memory or give up.
        found = parents.subquery()
        same: sa.Select[Any] = sa.select(sa.literal_column("1")).select_from(found).where(found.c.id == source.c.id)
        return sa.exists(same.correlate_except(found))

    @property
    def _rows(self) -> tuple[sa.FromClause, ...]:
        return (self.link, self.child) if self.children.down else (self.child,)

    @property
    def _parent(self) -> sa.ColumnElement[Any]:
        return reference(self.up, self.link, self.dialect, self.filled)

    def _conditions(self) -> list[Clause]:
        kind_field, down = self.children.up.kind_field, self.children.down
        conditions = [self.child.c.id == self.link.c[down]] if down else []
        if kind_field:
            conditions.append(self.link.c[kind_field] == self.entity)
        if self.linked is not None:
            conditions.append(self.linked(self.link))
        return [*conditions, self.where(self.child)] if self.where is not None else conditions
