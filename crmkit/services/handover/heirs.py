"""Finding the users whom the rules of a hand-over name."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from crmkit.core.errors import BadInput, did_you_mean
from crmkit.core.messages import msg, shown
from crmkit.core.staff import Team, User
from crmkit.services.handover.rules import OWNER, TEAM, HandOverRule
from crmkit.store.session import Session


class Heirs:
    """Knows all users; an heir must be active, and another than the one who departs."""

    def __init__(self, session: Session, departing: User) -> None:
        self._departing = departing
        self.by_id = {user.id: user for user in session.list(User)}
        self._users = {user.login: user for user in self.by_id.values()}
        self._teams = {team.name: team.id for team in session.list(Team)}

    def of(self, rule: HandOverRule) -> tuple[User, ...]:
        """Return the heirs of a rule, each once, in its order; none for ``@owner``. Raises BadInput."""
        if OWNER in rule.to:
            if len(rule.to) > 1 or rule.entity == "customer":
                raise BadInput(msg("{word} stands alone, in a rule for what belongs to customers", word=OWNER))
            return ()
        found = {user.id: user for word in rule.to for user in self._named(word)}
        return tuple(found.values())

    def one(self, login: str) -> User:
        """Return the active user with this login. Raises BadInput."""
        user = self._users.get(login)
        if user is None:
            raise BadInput(msg("no user {login}; {hint}", login=shown(login), hint=did_you_mean(login, self._users)))
        if user.id == self._departing.id:
            raise BadInput(msg("{login} hands over and cannot be an heir", login=login))
        if user.state != "active":
            raise BadInput(msg("{login} is {state}; an heir is an active user", login=login, state=user.state))
        return user

    def with_id(self, id: UUID | None) -> User | None:
        """Return the user with this id, if this one can be an heir."""
        found = None if id is None else self.by_id.get(id)
        return found if found is not None and self._can_inherit(found) else None

    def _named(self, word: str) -> Iterable[User]:
        if not word.startswith(TEAM):
            return (self.one(word),)
        name = word.removeprefix(TEAM).strip()
        if name not in self._teams:
            raise BadInput(msg("no team {name}; {hint}", name=shown(name), hint=did_you_mean(name, self._teams)))
        members = [user for user in self.by_id.values() if user.team_id == self._teams[name]]
        heirs = [user for user in members if self._can_inherit(user)]
        if not heirs:
            raise BadInput(msg("team {name} has no active user who could be an heir", name=name))
        return sorted(heirs, key=lambda user: user.login)

    def _can_inherit(self, user: User) -> bool:
        return user.state == "active" and user.id != self._departing.id
