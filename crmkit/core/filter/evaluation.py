"""Asking records in memory. Every answer is the one that SQL gives, see ``crmkit.core.filter``."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol
from uuid import UUID

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
from crmkit.core.filter.civil import RANGES, local_part
from crmkit.core.filter.custom import custom_value
from crmkit.core.filter.faults import FilterError, Unsuitable, unresolved
from crmkit.core.filter.fold import fold
from crmkit.core.filter.moments import FilterContext
from crmkit.core.filter.targets import Children, Hop, Target, resolve_children, resolve_path
from crmkit.core.filter.tree import And, Compare, Constant, Empty, Has, In, InSegment, Match, Not, Or, Predicate
from crmkit.core.registry import EntityRegistry

Ask = Callable[[Any], bool]
Get = Callable[[Any], Any]


class Resolver(Protocol):
    """Finds other records for filters: those that the asking actor may see, and no others."""

    def related(self, entity: str, id: UUID) -> Any | None:
        """Return the record of ``entity`` with that id, or None."""
        ...

    def children(self, entity: str, field: str, id: UUID) -> Iterable[Any]:
        """Return the records of ``entity`` whose ``field``, of its own or custom, is ``id``."""
        ...


class NoRelations:
    """Knows no other records: relations lead nowhere and nothing has children."""

    def related(self, entity: str, id: UUID) -> Any | None:
        return None

    def children(self, entity: str, field: str, id: UUID) -> Iterable[Any]:
        return ()


def compile_python(
    predicate: Predicate,
    registry: EntityRegistry,
    entity: str,
    context: FilterContext,
    resolver: Resolver | None = None,
) -> Ask:
    """Return a function that tells whether a record of ``entity`` matches, at the time and for the user of ``context``.

    Raises FilterError for a predicate that does not suit the entity.
    """
    return _Compiler(registry, context, resolver or NoRelations()).ask(predicate, entity)


def evaluate(
    predicate: Predicate,
    record: Any,
    registry: EntityRegistry,
    context: FilterContext,
    resolver: Resolver | None = None,
) -> bool:
    """Tell whether one record matches; for many records, ``compile_python`` once is faster."""
    return compile_python(predicate, registry, registry.of(record).name, context, resolver)(record)


def test_function(test: Test, kind: Kind) -> Ask:
    """Return a function that tells whether a value that is not None passes ``test``."""
    match test:
        case Always():
            return lambda value: True
        case Among(values, folded):
            among = frozenset(values)
            return (lambda value: fold(value) in among) if folded else (lambda value: value in among)
        case Ordered(op, bound):
            compare = _ORDERS[op]
            return lambda value: bool(compare(value, bound))
        case Part(op, text):
            asks: Mapping[str, Ask] = {
                "contains": lambda value: text in fold(value),
                "starts with": lambda value: fold(value).startswith(text),
                "ends with": lambda value: fold(value).endswith(text),
            }
            return asks[op]
        case Word(text):
            return lambda value: any(fold(word) == text for word in value)
        case DayOfYear(text):
            return lambda value: value.startswith("-" + text) or (value[:1] != "-" and value[4:].startswith(text))
        case Both(tests):
            every = [test_function(part, kind) for part in tests]
            return lambda value: all(ask(value) for ask in every)
        case Either(tests):
            some = [test_function(part, kind) for part in tests]
            return lambda value: any(ask(value) for ask in some)


_ORDERS: Mapping[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class _Compiler:
    def __init__(self, registry: EntityRegistry, context: FilterContext, resolver: Resolver) -> None:
        self._registry, self._context, self._resolver = registry, context, resolver

    def ask(self, predicate: Predicate, entity: str) -> Ask:
        match predicate:
            case And(items):
                every = tuple(self.ask(item, entity) for item in items)
                return lambda record: all(ask(record) for ask in every)
            case Or(items):
                some = tuple(self.ask(item, entity) for item in items)
                return lambda record: any(ask(record) for ask in some)
            case Not(item):
                inner = self.ask(item, entity)
                return lambda record: not inner(record)
            case Constant(value):
                return lambda record: value
            case Has():
                return self._has(predicate, entity)
            case InSegment(name):
                raise unresolved(name)
            case _:
                return self._condition(predicate, entity)

    def _condition(self, condition: Compare | In | Match | Empty, entity: str) -> Ask:
        target = _resolved(lambda: resolve_path(condition.path, self._registry, entity))
        get = self._value(target)
        if isinstance(condition, Empty):
            return lambda record: get(record) in (None, "", ())
        passes = test_function(test_of(target, condition, self._context), target.kind)

        def ask(record: Any) -> bool:
            value = get(record)
            return value is not None and passes(value)

        if isinstance(condition, Compare) and negative(condition):
            return lambda record: not ask(record)
        return ask

    def _value(self, target: Target) -> Get:
        get = _own_value(target, self._context)
        for hop in reversed(target.hops):
            get = self._across(hop, get)
        return get

    def _across(self, hop: Hop, get: Get) -> Get:
        own = _field_value(hop.field.name, hop.field.custom, Kind.ID)
        related = self._resolver.related

        def value(record: Any) -> Any:
            id = own(record)
            other = None if id is None else related(hop.target, id)
            return None if other is None else get(other)

        return value

    def _has(self, has: Has, entity: str) -> Ask:
        children = _resolved(lambda: resolve_children(has.children, self._registry, entity))
        where = None if has.where is None else self.ask(has.where, children.entity)
        find = self._finder(children, entity)

        def ask(record: Any) -> bool:
            found = sum(1 for child in find(record) if where is None or where(child))
            if has.op == "exactly":
                return found == has.count
            return found >= has.count if has.op == "at least" else found <= has.count

        return ask

    def _finder(self, children: Children, entity: str) -> Callable[[Any], Iterable[Any]]:
        up, resolver = children.up, self._resolver

        def direct(record: Any) -> Iterable[Any]:
            found = resolver.children(up.entity, up.field, record.id)
            return (one for one in found if not up.kind_field or getattr(one, up.kind_field) == entity)

        def linked(record: Any) -> Iterable[Any]:
            ids = dict.fromkeys(getattr(link, children.down) for link in direct(record))
            others = (resolver.related(children.entity, id) for id in ids if id is not None)
            return (other for other in others if other is not None)

        return linked if children.down else direct


def _own_value(target: Target, context: FilterContext) -> Get:
    get = _field_value(target.field.name, target.field.custom, target.field.kind)
    if not target.part:
        return get
    part: Get = operator.attrgetter(target.part)
    if target.part in RANGES:
        zone, name = context.tz, target.part
        part = lambda instant: local_part(instant, zone, name)  # noqa: E731

    def value(record: Any) -> Any:
        whole = get(record)
        return None if whole is None else part(whole)

    return value


def _field_value(name: str, custom: bool, kind: Kind) -> Get:
    if custom:
        return lambda record: custom_value(kind, record.custom.get(name))
    if kind is not Kind.PARTIAL_DATE:
        return operator.attrgetter(name)

    def text(record: Any) -> str | None:
        value = getattr(record, name)
        return None if value is None else str(value)

    return text


def _resolved(resolve: Callable[[], Any]) -> Any:
    try:
        return resolve()
    except Unsuitable as fault:
        raise FilterError(fault.problem) from None
