"""Reading the text of a filter. ``docs/reference/filters.md`` has the grammar."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from crmkit.core.fieldtypes import Kind
from crmkit.core.filter.civil import RANGES, Weekday
from crmkit.core.filter.faults import FilterError, Unsuitable
from crmkit.core.filter.literals import check_compare, check_match, check_text, read_literal
from crmkit.core.filter.printing import RESERVED
from crmkit.core.filter.targets import Allowed, Target, resolve_children, resolve_path
from crmkit.core.filter.tokens import Token, TokenKind, tokenize
from crmkit.core.filter.tree import (
    EVERYTHING,
    NOTHING,
    And,
    Compare,
    CompareOp,
    CountOp,
    Empty,
    Has,
    In,
    InSegment,
    Match,
    MatchOp,
    Not,
    Or,
    Predicate,
    Value,
    check_size,
)
from crmkit.core.messages import Message, msg, shown
from crmkit.core.registry import EntityRegistry
from crmkit.core.values.pattern import pattern

MAX_LENGTH = 20_000
MAX_NESTING = 64
MAX_COUNT = 1_000_000

KEPT = 256
"""Filters that an application remembers having read."""

_PATH = pattern(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_DATED = (Kind.DATE, Kind.PARTIAL_DATE, Kind.INSTANT)
_COUNTS: dict[tuple[str, ...], tuple[CountOp, int]] = {
    ("at", "least"): ("at least", 0),
    ("at", "most"): ("at most", 0),
    ("exactly",): ("exactly", 0),
    ("more", "than"): ("at least", 1),
    ("fewer", "than"): ("at most", -1),
    ("less", "than"): ("at most", -1),
}
"""How many a phrase before a number asks for, and what it adds to the number."""

R = TypeVar("R")


def parse(text: str, registry: EntityRegistry, entity: str, allowed: Allowed | None = None) -> Predicate:
    """Return the predicate that ``text`` says of records of ``entity``.

    ``allowed`` narrows the fields that may be used, by the names of entity and field. Raises FilterError, which names
    the place, for text that is no filter, unknown or forbidden fields, values that do not fit and filters too large.
    """
    if allowed is not None:
        return _parsed(text, registry, entity, allowed)
    # A saved filter is asked again and again; the tree is the same for everybody and never changes.
    known = registry.parsed.get((entity, text))
    if known is None:
        if len(registry.parsed) >= KEPT:
            registry.parsed.clear()
        known = registry.parsed[entity, text] = _parsed(text, registry, entity, None)
    return known


def _parsed(text: str, registry: EntityRegistry, entity: str, allowed: Allowed | None) -> Predicate:
    if len(text) > MAX_LENGTH:
        raise FilterError(msg("{count} characters; at most {limit} are allowed", count=len(text), limit=MAX_LENGTH))
    parser = _Parser(text, registry, allowed)
    predicate = parser.filter(entity)
    check_size(predicate)
    return predicate


class _Parser:
    def __init__(self, source: str, registry: EntityRegistry, allowed: Allowed | None) -> None:
        self._source, self._registry, self._allowed = source, registry, allowed
        self._tokens = tokenize(source)
        self._next = 0
        self._nesting = 0

    def filter(self, entity: str) -> Predicate:
        if self._at("end"):
            raise self._error(msg('there is no condition; write one, such as name contains "stop"'))
        predicate = self._either(entity)
        if not self._at("end"):
            raise self._unexpected(msg("and, or or the end; text of several words needs quotes"))
        return predicate

    def _either(self, entity: str) -> Predicate:
        items = [self._both(entity)]
        while self._take("or"):
            items.append(self._both(entity))
        return Or(tuple(items)) if len(items) > 1 else items[0]

    def _both(self, entity: str) -> Predicate:
        items = [self._single(entity)]
        while self._take("and"):
            items.append(self._single(entity))
        return And(tuple(items)) if len(items) > 1 else items[0]

    def _single(self, entity: str) -> Predicate:
        negations = 0
        while self._take("not"):
            negations += 1
        predicate = self._nested(entity) if self._at("(") else self._simple(entity)
        for _ in range(negations):
            predicate = Not(predicate)
        return predicate

    def _nested(self, entity: str) -> Predicate:
        opened = self._advance()
        self._deeper(opened)
        predicate = self._either(entity)
        if not self._at(")"):
            raise self._unexpected(msg("and, or or )"))
        self._advance()
        self._nesting -= 1
        return predicate

    def _simple(self, entity: str) -> Predicate:
        following = self._tokens[self._next + 1] if not self._at("end") else self._token
        if following.kind in ("word", "quoted") and self._take("has"):
            return self._has(entity)
        if self._take("in", "segment"):
            name = self._literal_token()
            return InSegment(self._fitting(name, lambda: check_text(name.text)))
        if following.kind in ("end", ")") or following.text.lower() in ("and", "or"):
            if self._take("everything"):
                return EVERYTHING
            if self._take("nothing"):
                return NOTHING
        return self._condition(entity)

    def _condition(self, entity: str) -> Predicate:
        token = self._token
        if token.kind != "word" or not _PATH.fullmatch(token.text) or token.text.lower() in RESERVED:
            raise self._unexpected(msg("the name of a field"))
        self._advance()
        target = self._fitting(token, lambda: resolve_path(token.text.lower(), self._registry, entity, self._allowed))
        if self._at("operator"):
            return self._compare(target)
        if self._take("is"):
            negated = self._take("not")
            if not self._take("empty"):
                raise self._unexpected(msg("empty or not empty"))
            return Not(Empty(target.path)) if negated else Empty(target.path)
        negated = self._take("not")
        found = self._membership(target) or self._match(target)
        if found is None:
            known = "=, !=, <, <=, >, >=, in (...), between, contains, starts with, ends with, is empty"
            raise self._unexpected(msg("one of {known} after {path}", known=known, path=target.path))
        return Not(found) if negated else found

    def _compare(self, target: Target) -> Predicate:
        token = self._advance()
        op: Any = self._fitting(token, lambda: check_compare(target, token.text))
        return Compare(target.path, op, self._value(target, op))

    def _membership(self, target: Target) -> Predicate | None:
        token = self._token
        if self._take("in"):
            self._fitting(token, lambda: check_compare(target, "="))
            return In(target.path, self._values(target))
        if self._take("between"):
            ops: tuple[CompareOp, CompareOp] = (">=", "<=")
            for op in ops:
                self._fitting(token, lambda op=op: check_compare(target, op))  # type: ignore[misc]
            low = self._value(target, ">=")
            if not self._take("and"):
                raise self._unexpected(msg("and"))
            return _between(target, low, self._value(target, "<="))
        return None

    def _values(self, target: Target) -> tuple[Value, ...]:
        if not self._at("("):
            raise self._unexpected(msg("a list in parentheses, such as (DE, FR)"))
        self._advance()
        values = [self._value(target, "=")]
        while self._at(","):
            self._advance()
            values.append(self._value(target, "="))
        if not self._at(")"):
            raise self._unexpected(msg("a comma or )"))
        self._advance()
        return tuple(values)

    def _match(self, target: Target) -> Predicate | None:
        token = self._token
        op: MatchOp
        if self._take("contains"):
            op = "contains"
        elif self._take("startswith") or self._take("starts", "with"):
            op = "starts with"
        elif self._take("endswith") or self._take("ends", "with"):
            op = "ends with"
        else:
            return None
        self._fitting(token, lambda: check_match(target, op))
        word = self._literal_token()
        return Match(target.path, op, self._fitting(word, lambda: check_text(word.text)))

    def _value(self, target: Target, op: str) -> Value:
        first = self._literal_token()
        text, last = first.text, first
        if target.kind in _DATED and first.kind == "word":
            while self._at("word") and self._token.text.lower() not in ("and", "or"):
                last = self._advance()
            text = self._source[first.start : last.end]
        return self._fitting(first, lambda: read_literal(target, text, op))

    def _literal_token(self) -> Token:
        token = self._token
        if token.kind == "word" and token.text.lower() in RESERVED:
            raise self._unexpected(msg("a value; a word with a meaning of its own needs quotes"))
        if token.kind not in ("word", "quoted"):
            raise self._unexpected(msg("a value"))
        return self._advance()

    def _has(self, entity: str) -> Predicate:
        op, count = self._count()
        token = self._advance() if self._at("word") else None
        if token is None:
            raise self._unexpected(msg("what is counted, such as interactions"))
        found = self._fitting(token, lambda: resolve_children(token.text.lower(), self._registry, entity))
        where = None
        if self._take("where"):
            self._deeper(token)
            where = self._either(found.entity)
            self._nesting -= 1
        return Has(found.name, op, count, where)

    def _count(self) -> tuple[CountOp, int]:
        if self._take("no"):
            return "exactly", 0
        if self._take("a") or self._take("an") or self._take("any"):
            return "at least", 1
        for phrase, (op, more) in _COUNTS.items():
            if self._take(*phrase):
                token = self._token
                count = self._number() + more
                if count < 0:
                    raise self._error(msg("fewer than 0 is impossible"), token)
                return op, count
        if self._token.text.isdecimal():
            return "at least", self._number()
        return "at least", 1

    def _number(self) -> int:
        token = self._token
        if token.kind != "word" or not token.text.isdecimal() or len(token.text) > 7 or int(token.text) > MAX_COUNT:
            raise self._unexpected(msg("a number up to {limit}", limit=MAX_COUNT))
        return int(self._advance().text)

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _at(self, kind: TokenKind) -> bool:
        return self._token.kind == kind

    def _advance(self) -> Token:
        token = self._token
        self._next += token.kind != "end"
        return token

    def _take(self, *words: str) -> bool:
        ahead = self._tokens[self._next : self._next + len(words)]
        if [token.text.lower() if token.kind == "word" else "" for token in ahead] != list(words):
            return False
        self._next += len(words)
        return True

    def _deeper(self, token: Token) -> None:
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise self._error(msg("nested more than {limit} deep", limit=MAX_NESTING), token)

    def _fitting(self, token: Token, read: Callable[[], R]) -> R:
        try:
            return read()
        except Unsuitable as fault:
            offset = fault.offset if token.kind == "word" else 0
            raise FilterError(fault.problem, self._source, min(token.start + offset, len(self._source))) from None

    def _unexpected(self, expected: Message) -> FilterError:
        token = self._token
        if token.kind == "end":
            return self._error(msg("the filter ends, but {expected} was expected", expected=expected))
        found = shown(self._source[token.start : token.end])
        return self._error(msg("expected {expected}; found {found}", expected=expected, found=found))

    def _error(self, problem: Message, token: Token | None = None) -> FilterError:
        return FilterError(problem, self._source, (token or self._token).start)


def _between(target: Target, low: Value, high: Value) -> Predicate:
    """Hours, weekdays and months go round: ``between 22 and 2`` is the night, not nothing."""
    bounds = (Compare(target.path, ">=", low), Compare(target.path, "<=", high))
    return Or(bounds) if target.part in RANGES and _rank(low) > _rank(high) else And(bounds)


def _rank(value: Any) -> Any:
    return value.number if isinstance(value, Weekday) else value
