"""People with roles for tests of access: two in one team, one in the team below, one elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from crmkit.core.access import Actor
from crmkit.core.staff import Role, RoleAssignment, Team, User
from crmkit.core.values.ids import new_id
from crmkit.runtime.crm import Crm

PEOPLE = ("anna", "ben", "cleo", "dora")
REACH: Mapping[str, set[str]] = {
    "none": set(),
    "own": {"anna"},
    "team": {"anna", "ben"},
    "subtree": {"anna", "ben", "cleo"},
    "all": {"anna", "ben", "cleo", "dora"},
}
"""Whose records Anna reaches within each scope."""


@attrs.frozen
class Staff:
    """The users by login, and the teams by name."""

    crm: Crm
    users: dict[str, User]
    teams: dict[str, Team]

    def actor(self, login: str, *grants: tuple[str, ...]) -> Actor:
        """Give a user a role with these grants (entity, action, scope, fields) and return the user as an actor."""
        words = ("entity", "action", "scope")
        rows = [{**dict(zip(words, grant, strict=False)), "fields": list(grant[3:])} for grant in grants]
        role = Role(name=f"role of {login} {new_id()}", grants=tuple(rows))
        with self.crm.session() as s:
            s.delete(*s.list(RoleAssignment, user_id=self.users[login].id))
            s.add(role, RoleAssignment(user_id=self.users[login].id, role_id=role.id))
        return self.crm.actor(login)


def make_staff(crm: Crm) -> Staff:
    """Store the people and their teams."""
    north = Team(name="North")
    east = Team(name="North East", parent_id=north.id)
    south = Team(name="South")
    places = {"anna": north, "ben": north, "cleo": east, "dora": south}
    users = {login: User(login=login, name=login.title(), team_id=team.id) for login, team in places.items()}
    with crm.session() as s:
        s.add(north, east, south, *users.values())
    return Staff(crm, users, {team.name: team for team in (north, east, south)})
