"""Roles: what they grant, who has them, and what a user may do by all of them together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crmkit.core.access import ACTIONS, Actor, Scope, read_grant
from crmkit.core.entity import change
from crmkit.core.errors import NotFound, did_you_mean
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg, shown
from crmkit.core.registry import EntityRegistry
from crmkit.core.staff import Role, RoleAssignment, User
from crmkit.store.session import Session


@frozen
class Right:
    """What a user may do with the records of an entity: ``scopes`` by action, those it lacks left out.

    ``hidden`` are the fields that it may not read, ``kept`` those that it may read and not write.
    """

    entity: str
    scopes: dict[str, str]
    hidden: tuple[str, ...]
    kept: tuple[str, ...]


def rights_of(actor: Actor, registry: EntityRegistry) -> list[Right]:
    """Return what an actor may do, by entity, those that it has no right on left out."""
    found: list[Right] = []
    for info in sorted(registry, key=lambda info: info.name):
        scopes = {action: actor.scope(info.name, action) for action in ACTIONS}
        given = {action: scope.name.lower() for action, scope in scopes.items() if scope is not Scope.NONE}
        if given:
            hidden, written = actor.hidden(info), actor.hidden(info, "update")
            kept = tuple(sorted(written - hidden)) if "update" in given else ()
            found.append(Right(info.name, given, tuple(sorted(hidden)), kept))
    return found


def role_named(session: Session, name: str) -> Role:
    """Return the role called ``name``; raises NotFound with the closest name."""
    found: Role = _named(session, Role, "name", name)
    return found


def user_named(session: Session, login: str) -> User:
    """Return the user called ``login``, also one who is not active; raises NotFound with the closest login."""
    found: User = _named(session, User, "login", login)
    return found


def grant(session: Session, role: Role, entity: str, action: str, scope: str, fields: Sequence[str] = ()) -> Role:
    """Give a role a right, in place of the one it has for the same action on the same entity; returns the role.

    It is written with the session, which refuses words that it does not know with ValidationFailed.
    """
    row: dict[str, Any] = {"entity": entity, "action": action, "scope": scope}
    if fields:
        row["fields"] = list(fields)
    changed = change(role, grants=(*_without(role, entity, action), row))
    session.update(changed)
    return changed


def revoke(session: Session, role: Role, entity: str, action: str) -> Role:
    """Take a right from a role and return the role. Raises NotFound when it does not have it in so many words."""
    left = _without(role, entity, action)
    if len(left) == len(role.grants):
        known = [f"{row.get('entity', '*')} {row.get('action')}" for row in role.grants]
        hint = did_you_mean(f"{entity} {action}", known)
        raise NotFound(
            msg(
                "role {role} grants no {action} on {entity}; {hint}",
                role=role.name,
                action=action,
                entity=entity,
                hint=hint,
            )
        )
    changed = change(role, grants=left)
    session.update(changed)
    return changed


def assign(session: Session, user: User, role: Role) -> RoleAssignment:
    """Give a user a role; one that it has already stays as it is."""
    known = session.find(RoleAssignment, user_id=user.id, role_id=role.id)
    if known is not None:
        return known
    made = RoleAssignment(user_id=user.id, role_id=role.id)
    session.add(made)
    return made


def withdraw(session: Session, user: User, role: Role) -> None:
    """Take a role from a user. Raises NotFound when it does not have it."""
    known = session.find(RoleAssignment, user_id=user.id, role_id=role.id)
    if known is None:
        raise NotFound(msg("{login} does not have the role {role}", login=user.login, role=role.name))
    session.delete(known)


def words_of(row: Any) -> str:
    """Return a grant as people write it: entity, action, scope and, where it names some, fields."""
    read = read_grant(row)
    words = f"{read.entity} {read.action} {read.scope.name.lower()}"
    return f"{words} ({', '.join(row['fields'])})" if row.get("fields") else words


def _without(role: Role, entity: str, action: str) -> tuple[Any, ...]:
    return tuple(row for row in role.grants if (row.get("entity", "*"), row.get("action")) != (entity, action))


def _named(session: Session, cls: type[Any], field: str, name: str) -> Any:
    found = session.find(cls, **{field: name})
    if found is None:
        known = [getattr(record, field) for record in session.list(cls)]
        entity = session.database.registry.get(cls).name
        raise NotFound(
            msg("no {entity} called {name}; {hint}", entity=entity, name=shown(name), hint=did_you_mean(name, known))
        )
    return found
