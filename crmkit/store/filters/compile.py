"""Filters to SQL. What a filter means is said in ``crmkit.core.filter``; this says it to SQLite and PostgreSQL.

Every clause is true or false for every row, never null, so it can be negated and combined freely. All values are bound
parameters. Relations and children are correlated subqueries, so rows are never multiplied.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

import sqlalchemy as sa

from crmkit.core.entity import FieldInfo
from crmkit.core.fieldtypes import Kind
from crmkit.core.filter.asking import negative, test_of
from crmkit.core.filter.faults import FilterError, Unsuitable, unresolved
from crmkit.core.filter.moments import FilterContext
from crmkit.core.filter.targets import Hop, Target, resolve_children, resolve_path
from crmkit.core.filter.tree import And, Compare, Constant, Empty, Has, In, InSegment, Match, Not, Or, Predicate
from crmkit.core.registry import EntityRegistry
from crmkit.store.filters.children import Counting, Where
from crmkit.store.filters.fitting import fitted, for_json
from crmkit.store.filters.links import of_links
from crmkit.store.filters.operands import Clause, Dialect, operand, reference
from crmkit.store.filters.passing import passes, words_length

Tables = Callable[[str], sa.FromClause]
"""Gives a selectable for an entity, narrowed to what the actor may see; its columns are named as the fields.

Each time it gives another name, so that one can stand inside the other.
"""

R = TypeVar("R")


def to_sql(
    predicate: Predicate,
    entity: str,
    registry: EntityRegistry,
    tables: Tables,
    context: FilterContext,
    dialect_name: str,
    root: sa.FromClause | None = None,
    whole: bool = False,
) -> Clause:
    """Return the condition on rows of ``root``, by default ``tables(entity)``, that ``predicate`` states.

    ``whole`` says that most rows will be asked: children are then counted for all of them at once instead of for one
    row after the other. Raises FilterError for a predicate that does not suit the entity.
    """
    source = tables(entity) if root is None else root
    dialect: Dialect = "postgresql" if dialect_name == "postgresql" else "sqlite"
    return _Compiler(registry, tables, context, dialect, whole).clause(predicate, entity, source)


def children_number(
    has: Has,
    entity: str,
    registry: EntityRegistry,
    tables: Tables,
    context: FilterContext,
    dialect_name: str,
    root: sa.FromClause,
) -> sa.ColumnElement[int]:
    """Return how many children of a row of ``root`` are such as ``has`` counts. Raises FilterError."""
    dialect: Dialect = "postgresql" if dialect_name == "postgresql" else "sqlite"
    return _Compiler(registry, tables, context, dialect, False).counting(has, entity).number(root)


class _Compiler:
    def __init__(
        self, registry: EntityRegistry, tables: Tables, context: FilterContext, dialect: Dialect, whole: bool
    ) -> None:
        self._registry, self._tables, self._context, self._dialect = registry, tables, context, dialect
        self._whole = whole

    def clause(self, predicate: Predicate, entity: str, source: sa.FromClause) -> Clause:
        match predicate:
            case And(items):
                # SQLite asks in the order written: what costs least comes first, and mostly settles it.
                ordered = sorted(items, key=lambda item: self._cost(item, entity))
                return sa.and_(*(self.clause(item, entity, source) for item in ordered))
            case Or(items):
                return sa.or_(*(self.clause(item, entity, source) for item in items))
            case Not(item):
                return sa.not_(self.clause(item, entity, source))
            case Constant(value):
                return sa.true() if value else sa.false()
            case Has():
                return self._has(predicate, entity, source)
            case InSegment(name):
                raise unresolved(name)
            case _:
                return self._condition(predicate, entity, source)

    def _condition(self, condition: Compare | In | Match | Empty, entity: str, source: sa.FromClause) -> Clause:
        target = _resolved(lambda: resolve_path(condition.path, self._registry, entity))
        if isinstance(condition, Empty):
            return sa.not_(self._reached(target.hops, source, lambda row: self._filled(target, row)))
        test = test_of(target, condition, self._context)
        filled = self._in_column(target.entity, target.field)
        in_json = target.field.custom and not filled and not target.part
        test = for_json(test) if in_json else fitted(test, target.kind)

        def met(row: sa.FromClause) -> Clause:
            value = operand(target, row, self._dialect, self._context.zone, filled)
            found = passes(test, value, self._dialect)
            return sa.and_(value.present(), found) if value.nullable else found

        clause = self._reached(target.hops, source, met)
        return sa.not_(clause) if isinstance(condition, Compare) and negative(condition) else clause

    def _in_column(self, entity: str, field: FieldInfo) -> bool:
        """Whether a custom field has a column that holds the values of all records."""
        return field.custom and (entity, field.name) in self._registry.filled

    def _reached(
        self, hops: tuple[Hop, ...], source: sa.FromClause, finish: Callable[[sa.FromClause], Clause]
    ) -> Clause:
        """The row that ``hops`` lead to exists and meets what ``finish`` says of it."""
        if not hops:
            return finish(source)
        other = self._tables(hops[0].target)
        joined = other.c.id == reference(hops[0].field, source, self._dialect)
        return _exists(other, joined, self._reached(hops[1:], other, finish))

    def _filled(self, target: Target, row: sa.FromClause) -> Clause:
        value = operand(target, row, self._dialect, self._context.zone, self._in_column(target.entity, target.field))
        if target.kind is Kind.WORDS:
            return words_length(value, self._dialect) > 0
        if target.kind is Kind.TEXT:
            filled = value.value != ""
            return sa.and_(value.present(), filled) if value.nullable else filled
        return value.present() if value.nullable else sa.true()

    def _has(self, has: Has, entity: str, source: sa.FromClause) -> Clause:
        counting = self.counting(has, entity)
        return counting.at_once(has, source) if self._whole else counting.each(has, source)

    def counting(self, has: Has, entity: str) -> Counting:
        """Return what counts the children that ``has`` speaks of."""
        children = _resolved(lambda: resolve_children(has.children, self._registry, entity))
        child = self._tables(children.entity)
        up = self._registry.get(children.up.entity).field(children.up.field)
        return Counting(
            children=children,
            entity=entity,
            child=child,
            link=self._tables(children.up.entity) if children.down else child,
            up=up,
            filled=self._in_column(children.up.entity, up),
            where=self._of(has.where, children.entity),
            linked=self._of(of_links(has, children), children.entity),
            dialect=self._dialect,
        )

    def _cost(self, predicate: Predicate, entity: str) -> int:
        """Rank a condition: of columns as they are, of folded text, of other records, of numbers of others."""
        match predicate:
            case Constant():
                return 0
            case And(items) | Or(items):
                return max(self._cost(item, entity) for item in items)
            case Not(item):
                return self._cost(item, entity)
            case Compare() | In() | Match() | Empty():
                target = _resolved(lambda: resolve_path(predicate.path, self._registry, entity))
                return 2 if target.hops else int(target.kind in (Kind.TEXT, Kind.WORDS) and not target.field.choices)
            case _:
                return 3

    def _of(self, predicate: Predicate | None, entity: str) -> Where | None:
        return None if predicate is None else partial(self.clause, predicate, entity)


def _exists(source: sa.FromClause, *conditions: Clause) -> Clause:
    return sa.exists(sa.select(sa.literal_column("1")).select_from(source).where(*conditions).correlate_except(source))


def _resolved(resolve: Callable[[], R]) -> R:
    try:
        return resolve()
    except Unsuitable as fault:
        raise FilterError(fault.problem) from None
