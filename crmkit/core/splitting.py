"""Splitting things among several so that everybody gets an even part. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from heapq import heapify, heapreplace


def split_evenly(weights: Sequence[Decimal], parts: int) -> list[int]:
    """Return for each weight the number of the part, from 0, that gets it, so that the sums of the parts are even.

    The heaviest first, each to whoever has least so far; so the sums of two parts never differ by more than the heaviest
    weight (Graham 1969, longest processing time first). What weighs nothing, or less, then goes to whoever has fewest
    things. Equal weights go round in turn.
    """
    order = sorted(range(len(weights)), key=lambda place: (-weights[place], place))
    heavy = [place for place in order if weights[place] > 0]
    found = [0] * len(weights)
    loads = [(Decimal(0), 0, part) for part in range(parts)]
    for place in heavy:
        load, count, part = loads[0]
        found[place] = part
        heapreplace(loads, (load + weights[place], count + 1, part))
    counts = [(count, part) for _, count, part in loads]
    heapify(counts)
    for place in sorted(set(order) - set(heavy)):
        count, part = counts[0]
        found[place] = part
        heapreplace(counts, (count + 1, part))
    return found
