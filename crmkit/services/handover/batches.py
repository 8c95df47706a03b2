"""What passes in one transaction: a batch of records with their heirs, planned, moved, and moved back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

import attrs

from crmkit.core.frozen import frozen
from crmkit.core.handover import HandOverBatch
from crmkit.core.staff import User
from crmkit.services.handover.holdings import OWNER_FIELD
from crmkit.services.handover.items import Item
from crmkit.services.handover.progress import CLOSED

SIZE = 500
"""Records that pass in one transaction; a customer with all that is open there is never cut in two."""


@frozen
class Move:
    """Records of one entity that pass to one heir: ``field`` names the heir from now on, the team changes as it says."""

    entity: str
    field: str
    heir_id: UUID
    team_before: UUID | None
    team_after: UUID | None
    ids: tuple[UUID, ...]

    def plain(self) -> dict[str, Any]:
        """Return it as a batch keeps it."""
        return {
            "entity": self.entity,
            "field": self.field,
            "heir": str(self.heir_id),
            "teams": [None if team is None else str(team) for team in (self.team_before, self.team_after)],
            "ids": [str(id) for id in self.ids],
        }


def read_moves(rows: Iterable[Mapping[str, Any]]) -> list[Move]:
    """Return the moves of a batch."""
    return [
        Move(
            entity=row["entity"],
            field=row["field"],
            heir_id=UUID(row["heir"]),
            team_before=_team(row["teams"][0]),
            team_after=_team(row["teams"][1]),
            ids=tuple(UUID(id) for id in row["ids"]),
        )
        for row in rows
    ]


def _team(text: str | None) -> UUID | None:
    return None if text is None else UUID(text)


def batches_of(
    handover_id: UUID, items: Iterable[Item], user: User, users: Mapping[UUID, User], first: int
) -> Iterator[HandOverBatch]:
    """Yield the batches in which items pass, numbered from ``first``.

    What belongs together and is not closed passes together; closed records may follow in later batches.
    """
    together: dict[UUID, list[Item]] = {}
    after: list[Item] = []
    for item in items:
        if item.heir_id is not None and item.progress == CLOSED and item.id != item.key:
            after.append(item)
        elif item.heir_id is not None:
            together.setdefault(item.key, []).append(item)
    units = [together[key] for key in sorted(together)] + [[item] for item in after]
    waiting: list[Item] = []
    for unit in units:
        if waiting and len(waiting) + len(unit) > SIZE:
            yield _batch(handover_id, waiting, user, users, first)
            waiting, first = [], first + 1
        waiting += unit
    if waiting:
        yield _batch(handover_id, waiting, user, users, first)


def _batch(
    handover_id: UUID, items: Iterable[Item], user: User, users: Mapping[UUID, User], position: int
) -> HandOverBatch:
    moves: dict[Move, list[UUID]] = {}
    for item in items:
        assert item.heir_id is not None
        after = item.team_id
        if item.field == OWNER_FIELD and item.team_id == user.team_id:
            # A record of the departing user's own team goes over to that of the heir; another team keeps it.
            after = users[item.heir_id].team_id or item.team_id
        move = Move(item.entity, item.field, item.heir_id, item.team_id, after, ())
        moves.setdefault(move, []).append(item.id)
    made = [attrs.evolve(move, ids=tuple(ids)) for move, ids in moves.items()]
    return HandOverBatch(
        handover_id=handover_id,
        position=position,
        size=sum(len(move.ids) for move in made),
        moves=tuple(move.plain() for move in made),
    )
