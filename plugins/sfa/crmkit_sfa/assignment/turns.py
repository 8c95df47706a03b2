"""Whose turn it is: smooth weighted round robin. Pure.

Each pick gives every candidate credit of its weight; who has most is picked and pays the sum of all weights. With equal
weights everybody comes once before anybody comes twice; with others, everybody comes as often as its weight in each round
of as many picks as the weights sum up to, spread evenly. It is the method of nginx's upstream module since 1.3.1 (2012).
Whoever was away meanwhile has no more credit than before and makes up for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

K = TypeVar("K")


def pick(credits: Mapping[K, int], weights: Sequence[tuple[K, int]]) -> tuple[K, dict[K, int]]:
    """Return whose turn it is among candidates with their weights, in an order that decides ties, and the credits after it.

    Credits of others stay as they are. Raises ValueError without candidates.
    """
    if not weights:
        raise ValueError("nobody to pick from")
    after = dict(credits)
    for key, weight in weights:
        after[key] = after.get(key, 0) + weight
    chosen = max(weights, key=lambda candidate: after[candidate[0]])[0]
    return chosen, paid(after, weights, chosen)


def paid(credits: Mapping[K, int], weights: Sequence[tuple[K, int]], chosen: K) -> dict[K, int]:
    """Return credits after ``chosen`` has paid for its turn."""
    after = dict(credits)
    after[chosen] = after.get(chosen, 0) - sum(weight for _, weight in weights)
    return after
