"""The predicate tree. Trees are immutable and comparable; ``crmkit.core.filter`` says what they mean."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

import attrs

from crmkit.core.filter.civil import Weekday
from crmkit.core.filter.faults import FilterError
from crmkit.core.filter.moments import Moment
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg
from crmkit.core.values.partial_date import PartialDate

MAX_DEPTH = 32
MAX_CONDITIONS = 500

CompareOp = Literal["=", "!=", "==", "!==", "<", "<=", ">", ">="]
MatchOp = Literal["contains", "starts with", "ends with"]
CountOp = Literal["at least", "at most", "exactly"]


@frozen
class Me:
    """The id of whoever asks."""


Value = str | bool | Decimal | date | datetime | PartialDate | Moment | UUID | Me | Weekday
"""A literal. A ``datetime`` without zone is local time of whoever asks; numbers are always Decimal."""


@frozen
class Constant:
    """Every record, or none."""

    value: bool


@frozen
class Compare:
    """``path op value``. ``=`` folds text, ``==`` takes it exactly; ``!=`` and ``!==`` are their negations."""

    path: str
    op: CompareOp
    value: Value


@frozen
class In:
    """``path in (values)``: equal to one of them, as ``=`` is."""

    path: str
    values: tuple[Value, ...]


@frozen
class Match:
    """``path contains text`` and its kin, folded. On a list of words, ``contains`` asks for a whole word."""

    path: str
    op: MatchOp
    text: str


@frozen
class Empty:
    """``path is empty``: null, empty text or a list without words."""

    path: str


@frozen
class Has:
    """``has op count children where ...``: how many other records point here and match. ``where`` None means all."""

    children: str
    op: CountOp = "at least"
    count: int = 1
    where: Predicate | None = None


@frozen
class InSegment:
    """``in segment name``: the record is in a segment, given by its name or id, as that is defined at the moment."""

    name: str


@frozen
class Not:
    """The exact negation of ``item``."""

    item: Predicate


@frozen
class And:
    """All of two or more ``items``."""

    items: tuple[Predicate, ...] = attrs.field(validator=attrs.validators.min_len(2))


@frozen
class Or:
    """At least one of two or more ``items``."""

    items: tuple[Predicate, ...] = attrs.field(validator=attrs.validators.min_len(2))


Predicate = And | Or | Not | Compare | In | Match | Empty | Has | InSegment | Constant

EVERYTHING = Constant(True)
NOTHING = Constant(False)


def all_of(*items: Predicate) -> Predicate:
    """Return the conjunction of any number of predicates, as flat as can be; of none it is everything."""
    flat = [part for item in items for part in (item.items if isinstance(item, And) else (item,)) if part != EVERYTHING]
    return And(tuple(flat)) if len(flat) > 1 else flat[0] if flat else EVERYTHING


def any_of(*items: Predicate) -> Predicate:
    """Return the disjunction of any number of predicates, as flat as can be; of none it is nothing."""
    flat = [part for item in items for part in (item.items if isinstance(item, Or) else (item,)) if part != NOTHING]
    return Or(tuple(flat)) if len(flat) > 1 else flat[0] if flat else NOTHING


def parts(predicate: Predicate) -> tuple[Predicate, ...]:
    """Return the predicates directly inside ``predicate``."""
    if isinstance(predicate, And | Or):
        return predicate.items
    if isinstance(predicate, Not):
        return (predicate.item,)
    if isinstance(predicate, Has) and predicate.where is not None:
        return (predicate.where,)
    return ()


def check_size(predicate: Predicate) -> None:
    """Raise FilterError when the tree is deeper than ``MAX_DEPTH`` or has more than ``MAX_CONDITIONS`` conditions."""
    conditions = 0
    for node, depth in _walk(predicate):
        if depth > MAX_DEPTH:
            raise FilterError(msg("nested more than {limit} deep", limit=MAX_DEPTH))
        conditions += not isinstance(node, And | Or | Not)
    if conditions > MAX_CONDITIONS:
        problem = msg("{count} conditions; at most {limit} are allowed", count=conditions, limit=MAX_CONDITIONS)
        raise FilterError(problem)


def _walk(predicate: Predicate) -> Iterator[tuple[Predicate, int]]:
    waiting = [(predicate, 1)]
    while waiting:
        node, depth = waiting.pop()
        yield node, depth
        waiting.extend((part, depth + 1) for part in parts(node))
