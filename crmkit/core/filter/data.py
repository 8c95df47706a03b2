"""Filters as plain data, for JSON: the same tree, type-checked the same way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar, get_args

from crmkit.core.errors import did_you_mean
from crmkit.core.filter.faults import FilterError, Unsuitable
from crmkit.core.filter.literals import check_compare, check_match, check_text, read_literal, write_literal
from crmkit.core.filter.targets import Allowed, Target, resolve_children, resolve_path
from crmkit.core.filter.tree import (
    MAX_DEPTH,
    And,
    Compare,
    Constant,
    CountOp,
    Empty,
    Has,
    In,
    InSegment,
    Match,
    Not,
    Or,
    Predicate,
    Value,
    check_size,
)
from crmkit.core.messages import msg, shown
from crmkit.core.registry import EntityRegistry

R = TypeVar("R")

_MATCHES = ("contains", "starts with", "ends with")


def to_data(predicate: Predicate) -> dict[str, Any]:
    """Return the predicate as dicts, lists, texts, numbers and booleans; numbers with decimals and dates are texts."""
    match predicate:
        case And():
            return {"and": [to_data(item) for item in predicate.items]}
        case Or():
            return {"or": [to_data(item) for item in predicate.items]}
        case Not():
            return {"not": to_data(predicate.item)}
        case Compare():
            return {"field": predicate.path, "op": predicate.op, "value": _datum(predicate.value)}
        case In():
            return {"field": predicate.path, "op": "in", "value": [_datum(value) for value in predicate.values]}
        case Match():
            return {"field": predicate.path, "op": predicate.op, "value": predicate.text}
        case Empty():
            return {"field": predicate.path, "op": "is empty"}
        case InSegment():
            return {"in segment": predicate.name}
        case Constant():
            return {"always": predicate.value}
        case Has():
            made: dict[str, Any] = {"has": predicate.children, "op": predicate.op, "count": predicate.count}
            return made if predicate.where is None else {**made, "where": to_data(predicate.where)}


def from_data(data: object, registry: EntityRegistry, entity: str, allowed: Allowed | None = None) -> Predicate:
    """Return the predicate that ``to_data`` wrote as ``data``; raises FilterError naming the part that is wrong."""
    predicate = _Reader(registry, allowed).read(data, entity, "", 1)
    check_size(predicate)
    return predicate


class _Reader:
    def __init__(self, registry: EntityRegistry, allowed: Allowed | None) -> None:
        self._registry, self._allowed = registry, allowed

    def read(self, data: object, entity: str, place: str, depth: int) -> Predicate:
        if depth > MAX_DEPTH:
            raise FilterError(msg("nested more than {limit} deep", limit=MAX_DEPTH), place=place)
        if not isinstance(data, Mapping):
            raise FilterError(msg("expected an object, got {value}", value=shown(data)), place=place or "top")
        for word in ("and", "or"):
            if word in data:
                self._only(data, place, word)
                items = self._items(data[word], entity, f"{place}.{word}".lstrip("."), depth)
                return And(items) if word == "and" else Or(items)
        if "not" in data:
            self._only(data, place, "not")
            return Not(self.read(data["not"], entity, f"{place}.not".lstrip("."), depth + 1))
        if "has" in data:
            return self._has(data, entity, place, depth)
        if "in segment" in data:
            self._only(data, place, "in segment")
            return InSegment(self._fitting(place, lambda: _text(data["in segment"])))
        if "always" in data:
            self._only(data, place, "always")
            if not isinstance(data["always"], bool):
                raise FilterError(msg("expected true or false, got {value}", value=shown(data["always"])), place=place)
            return Constant(data["always"])
        return self._condition(data, entity, place)

    def _items(self, data: object, entity: str, place: str, depth: int) -> tuple[Predicate, ...]:
        if not isinstance(data, Sequence) or isinstance(data, str) or len(data) < 2:
            raise FilterError(msg("expected a list of two or more conditions"), place=place)
        return tuple(self.read(item, entity, f"{place}[{i}]", depth + 1) for i, item in enumerate(data))

    def _has(self, data: Mapping[str, Any], entity: str, place: str, depth: int) -> Predicate:
        self._only(data, place, "has", "op", "count", "where")
        name, op, count = data["has"], data.get("op", "at least"), data.get("count", 1)
        if op not in get_args(CountOp):
            hint = did_you_mean(str(op), get_args(CountOp))
            raise FilterError(msg("unknown op {op}; {hint}", op=shown(op), hint=hint), place=place or "top")
        if not isinstance(count, int) or isinstance(count, bool) or not 0 <= count <= 1_000_000:
            raise FilterError(msg("expected a count from 0 to 1000000, got {value}", value=shown(count)), place=place)
        found = self._fitting(place, lambda: resolve_children(str(name), self._registry, entity))
        where = None
        if data.get("where") is not None:
            where = self.read(data["where"], found.entity, f"{place}.where".lstrip("."), depth + 1)
        return Has(found.name, op, count, where)

    def _condition(self, data: Mapping[str, Any], entity: str, place: str) -> Predicate:
        path, op = data.get("field"), data.get("op")
        if not isinstance(path, str) or not isinstance(op, str):
            keys = shown(", ".join(map(str, data)))
            problem = msg(
                "expected field and op, or one of and, or, not, has, in segment, always; got {keys}", keys=keys
            )
            raise FilterError(problem, place=place or "top")
        place = f"{place}.{path}".lstrip(".")
        target = self._fitting(place, lambda: resolve_path(path, self._registry, entity, self._allowed))
        if op == "is empty":
            self._only(data, place, "field", "op")
            return Empty(target.path)
        self._only(data, place, "field", "op", "value")
        if "value" not in data:
            raise FilterError(msg("a value is missing"), place=place)
        return self._fitting(place, lambda: self._valued(target, op, data["value"]))

    def _valued(self, target: Target, op: Any, value: Any) -> Predicate:
        if op in _MATCHES:
            check_match(target, op)
            return Match(target.path, op, _text(value))
        if op == "in":
            check_compare(target, "=")
            if not isinstance(value, Sequence) or isinstance(value, str) or not value:
                raise Unsuitable(msg("expected a list of values, got {value}", value=shown(value)))
            return In(target.path, tuple(_literal(target, item, "=") for item in value))
        used: Any = check_compare(target, op)
        return Compare(target.path, used, _literal(target, value, used))

    def _only(self, data: Mapping[str, Any], place: str, *known: str) -> None:
        for key in data:
            if key not in known:
                problem = msg("unknown key {key}; {hint}", key=shown(key), hint=did_you_mean(str(key), known))
                raise FilterError(problem, place=place or "top")

    def _fitting(self, place: str, read: Callable[[], R]) -> R:
        try:
            return read()
        except Unsuitable as fault:
            raise FilterError(fault.problem, place=place or "top") from None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise Unsuitable(msg("expected text, got {value}", value=shown(value)))
    return check_text(value)


def _literal(target: Target, value: object, op: str) -> Value:
    if isinstance(value, bool):
        return read_literal(target, "true" if value else "false", op)
    if isinstance(value, int | float | Decimal):
        return read_literal(target, format(Decimal(str(value)), "f"), op)
    if isinstance(value, str):
        return read_literal(target, value, op)
    raise Unsuitable(msg("expected a text, a number or true or false; got {value}", value=shown(value)))


def _datum(value: Value) -> str | bool | int:
    if isinstance(value, bool):
        return value
    if isinstance(value, Decimal) and value == value.to_integral_value() and abs(value) < 2**53:
        return int(value)
    return write_literal(value)
