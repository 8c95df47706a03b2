"""The ways of deals through a pipeline, as pure rules: where a deal stood, one symbol for each interval of its history.

A database tells the ways of all deals as text and counts how many deals took each; there are few different ones. What a
funnel says follows from each way once, here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from crmkit.core.frozen import frozen

Outcome = Literal["open", "won", "lost", "unknown"]
"""What a step is: a known open stage, an end, or an open stage that the pipeline does not have."""

_FIRST_SYMBOL, _FIRST_PLACE = 48, 3
_OUTCOMES: tuple[Outcome, ...] = ("won", "lost", "unknown")


@frozen
class Step:
    """A stay: in the open stage at ``place``, or at an end; ``recent`` when it began in the period asked about."""

    outcome: Outcome
    place: int | None = None
    recent: bool = False


@frozen
class Move:
    """A change from one step to another; ``before`` is None at the beginning."""

    before: Step | None
    after: Step

    @property
    def back(self) -> bool:
        """Whether it goes back, from one open stage to an earlier one."""
        if self.before is None or self.before.place is None or self.after.place is None:
            return False
        return self.after.place < self.before.place


def symbol(outcome: Outcome, place: int | None = None, recent: bool = False) -> str:
    """Return what stands for a step in the text of a way."""
    number = _FIRST_PLACE + place if place is not None else _OUTCOMES.index(outcome)
    return chr(_FIRST_SYMBOL + 2 * number + recent)


def steps(way: str) -> list[Step]:
    """Return the steps of a way. Intervals that differ only in something else, such as the amount, are one step."""
    found: list[Step] = []
    for letter in way:
        number, recent = divmod(ord(letter) - _FIRST_SYMBOL, 2)
        place = number - _FIRST_PLACE if number >= _FIRST_PLACE else None
        step = Step("open" if place is not None else _OUTCOMES[number], place, bool(recent))
        if not found or (found[-1].outcome, found[-1].place) != (step.outcome, step.place):
            found.append(step)
    return found


def moves(some: Sequence[Step]) -> Iterator[Move]:
    """Yield the moves of a way, its beginning first."""
    before: Step | None = None
    for step in some:
        yield Move(before, step)
        before = step


def stood(some: Sequence[Step]) -> frozenset[int]:
    """Return the places of the open stages that a way stood in."""
    return frozenset(step.place for step in some if step.place is not None)


def last_open(some: Sequence[Step]) -> int | None:
    """Return the place of the last open stage that a way stood in: what a lost deal was lost from."""
    for step in reversed(some):
        if step.outcome in ("open", "unknown"):
            return step.place
    return None


def entered(some: Sequence[Step], stages: int) -> frozenset[int]:
    """Return the stages that a way came to in the period: forward, passing those between; by beginning or reopening.

    A deal that is won passes all that lie before it; one that begins further on has passed those before.
    """
    found: set[int] = set()
    for move in moves(some):
        if not move.after.recent:
            continue
        if move.before is not None and move.before.outcome in ("won", "lost"):
            if move.after.place is not None:
                found.add(move.after.place)
            continue
        first = 0 if move.before is None or move.before.place is None else move.before.place + 1
        if move.after.outcome == "won":
            found.update(range(first, stages))
        elif move.after.place is not None:
            found.update(range(first, move.after.place + 1))
    return frozenset(found)
