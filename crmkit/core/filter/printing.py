"""Writing a predicate as text that reads back as the same predicate."""

from __future__ import annotations

from crmkit.core.filter.literals import write_literal
from crmkit.core.filter.tree import (
    And,
    Compare,
    Constant,
    Empty,
    Has,
    In,
    InSegment,
    Match,
    Not,
    Or,
    Predicate,
    Value,
)
from crmkit.core.values.pattern import pattern

_OPERATORS = ["in", "is", "empty", "contains", "starts", "ends", "startswith", "endswith", "between"]
RESERVED = frozenset([*_OPERATORS, "and", "or", "not", "has", "where", "everything", "nothing"])
"""Words with a meaning of their own: as a value they are quoted."""

_SAFE = pattern(r"[^\W_][\w.@-]*")
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"})


def to_text(predicate: Predicate) -> str:
    """Return the filter's text in its canonical form; ``parse`` makes the same predicate of it."""
    if isinstance(predicate, And):
        return " and ".join(_inside(item, And) for item in predicate.items)
    if isinstance(predicate, Or):
        return " or ".join(_inside(item, Or) for item in predicate.items)
    if isinstance(predicate, Not):
        return _negated(predicate.item)
    if isinstance(predicate, Has):
        return _has(predicate)
    return _condition(predicate)


def quote(text: str) -> str:
    """Return ``text`` as a word when it can stand as one, else in quotes."""
    if _SAFE.fullmatch(text) and text.lower() not in RESERVED:
        return text
    return f'"{text.translate(_ESCAPES)}"'


def _inside(item: Predicate, outer: type[And] | type[Or]) -> str:
    bracketed = isinstance(item, Or) or (isinstance(item, And) and outer is And) or _swallows(item)
    return f"({to_text(item)})" if bracketed else to_text(item)


def _swallows(item: Predicate) -> bool:
    """Whether the text of ``item`` ends in an open ``where``, which would take in what follows."""
    return _swallows(item.item) if isinstance(item, Not) else isinstance(item, Has) and item.where is not None


def _negated(item: Predicate) -> str:
    if isinstance(item, In):
        return f"{item.path} not in {_list(item)}"
    if isinstance(item, Match):
        return f"{item.path} not {item.op} {quote(item.text)}"
    if isinstance(item, Empty):
        return f"{item.path} is not empty"
    return f"not ({to_text(item)})" if isinstance(item, And | Or) else f"not {to_text(item)}"


def _has(has: Has) -> str:
    count = "" if (has.op, has.count) == ("at least", 1) else f"{has.op} {has.count} "
    if (has.op, has.count) == ("exactly", 0):
        count = "no "
    head = f"has {count}{has.children}"
    if has.where is None:
        return head
    where = to_text(has.where)
    return f"{head} where ({where})" if isinstance(has.where, And | Or) else f"{head} where {where}"


def _condition(predicate: Compare | In | Match | Empty | InSegment | Constant) -> str:
    if isinstance(predicate, InSegment):
        return f"in segment {quote(predicate.name)}"
    if isinstance(predicate, Compare):
        return f"{predicate.path} {predicate.op} {_value(predicate.value)}"
    if isinstance(predicate, In):
        return f"{predicate.path} in {_list(predicate)}"
    if isinstance(predicate, Match):
        return f"{predicate.path} {predicate.op} {quote(predicate.text)}"
    if isinstance(predicate, Empty):
        return f"{predicate.path} is empty"
    return "everything" if predicate.value else "nothing"


def _list(predicate: In) -> str:
    return f"({', '.join(_value(value) for value in predicate.values)})"


def _value(value: Value) -> str:
    return quote(value) if isinstance(value, str) else write_literal(value)
