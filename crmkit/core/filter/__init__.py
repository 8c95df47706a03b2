"""The one filter language: lists, segments, access rules, automation and the API all ask in it.

``parse`` reads text, ``to_text`` writes it, ``to_data`` and ``from_data`` do the same with plain data for JSON,
``compile_python`` asks records in memory and ``crmkit.store.filters.to_sql`` asks the database. All agree, because this
is what a filter means, everywhere:

**Two values.** A condition is true or false, never unknown. Null is neither equal to nor less or greater than anything,
contains nothing and is in no list: all of these are false. ``!=``, ``not in``, ``not contains`` and ``not`` are exact
negations, so they are true for null. A path along a reference that is not set, or leads to a record that the actor may
not see, ends in null. Text is never null; optional text is empty. ``is empty`` is true for null, for empty text and for
lists without words.

**Text.** ``=``, ``!=``, ``in``, ``contains``, ``starts with`` and ``ends with`` compare folds (``fold``): upper and
lower case and full and half width are the same, accents are not. ``==`` and ``!==`` compare exact text, and alone
use an index on it. ``<``, ``<=``, ``>`` and ``>=`` order exact text by code point. Choices are compared exactly, but
may be typed in any case.

**Time.** Instants compared with a civil date mean the day in the time zone of whoever asks: ``= 2024-05-17`` is from
its first instant to before the next day's first, ``<`` before it starts, ``<=`` before it ends. Months and years, as in
``= 2024-05``, are ranges of days. Relative dates are taken from the ``FilterContext``. A partial date is compared as
far as the literal goes: ``1980`` is ``= 1980`` but before ``1980-05``. Without a year it is neither earlier nor later
than anything; ``= --05-17`` is true for that day in any year or none.

**Numbers** are exact decimals of any size; nothing is rounded.

**Parts of an instant.** ``.hour``, ``.weekday`` and ``.month`` are those that clocks and calendars show in the time
zone of whoever asks, summer time included. ``between`` goes round: ``between 22 and 2`` is the night.

**Segments.** ``in segment "VIP"`` means what the segment means when it is asked: ``expanded`` puts its filter in place.

**Children.** ``has at least 3 interactions where ...`` counts records that the actor may see. ``where`` asks each of
them and reaches to the closing parenthesis or the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.face import face
from crmkit.core.filter.faults import FilterError
from crmkit.core.filter.fold import fold
from crmkit.core.filter.moments import FilterContext, Moment
from crmkit.core.filter.parsing import parse
from crmkit.core.filter.printing import to_text
from crmkit.core.filter.segments import SegmentDefinition, expanded, speaks_of_segments
from crmkit.core.filter.targets import children_of
from crmkit.core.filter.tree import (
    EVERYTHING,
    NOTHING,
    And,
    Compare,
    Constant,
    Empty,
    Has,
    In,
    InSegment,
    Match,
    Me,
    Not,
    Or,
    Predicate,
    all_of,
    any_of,
)
from crmkit.core.filter.usage import fields_used

if TYPE_CHECKING:
    from crmkit.core.filter.data import from_data, to_data
    from crmkit.core.filter.evaluation import Resolver, compile_python, evaluate

__all__ = [
    "EVERYTHING",
    "NOTHING",
    "And",
    "Compare",
    "Constant",
    "Empty",
    "FilterContext",
    "FilterError",
    "Has",
    "In",
    "InSegment",
    "Match",
    "Me",
    "Moment",
    "Not",
    "Or",
    "Predicate",
    "Resolver",
    "SegmentDefinition",
    "all_of",
    "any_of",
    "children_of",
    "compile_python",
    "evaluate",
    "expanded",
    "fields_used",
    "fold",
    "from_data",
    "parse",
    "speaks_of_segments",
    "to_data",
    "to_text",
]

# What starting the program does not take.
__getattr__ = face(
    __name__, {"data": ("from_data", "to_data"), "evaluation": ("Resolver", "compile_python", "evaluate")}
)
