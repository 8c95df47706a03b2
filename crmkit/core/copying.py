"""What makes a changed copy of a record: its arguments, and their values read in one go."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import Any

import attrs


@cache
def copied_from(cls: type[Any]) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    """Return the arguments of a record's class, and the function that reads their values from a record.

    ``attrs.evolve`` asks the class for them each time, which takes longer than making the copy.
    """
    given = [one for one in attrs.fields(cls) if one.init]
    names = tuple(one.name for one in given)
    read: Callable[[Any], tuple[Any, ...]] = attrgetter(*names) if len(names) > 1 else _each(names)
    return tuple(one.alias for one in given), read


def _each(names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    return lambda record: tuple([getattr(record, name) for name in names])
