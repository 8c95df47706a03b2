"""From transitions to history: which stage a record stood in, from when to when. Pure, and the same in every order.

Transitions count in the order of ``occurred_at``; of several at one instant the one recorded last (the greatest id)
counts last. So one that is back-dated takes its place among the others, and what follows it stands.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from operator import attrgetter

from crmkit.core.frozen import frozen
from crmkit.core.lifecycle import StageTransition


@frozen
class Interval:
    """A record stood in ``stage`` from ``start`` (included) to ``end`` (excluded; None: it stands there still).

    ``transition`` is the step that led here. An interval is empty when another step followed at the same instant.
    """

    stage: str
    start: datetime
    end: datetime | None
    transition: StageTransition


_PLACE = attrgetter("occurred_at", "id")


def in_order(transitions: Iterable[StageTransition]) -> list[StageTransition]:
    """Return living transitions as they count."""
    living = [transition for transition in transitions if transition.deleted_at is None]
    if len(living) > 1:
        living.sort(key=_PLACE)
    return living


def standing_since(ordered: Iterable[StageTransition]) -> StageTransition | None:
    """Return the step that led a record to where it stands; None without any. ``ordered`` is as by ``in_order``."""
    found: StageTransition | None = None
    for transition in ordered:
        if found is None or transition.to_stage != found.to_stage:
            found = transition
    return found


def fold(transitions: Iterable[StageTransition]) -> tuple[Interval, ...]:
    """Return the history that ``transitions``, in any order, make: intervals without gaps, neighbours in other stages.

    A step to the stage that the record stands in already starts nothing new.
    """
    steps: list[StageTransition] = []
    for transition in in_order(transitions):
        if not steps or steps[-1].to_stage != transition.to_stage:
            steps.append(transition)
    ends: list[datetime | None] = [*(step.occurred_at for step in steps[1:]), None]
    return tuple(Interval(step.to_stage, step.occurred_at, end, step) for step, end in zip(steps, ends, strict=False))


def stage_at(history: Iterable[Interval], instant: datetime) -> str | None:
    """Return the stage at an instant; None before the first transition."""
    for interval in history:
        if interval.start <= instant and (interval.end is None or instant < interval.end):
            return interval.stage
    return None
