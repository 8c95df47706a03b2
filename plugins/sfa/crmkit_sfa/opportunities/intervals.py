"""The history of an opportunity as intervals without gaps: pure rules.

Two things make a new interval: a step to another stage (which may be back-dated) and a change of what counts in a
forecast (amount, expected close, probability ...), which is known from the moment it is written.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

import attrs

from crmkit.core.frozen import frozen


@frozen
class Step:
    """From ``at`` on, the opportunity stands in ``stage``; ``usual`` are the facts that the stage brings along."""

    at: datetime
    stage: str
    category: str
    usual: Mapping[str, Any] = attrs.field(factory=dict)


@frozen
class State:
    """What an opportunity was from ``start`` to ``end`` (excluded; None: still)."""

    start: datetime
    end: datetime | None
    stage: str
    category: str
    facts: Mapping[str, Any]


def states(steps: Sequence[Step], known: Sequence[State], now: datetime, facts: Mapping[str, Any]) -> list[State]:
    """Return the intervals of an opportunity, oldest first; the last one is open and tells ``facts``.

    ``steps`` are the stages in their order, each other than the one before, ``known`` the intervals so far, whose facts
    stand; ``facts`` are those of ``now``. Empty without steps.
    """
    if not steps:
        return []
    if not known:
        return _told(steps, facts)
    first = steps[0].at
    instants = [step.at for step in steps]
    points = sorted({*instants, *(state.start for state in known if state.start > first)})
    made: list[State] = []
    for point in points:
        # Several steps at one instant: the last one counts, as in the history of the lifecycle itself.
        step = steps[bisect_right(instants, point) - 1]
        made.append(State(point, None, step.stage, step.category, _facts_at(point, step, known, facts)))
    last = made[-1]
    if last.facts != facts:
        newest = max((state.start for state in known), default=None)
        if newest is None or last.start > newest or last.start >= now:
            made[-1] = attrs.evolve(last, facts=facts)
        else:
            made.append(attrs.evolve(last, start=now, facts=facts))
    return _joined(made)


def _told(steps: Sequence[Step], facts: Mapping[str, Any]) -> list[State]:
    """Return the intervals of an opportunity of which none is known yet: each stage brought its usual facts along."""
    made = [
        State(step.at, None, step.stage, step.category, {**facts, **step.usual})
        for step, following in pairwise(steps)
        if following.at != step.at
    ]
    made += [State(step.at, None, step.stage, step.category, facts) for step in steps[-1:]]
    return _joined(made)


def _facts_at(point: datetime, step: Step, known: Sequence[State], facts: Mapping[str, Any]) -> Mapping[str, Any]:
    state = known[max(bisect_right([one.start for one in known], point) - 1, 0)]
    return state.facts if state.stage == step.stage else {**state.facts, **step.usual}


def _joined(made: Sequence[State]) -> list[State]:
    """Return the intervals with their ends; neighbours that tell the same are one."""
    if len(made) == 1:
        return list(made)
    kept: list[State] = []
    for state in made:
        same = kept and (kept[-1].stage, kept[-1].category, kept[-1].facts) == (
            state.stage,
            state.category,
            state.facts,
        )
        if not same:
            kept.append(state)
    ends = [*(state.start for state in kept[1:]), None]
    return [State(one.start, end, one.stage, one.category, one.facts) for one, end in zip(kept, ends, strict=True)]
