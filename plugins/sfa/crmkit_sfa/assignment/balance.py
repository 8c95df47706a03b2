"""Evening out who has how many leads: the fewest moves after which nobody could give one away to somebody better off. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TypeVar
from uuid import UUID

from crmkit.core.frozen import frozen
from crmkit_sfa.assignment.candidates import Candidate, skip

L = TypeVar("L")


@frozen
class Move:
    """A lead that passes from one user to another."""

    lead: UUID
    giver: UUID
    taker: UUID


def balance(candidates: Sequence[Candidate], movable: Mapping[UUID, Sequence[UUID]]) -> list[Move]:
    """Return the moves of leads among candidates; ``movable`` are by user the leads that may pass, the first one first.

    Whoever cannot take leads gives all of them; then one passes from whoever has most for the weight to whoever has least,
    as long as that leaves the taker with less than the giver had. Nobody gets more than the capacity.
    """
    able = {c.user_id: c for c in candidates if skip(c, frozenset()) in ("", "full")}
    loads = {c.user_id: c.load for c in candidates}
    left = {user: list(leads) for user, leads in movable.items() if user in loads}
    moves: list[Move] = []

    def relative(user: UUID, more: int = 0) -> Fraction:
        return Fraction(loads[user] + more, able[user].weight)

    def taker(giver: UUID) -> UUID | None:
        free = [
            user for user, one in able.items() if user != giver and (one.capacity is None or loads[user] < one.capacity)
        ]
        return min(free, key=lambda user: (relative(user, 1), able[user].login), default=None)

    def pass_on(giver: UUID, to: UUID) -> None:
        moves.append(Move(left[giver].pop(0), giver, to))
        loads[giver] -= 1
        loads[to] += 1

    for giver in [c.user_id for c in candidates if c.user_id not in able]:
        while left.get(giver) and (to := taker(giver)) is not None:
            pass_on(giver, to)
    while True:
        givers = sorted((user for user in able if left.get(user)), key=lambda user: (-relative(user), able[user].login))
        for giver in givers:
            to = taker(giver)
            if to is not None and relative(to, 1) < relative(giver):
                pass_on(giver, to)
                break
        else:
            return moves
