"""How values become points and points a total. Pure.

A value at ``worst`` or beyond gives no points, one at ``best`` or beyond all of them, and what lies between gives
proportionally many; where ``worst`` is the larger number, less is better. The total is the mean of the points weighted
by the criteria's weights. A criterion without a value has no part in it; ``covered`` says how much of the weight has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import attrs

from crmkit.core.frozen import frozen
from crmkit.plugin import BadInput, Message, msg

CENT = Decimal("0.01")
HUNDRED = Decimal(100)


@frozen(kw_only=True)
class Criterion:
    """One thing that parties are judged on: ``fact`` names what it is computed from; empty: somebody enters it."""

    name: str
    weight: Decimal = Decimal(1)
    worst: Decimal = Decimal(0)
    best: Decimal = HUNDRED
    label: str = ""
    fact: str = ""


@frozen
class Score:
    """A total with what it is made of: ``points`` by criterion, ``covered`` in percent of the weight. None: no values."""

    total: Decimal | None
    covered: Decimal
    points: Mapping[str, Decimal]


def points_of(criterion: Criterion, value: Decimal, scale: Decimal) -> Decimal:
    """Return the points, 0 to ``scale``, that a value gives, unrounded."""
    span = criterion.best - criterion.worst
    share = (value - criterion.worst) / span
    return min(max(share, Decimal(0)), Decimal(1)) * scale


def scored(criteria: Sequence[Criterion], values: Mapping[str, Decimal], scale: Decimal) -> Score:
    """Return the score of values by criterion, on a scale from 0 to ``scale``, rounded to two places."""
    points = {one.name: points_of(one, values[one.name], scale) for one in criteria if one.name in values}
    whole = sum((one.weight for one in criteria), Decimal(0))
    covered = sum((one.weight for one in criteria if one.name in points), Decimal(0))
    if not covered:
        return Score(None, Decimal(0), {})
    total = sum((one.weight * points[one.name] for one in criteria if one.name in points), Decimal(0)) / covered
    rounded = {name: value.quantize(CENT) for name, value in points.items()}
    return Score(total.quantize(CENT), (covered / whole * HUNDRED).quantize(CENT), rounded)


def problems(criteria: Iterable[Criterion], scale: Decimal) -> list[Message]:
    """Return what is wrong with a scorecard; nothing when it can be used."""
    some, found = list(criteria), []
    if scale <= 0:
        found.append(msg("scale {value}: expected a number over 0", value=scale))
    if not some:
        found.append(msg("a scorecard needs a criterion at least"))
    names = [one.name for one in some]
    found += [
        msg("criterion {name} is there twice", name=name) for name in sorted({n for n in names if names.count(n) > 1})
    ]
    for one in some:
        if not one.name:
            found.append(msg("a criterion needs a name"))
        if one.weight <= 0:
            found.append(
                msg("criterion {name}: weight {value}: expected a number over 0", name=one.name, value=one.weight)
            )
        if one.worst == one.best:
            found.append(msg("criterion {name}: worst and best are both {value}", name=one.name, value=one.best))
    return found


_KEYS = tuple(Criterion.__annotations__)


def read_criterion(row: Mapping[str, Any]) -> Criterion:
    """Return a criterion as a scorecard keeps it; raises BadInput naming what cannot be read."""
    for key in row:
        if key not in _KEYS:
            raise BadInput(msg("criterion: unknown {key}; expected {keys}", key=key, keys=", ".join(_KEYS)))
    values: dict[str, Any] = {key: str(row[key]) for key in ("name", "label", "fact") if key in row}
    for key in ("weight", "worst", "best"):
        if key in row:
            values[key] = number(f"criterion {row.get('name', '')}: {key}", row[key])
    if "name" not in values:
        raise BadInput(msg("a criterion needs a name"))
    return Criterion(**values)


def plain_criterion(one: Criterion) -> dict[str, str]:
    """Return a criterion as a scorecard keeps it."""
    return {name: str(value) for name, value in attrs.asdict(one).items()}


def number(what: str, value: object) -> Decimal:
    """Return a decimal number; raises BadInput naming ``what`` it was for."""
    try:
        found = Decimal(str(value))
    except ArithmeticError:
        found = Decimal("NaN")
    if not found.is_finite():
        raise BadInput(msg("{what} {value}: expected a number", what=what, value=str(value)))
    return found
