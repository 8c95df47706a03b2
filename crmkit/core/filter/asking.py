"""What a condition asks of one stored value, reduced so far that Python and SQL only have to compare.

Relative dates are resolved, civil dates are bounds of instants, text is folded. A test is asked of values that are not
null: null passes none.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any, Literal

from crmkit.core.fieldtypes import Kind
from crmkit.core.filter.civil import Weekday
from crmkit.core.filter.faults import FilterError
from crmkit.core.filter.fold import fold
from crmkit.core.filter.moments import FilterContext, Moment
from crmkit.core.filter.targets import Target
from crmkit.core.filter.tree import Compare, In, Match, MatchOp, Me, Value
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg
from crmkit.core.values.partial_date import PartialDate

OrderOp = Literal["<", "<=", ">", ">="]


@frozen
class Always:
    """Any value passes."""


@frozen
class Among:
    """The value is one of ``values``; with ``folded``, its fold is. None of no values is."""

    values: tuple[Any, ...]
    folded: bool = False


@frozen
class Ordered:
    """``value op bound``, text by code point."""

    op: OrderOp
    bound: Any


@frozen
class Part:
    """The folded text contains, starts with or ends with ``text``, which is folded and not empty."""

    op: MatchOp
    text: str


@frozen
class Word:
    """One of the words, folded, is ``text``."""

    text: str


@frozen
class DayOfYear:
    """The text of a partial date, with a year or without, has the month, or month and day, ``text`` (``-05-17``)."""

    text: str


@frozen
class Both:
    """The value passes all ``tests``."""

    tests: tuple[Test, ...]


@frozen
class Either:
    """The value passes one of ``tests``."""

    tests: tuple[Test, ...]


Test = Always | Among | Ordered | Part | Word | DayOfYear | Both | Either
NEVER = Among(())


def negative(condition: Compare) -> bool:
    """Whether ``condition`` is the negation of what ``test_of`` returns for it."""
    return condition.op in ("!=", "!==")


def test_of(target: Target, condition: Compare | In | Match, context: FilterContext) -> Test:
    """Return the test of a condition on the value at ``target``; for ``!=`` and ``!==``, that of ``=`` and ``==``."""
    if isinstance(condition, Match):
        text = fold(condition.text)
        if target.kind is Kind.WORDS:
            return Word(text)
        return Part(condition.op, text) if text else Always()
    if isinstance(condition, In):
        tests = tuple(_compared(target, "=", value, context) for value in condition.values)
        if all(isinstance(test, Among) for test in tests):
            values = tuple(value for test in tests if isinstance(test, Among) for value in test.values)
            return Among(tuple(dict.fromkeys(values)), any(isinstance(test, Among) and test.folded for test in tests))
        return Either(tests)
    return _compared(target, {"!=": "=", "!==": "=="}.get(condition.op, condition.op), condition.value, context)


def _compared(target: Target, op: Any, value: Value, context: FilterContext) -> Test:
    kind = target.kind
    if kind is Kind.TEXT and isinstance(value, str):
        if op == "=" and not target.field.choices:
            return Among((fold(value),), folded=True)
        return Among((value,)) if op in ("=", "==") else Ordered(op, value)
    if kind is Kind.INTEGER and isinstance(value, Weekday):
        value = Decimal(value.number)
    if kind is Kind.INTEGER and isinstance(value, Decimal):
        return _whole(op, value)
    if kind is Kind.DECIMAL and isinstance(value, Decimal):
        return Among((value,)) if op == "=" else Ordered(op, value)
    if kind is Kind.BOOLEAN and isinstance(value, bool):
        return Among((value,))
    if kind is Kind.ID:
        given = context.user if isinstance(value, Me) else value
        return NEVER if given is None else Among((given,))
    if isinstance(value, Moment):
        value = value.resolve(context)
    if kind is Kind.INSTANT and isinstance(value, date | PartialDate):
        return _instant(op, value, context)
    if isinstance(value, datetime) and value.tzinfo is not None:
        value = value.astimezone(context.tz).date()
    if kind is Kind.DATE and isinstance(value, date | PartialDate) and not isinstance(value, datetime):
        return _date(op, value)
    if kind is Kind.PARTIAL_DATE and isinstance(value, date | PartialDate) and not isinstance(value, datetime):
        return _partial(op, value)
    raise FilterError(msg("{field} cannot be compared with {value}", field=target.label, value=str(value)))


def _whole(op: Any, value: Decimal) -> Test:
    """Integers against a number that may have decimals: the bound becomes the nearest integer that says the same."""
    if op == "=":
        return Among((int(value),)) if value == value.to_integral_value() else NEVER
    rounding = ROUND_FLOOR if op in ("<=", ">") else ROUND_CEILING
    return Ordered(op, int(value.to_integral_value(rounding)))


def _instant(op: Any, value: date | PartialDate, context: FilterContext) -> Test:
    if isinstance(value, datetime):
        instant = value if value.tzinfo else context.at(value)
        return Among((instant,)) if op == "=" else Ordered(op, instant)
    first, last = _days(value)
    return _within(op, context.start_of(first), context.end_of(last))


def _date(op: Any, value: date | PartialDate) -> Test:
    first, last = _days(value)
    if op == "=":
        return Among((first,)) if first == last else Both((Ordered(">=", first), Ordered("<=", last)))
    return Ordered(op, last if op in ("<=", ">") else first)


def _within(op: Any, start: datetime, end: datetime) -> Test:
    if op == "=":
        return Both((Ordered(">=", start), Ordered("<", end)))
    if op in ("<", ">="):
        return Ordered(op, start)
    return Ordered("<" if op == "<=" else ">=", end)


def _partial(op: Any, value: date | PartialDate) -> Test:
    """Compare the known text of partial dates up to the precision of ``value``; without a year there is no order.

    Texts that start with ``1980-05`` are those from ``1980-05`` to before ``1980-05.``, as only a hyphen can follow.
    """
    text = str(value) if isinstance(value, PartialDate) else value.isoformat()
    if isinstance(value, PartialDate) and value.year is None:
        return DayOfYear(text[1:])
    past = text + "."
    if op == "=":
        return Both((Ordered(">=", text), Ordered("<", past)))
    if op in ("<", "<="):
        return Both((Ordered(">=", "0"), Ordered("<", text if op == "<" else past)))
    return Ordered(">=", past if op == ">" else text)


def _days(value: date | PartialDate) -> tuple[date, date]:
    if isinstance(value, date):
        return value, value
    if value.year is None:
        raise FilterError(msg("{value} has no year", value=str(value)))
    first = date(value.year, value.month or 1, value.day or 1)
    if value.day is not None:
        return first, first
    following = value.year * 12 + (value.month or 12)
    if following >= 9999 * 12 + 12:
        return first, date.max
    return first, date(following // 12, following % 12 + 1, 1) - timedelta(days=1)
