"""Bounds that the place of a value cannot hold, such as 12.3456789, replaced by tests that say the same."""

from __future__ import annotations

from datetime import date, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from typing import Any

from crmkit.core.fieldtypes import Kind
from crmkit.core.filter.asking import NEVER, Always, Among, Both, Either, Ordered, Test
from crmkit.store.types import LARGEST, SCALE

_STEP = Decimal(1).scaleb(-SCALE)
_EXACT = Context(prec=100)
_LIMITS: dict[Kind, Any] = {Kind.INTEGER: 2**63 - 1, Kind.DECIMAL: LARGEST}


def fitted(test: Test, kind: Kind) -> Test:
    """Return a test whose bounds fit a column of ``kind`` and which the same stored values pass."""
    limit = _LIMITS.get(kind)
    if limit is None:
        return test
    if isinstance(test, Among):
        return Among(tuple(value for value in test.values if abs(value) <= limit and value == _rounded(value, "")))
    if not isinstance(test, Ordered):
        return test
    if abs(test.bound) > limit:
        return Always() if (test.bound > 0) == (test.op in ("<", "<=")) else NEVER
    return Ordered(test.op, _rounded(test.bound, ROUND_FLOOR if test.op in ("<=", ">") else ROUND_CEILING))


def for_json(test: Test) -> Test:
    """Return the same test for values inside JSON: numbers are decimals without bounds, dates are ISO 8601 text."""
    match test:
        case Among(values, folded):
            return Among(tuple(map(_in_json, values)), folded)
        case Ordered(op, bound):
            return Ordered(op, _in_json(bound))
        case Both(tests):
            return Both(tuple(map(for_json, tests)))
        case Either(tests):
            return Either(tuple(map(for_json, tests)))
        case _:
            return test


def _in_json(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    return value.isoformat() if isinstance(value, date) and not isinstance(value, datetime) else value


def _rounded(value: Any, rounding: str) -> Any:
    if isinstance(value, int):
        return value
    return value.quantize(_STEP, rounding=rounding or ROUND_FLOOR, context=_EXACT)
