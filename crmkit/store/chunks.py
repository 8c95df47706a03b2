"""Many ids or values, as many at a time as one statement takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

CHUNK = 900
"""Values in one statement, below the least limit that SQLite is built with."""

FEWER = 500
"""Ids in one statement that may name each of them several times."""


def in_chunks(items: Sequence[T], size: int = CHUNK) -> Iterator[list[T]]:
    """Yield ``items`` in their order, ``size`` at a time."""
    for start in range(0, len(items), size):
        yield list(items[start : start + size])


def distinct_chunks(items: Iterable[T], size: int = FEWER) -> Iterator[list[T]]:
    """Yield each of ``items`` once, in the order of their first appearance, ``size`` at a time."""
    return in_chunks(list(dict.fromkeys(items)), size)
