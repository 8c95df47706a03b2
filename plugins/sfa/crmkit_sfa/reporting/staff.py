"""Users and teams as reports need them: names, who reports to whom, the tree of teams."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.frozen import frozen
from crmkit.core.staff import Team, User
from crmkit.plugin import Context


@frozen
class Person:
    """A user: name, superior and team."""

    name: str
    superior: UUID | None
    team: UUID | None


@frozen
class Staff:
    """The users and teams that the actor may see."""

    people: dict[UUID, Person]
    teams: dict[UUID, tuple[str, UUID | None]]
    """Name and parent by id."""

    def manager_of(self, user: UUID | None) -> UUID | None:
        """Return whom a user reports to."""
        person = self.people.get(user) if user else None
        return person.superior if person else None

    def team_of(self, team: UUID | None, user: UUID | None) -> UUID | None:
        """Return the team of a record: its own, else that of its owner."""
        person = self.people.get(user) if user and not team else None
        return person.team if person else team

    def upwards(self, team: UUID | None) -> Iterator[UUID]:
        """Yield a team and those above it, the nearest first."""
        met: set[UUID] = set()
        while team is not None and team not in met:
            met.add(team)
            yield team
            team = self.teams[team][1] if team in self.teams else None

    def top_of(self, team: UUID | None) -> UUID | None:
        """Return the team at the top of the tree above ``team``."""
        above = list(self.upwards(team))
        return above[-1] if above else None

    def depth(self, team: UUID) -> int:
        """Return how many teams stand above ``team``."""
        return sum(1 for _ in self.upwards(team)) - 1

    def tree(self) -> list[UUID]:
        """Return the teams, each followed by those below it, siblings by name."""
        below: dict[UUID | None, list[UUID]] = {}
        for id, (_, parent) in self.teams.items():
            below.setdefault(parent if parent in self.teams else None, []).append(id)
        found: list[UUID] = []
        todo = sorted(below.get(None, ()), key=lambda id: self.teams[id][0], reverse=True)
        while todo:
            found.append(todo.pop())
            todo += sorted(below.get(found[-1], ()), key=lambda id: self.teams[id][0], reverse=True)
        return found


def staff_of(ctx: Context) -> Staff:
    """Return the users and teams that the actor may see, in two selects."""
    session = ctx.session
    users, teams = session.table(User), session.table(Team)
    people = session.execute(sa.select(users.c.id, users.c.name, users.c.reports_to_id, users.c.team_id))
    groups = session.execute(sa.select(teams.c.id, teams.c.name, teams.c.parent_id))
    return Staff(
        {id: Person(name, superior, team) for id, name, superior, team in people},
        {id: (name, parent) for id, name, parent in groups},
    )
