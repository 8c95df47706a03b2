"""Users as actors: with the rights of their roles, and on behalf of others while a delegation lasts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

import attrs

from crmkit.core.access import Actor, Limit, added_up, read_grant
from crmkit.core.errors import AccessDenied, NotFound
from crmkit.core.messages import msg, shown
from crmkit.core.staff import Delegation, Role, RoleAssignment, Team, User
from crmkit.store.session import Session

LONGEST_CHAIN = 5
"""Delegations that may follow one another."""


@attrs.frozen
class Settings:
    """What counts for users who have set nothing themselves."""

    language: str = "en"
    timezone: str = "UTC"


def actor_named(session: Session, login: str, on_behalf_of: str = "", settings: Settings = Settings()) -> Actor:
    """Return the user called ``login`` as an actor, on behalf of another when one is named.

    ``session`` is one that may read everything. Raises NotFound for a user who is not active, and AccessDenied when no
    delegation is in force.
    """
    acting = _active(session, login)
    if not on_behalf_of or on_behalf_of == login:
        return actor_of(session, acting, None, settings)
    return actor_of(session, acting, _active(session, on_behalf_of), settings)


def _active(session: Session, login: str) -> User:
    user = session.find(User, login=login)
    if user is None:
        raise NotFound(msg("no active user {login}", login=shown(login)))
    if user.state == "frozen":
        raise NotFound(msg("no active user {login}: frozen, until activated again", login=user.login))
    if user.state != "active":
        raise NotFound(msg("no active user {login}: has departed", login=user.login))
    return user


def reload_actor(session: Session, actor: Actor, settings: Settings = Settings()) -> Actor:
    """Return an actor with the rights it has by now: the same one when they are as they were.

    Raises AccessDenied when it may not act any more.
    """
    people = [session.find(User, id=id) for id in (actor.acting_id, actor.on_behalf_id) if id is not None]
    for user in people:
        if user is None or user.state != "active":
            login = actor.name if user is None else user.login
            raise AccessDenied(msg("{login} is not active any more", login=login))
    acting, principal = people[0], people[1] if len(people) > 1 else None
    assert acting is not None
    found = attrs.evolve(actor_of(session, acting, principal, settings), plugin=actor.plugin, ceiling=actor.ceiling)
    if not found.has_rights_of(actor):
        return found
    # Somebody else's rights changed: what was built for this actor stays good.
    object.__setattr__(actor, "rights_version", found.rights_version)
    return actor


def actor_of(session: Session, acting: User, principal: User | None, settings: Settings) -> Actor:
    """Return ``acting`` as an actor with its own rights, or with those of ``principal``."""
    # First, so that a change in between shows.
    version = session.database.rights.current(session.actor.tenant_id, session.connection)
    user = principal or acting
    scopes, fields = added_up(read_grant(row) for role in roles_of(session, user.id) for row in role.grants)
    limits: tuple[Limit, ...] = ()
    until: datetime | None = None
    if principal is not None:
        limits, until = _delegated(session, acting, principal)
    return Actor(
        name=acting.login,
        tenant_id=session.actor.tenant_id,
        user_id=user.id,
        team_id=user.team_id,
        subtree=frozenset(team.id for team in teams_below(session, user.team_id)),
        grants=MappingProxyType(scopes),
        fields=MappingProxyType(fields),
        language=acting.language or settings.language,
        timezone=acting.timezone or settings.timezone,
        organization_id=user.customer_id,
        deputy_id=None if principal is None else acting.id,
        limits=limits,
        until=until,
        rights_version=version,
    )


def roles_of(session: Session, user_id: UUID) -> list[Role]:
    """Return the roles of a user, by name."""
    ids = [assignment.role_id for assignment in session.list(RoleAssignment, user_id=user_id)]
    return sorted(session.list(Role, id=ids), key=lambda role: role.name) if ids else []


def teams_below(session: Session, team_id: UUID | None) -> list[Team]:
    """Return a team and all teams below it."""
    teams = session.list(Team) if team_id is not None else []
    children: dict[UUID | None, list[Team]] = {}
    for team in teams:
        children.setdefault(team.parent_id, []).append(team)
    found = [team for team in teams if team.id == team_id]
    seen = {team.id for team in found}
    for team in found:
        below = [child for child in children.get(team.id, ()) if child.id not in seen]
        found += below
        seen.update(child.id for child in below)
    return found


def active_delegations(session: Session, **equal: Any) -> list[Delegation]:
    """Return the delegations in force now, by user, deputy or whatever else is given."""
    now = session.clock.now()
    return [given for given in session.list(Delegation, **equal) if given.starts_at <= now < given.ends_at]


def _delegated(session: Session, acting: User, principal: User) -> tuple[tuple[Limit, ...], datetime]:
    """Return what a deputy is limited to (empty: nothing in particular), and until when all of it stands."""
    limits: list[Limit | None] = []
    ends: list[datetime] = []
    for chain in _chains(session, principal.id, acting.id, ()):
        possible, limit = _narrowest(chain)
        if possible:
            limits.append(limit)
            ends.append(min(link.ends_at for link in chain))
    if not limits:
        raise AccessDenied(
            msg("{deputy} does not act for {user} at present", deputy=acting.login, user=principal.login)
        )
    narrow = tuple(limit for limit in limits if limit is not None)
    return (narrow if len(narrow) == len(limits) else ()), min(ends)


def _chains(
    session: Session, user_id: UUID, deputy_id: UUID, before: tuple[Delegation, ...]
) -> Iterator[tuple[Delegation, ...]]:
    """Yield the ways from a user to a deputy, over people in between who are active and may pass it on."""
    passed = {link.user_id for link in before}
    for link in active_delegations(session, user_id=user_id):
        if link.deputy_id == deputy_id:
            yield (*before, link)
        elif link.passes_on and link.deputy_id not in passed and len(before) < LONGEST_CHAIN - 1:
            between = session.find(User, id=link.deputy_id)
            if between is not None and between.state == "active":
                yield from _chains(session, link.deputy_id, deputy_id, (*before, link))


def _narrowest(chain: Sequence[Delegation]) -> tuple[bool, Limit | None]:
    """Return whether the links of a chain have anything in common, and what."""
    found: Limit | None = None
    for link in chain:
        if not link.entity:
            continue
        limit = Limit(link.entity, link.record_id)
        if found is None or (found.entity == limit.entity and found.record_id is None):
            found = limit
        elif found.entity != limit.entity or limit.record_id not in (None, found.record_id):
            return False, None
    return True, found
