"""Filters to SQL. What a filter means is said in ``crmkit.core.filter``; this says it to SQLite and PostgreSQL.

Every clause is true or false for every row, never null, so it can be negated and combined freely. All values are bound
parameters. Relations and children are correlated subqueries, so rows are never multiplied.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import sqlalchemy as sa

from crmkit.core.fieldtypes import Kind
from crmkit.core.filter.asking import (
    Always,
    Among,
    Both,
    DayOfYear,
    Either,
    Ordered,
    Part,
    Test,
    Word,
    negative,
    test_of,
)
from crmkit.core.filter.faults import FilterError, Unsuitable
from crmkit.core.filter.moments import FilterContext
from crmkit.core.filter.targets import Children, Hop, Target, resolve_children, resolve_path
from crmkit.core.filter.tree import And, Compare, Constant, Empty, Has, In, Match, Not, Or, Predicate
from crmkit.core.registry import EntityRegistry
from crmkit.store.filters.fitting import fitted, for_json
from crmkit.store.filters.operands import Clause, Dialect, Operand, operand, reference

Tables = Callable[[str], sa.FromClause]
"""Gives the selectable for an entity, narrowed to what the actor may see; its columns are named as the fields."""

R = TypeVar("R")


def to_sql(
    predicate: Predicate,
    entity: str,
    registry: EntityRegistry,
    tables: Tables,
    context: FilterContext,
    dialect_name: str,
    root: sa.FromClause | None = None,
) -> Clause:
    """Return the condition on rows of ``root``, by default ``tables(entity)``, that ``predicate`` states.

    Raises FilterError for a predicate that does not suit the entity.
    """
    source = tables(entity) if root is None else root
    dialect: Dialect = "postgresql" if dialect_name == "postgresql" else "sqlite"
    return _Compiler(registry, tables, context, dialect).clause(predicate, entity, source)


class _Compiler:
    def __init__(self, registry: EntityRegistry, tables: Tables, context: FilterContext, dialect: Dialect) -> None:
        self._registry, self._tables, self._context, self._dialect = registry, tables, context, dialect

    def clause(self, predicate: Predicate, entity: str, source: sa.FromClause) -> Clause:
        match predicate:
            case And(items):
                return sa.and_(*(self.clause(item, entity, source) for item in items))
            case Or(items):
                return sa.or_(*(self.clause(item, entity, source) for item in items))
            case Not(item):
                return sa.not_(self.clause(item, entity, source))
            case Constant(value):
                return sa.true() if value else sa.false()
            case Has():
                return self._has(predicate, entity, source)
            case _:
                return self._condition(predicate, entity, source)

    def _condition(self, condition: Compare | In | Match | Empty, entity: str, source: sa.FromClause) -> Clause:
        target = _resolved(lambda: resolve_path(condition.path, self._registry, entity))
        if isinstance(condition, Empty):
            return sa.not_(self._reached(target.hops, source, lambda row: self._filled(target, row)))
        test = test_of(target, condition, self._context)
        test = for_json(test) if target.field.custom else fitted(test, target.kind)

        def passes(row: sa.FromClause) -> Clause:
            value = operand(target, row, self._dialect)
            found = self._tested(test, value)
            return sa.and_(value.present(), found) if value.nullable else found

        clause = self._reached(target.hops, source, passes)
        return sa.not_(clause) if isinstance(condition, Compare) and negative(condition) else clause

    def _reached(
        self, hops: tuple[Hop, ...], source: sa.FromClause, finish: Callable[[sa.FromClause], Clause]
    ) -> Clause:
        """The row that ``hops`` lead to exists and meets what ``finish`` says of it."""
        if not hops:
            return finish(source)
        other = self._tables(hops[0].target).alias()
        joined = other.c.id == reference(hops[0].field, source, self._dialect)
        return _exists(other, joined, self._reached(hops[1:], other, finish))

    def _filled(self, target: Target, row: sa.FromClause) -> Clause:
        value = operand(target, row, self._dialect)
        if target.kind is Kind.WORDS:
            return self._words_length(value) > 0
        if target.kind is Kind.TEXT:
            filled = value.value != ""
            return sa.and_(value.present(), filled) if value.nullable else filled
        return value.present() if value.nullable else sa.true()

    def _has(self, has: Has, entity: str, source: sa.FromClause) -> Clause:
        children = _resolved(lambda: resolve_children(has.children, self._registry, entity))
        child = self._tables(children.entity).alias()
        conditions = [self._belongs(children, child, entity, source)]
        if has.where is not None:
            conditions.append(self.clause(has.where, children.entity, child))
        if has.op == "exactly" and has.count > 0:
            count = sa.select(sa.func.count()).select_from(child).where(*conditions).correlate_except(child)
            return count.scalar_subquery() == has.count
        if has.op == "at least":
            return _at_least(has.count, child, conditions)
        return sa.not_(_at_least(has.count + 1, child, conditions))

    def _belongs(self, children: Children, child: sa.FromClause, entity: str, source: sa.FromClause) -> Clause:
        up = children.up
        link = self._tables(up.entity).alias() if children.down else child
        field = self._registry.get(up.entity).field(up.field)
        tied = reference(field, link, self._dialect) == source.c.id
        if up.kind_field:
            tied = sa.and_(tied, link.c[up.kind_field] == entity)
        if not children.down:
            return tied
        return child.c.id.in_(sa.select(link.c[children.down]).where(tied).correlate_except(link))

    def _tested(self, test: Test, value: Operand) -> Clause:
        match test:
            case Always():
                return sa.true()
            case Among(()):
                return sa.false()
            case Among(values, folded):
                return Operand(_fold(value.value), False).equals(values) if folded else value.equals(values)
            case Ordered(op, bound):
                return value.ordered(op, bound)
            case Part():
                return self._part(test, _fold(value.value))
            case Word(text):
                return self._word(text, value)
            case DayOfYear(text):
                start = sa.func.substr(value.value, 1, len(text) + 1, type_=sa.Text())
                after_year = sa.func.substr(value.value, 5, len(text), type_=sa.Text())
                return sa.or_(start == "-" + text, sa.and_(value.value >= "0", after_year == text))
            case Both(tests):
                return sa.and_(*(self._tested(part, value) for part in tests))
            case Either(tests):
                return sa.or_(*(self._tested(part, value) for part in tests))

    def _part(self, part: Part, text: sa.ColumnElement[str]) -> Clause:
        if part.op == "contains":
            find = sa.func.strpos if self._dialect == "postgresql" else sa.func.instr
            return find(text, part.text, type_=sa.Integer()) > 0
        length = len(part.text)
        if part.op == "starts with":
            return sa.func.substr(text, 1, length, type_=sa.Text()) == part.text
        if self._dialect == "postgresql":
            return sa.func.right(text, length, type_=sa.Text()) == part.text
        return sa.func.substr(text, -length, type_=sa.Text()) == part.text

    def _word(self, text: str, value: Operand) -> Clause:
        found: sa.TableValuedAlias
        if self._dialect == "postgresql":
            found = sa.func.jsonb_array_elements_text(_array(value.value)).table_valued("value", name="word")
        else:
            found = sa.func.json_each(sa.type_coerce(value.value, sa.Text())).table_valued("value", name="word")
        return _exists(found, _fold(sa.type_coerce(found.c.value, sa.Text())) == text)

    def _words_length(self, value: Operand) -> sa.ColumnElement[int]:
        if self._dialect == "postgresql":
            length = sa.func.jsonb_array_length(_array(value.value), type_=sa.Integer())
        else:
            length = sa.func.json_array_length(sa.type_coerce(value.value, sa.Text()), type_=sa.Integer())
        return sa.func.coalesce(length, 0, type_=sa.Integer())


def _at_least(count: int, child: sa.FromClause, conditions: list[Clause]) -> Clause:
    """Ask for the row number ``count`` instead of counting all of them."""
    if count <= 0:
        return sa.true()
    found: sa.Select[Any] = sa.select(sa.literal_column("1")).select_from(child).where(*conditions)
    found = found.correlate_except(child)
    return sa.exists(found if count == 1 else found.limit(1).offset(count - 1))


def _exists(source: sa.FromClause, *conditions: Clause) -> Clause:
    return sa.exists(sa.select(sa.literal_column("1")).select_from(source).where(*conditions).correlate_except(source))


def _fold(text: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
    return sa.func.crm_fold(text, type_=sa.Text())


def _array(value: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """The JSON when it is an array, else null: PostgreSQL refuses to look into other values."""
    return sa.case((sa.func.jsonb_typeof(value, type_=sa.Text()) == "array", value))


def _resolved(resolve: Callable[[], R]) -> R:
    try:
        return resolve()
    except Unsuitable as fault:
        raise FilterError(fault.problem) from None
