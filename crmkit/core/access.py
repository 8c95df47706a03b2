"""Who acts, and how far their rights reach."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import IntEnum
from types import MappingProxyType
from typing import Any
from uuid import UUID, uuid5

import attrs

from crmkit.core.entity import EntityInfo
from crmkit.core.errors import AccessDenied, ConfigError, did_you_mean
from crmkit.core.field_rights import ORDINARY, FieldSet, outside, read_field_words
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg

ACTIONS = ("read", "create", "update", "delete", "export", "bulk", "merge", "erase", "assign")
"""What a right is about. From ``export`` on they say how records are worked with, beside reading and writing them."""

NAMED_FOR_DEALERS = frozenset({"delete", "export", "bulk", "merge", "erase"})
"""Actions that a user bound to an organization has only by a grant that names them, never by ``*``."""

_PERMISSION = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
_TENANTS = UUID("6c1f6f6e-7a53-5d0c-9c53-0c6f0a3d6d11")
_NOTHING: frozenset[str] = frozenset()


class Scope(IntEnum):
    """How far a right reaches; a larger scope includes the smaller ones."""

    NONE = 0
    OWN = 1
    TEAM = 2
    SUBTREE = 3
    ALL = 4


Grants = Mapping[tuple[str, str], Scope]
Ceiling = frozenset[tuple[str, str]]
"""What may be done at most, as (entity, action); ``*`` stands for every entity or every action."""
FieldGrants = Mapping[tuple[str, str], tuple[FieldSet, ...]]


@frozen
class Grant:
    """A right: an action on an entity within a scope. ``*`` stands for every entity or every action.

    ``fields`` are the fields that it covers, of reading, creating and updating. Fields add up over all grants of an
    action on an entity, whatever their scopes.
    """

    entity: str
    action: str
    scope: Scope
    fields: FieldSet = ORDINARY


@frozen
class Limit:
    """What a delegation is about: one entity, or one record of it, with what belongs to it."""

    entity: str
    record_id: UUID | None = None


@frozen(eq=False)
class Actor:
    """Who acts: a user, or a part of the system, in one tenant.

    ``user_id`` is whose rights count, None for the system.
    """

    name: str
    tenant_id: UUID
    user_id: UUID | None = None
    team_id: UUID | None = None
    subtree: frozenset[UUID] = frozenset()
    """The team and all below it."""
    grants: Grants = MappingProxyType({})
    """Maps (entity, action) to a scope."""
    fields: FieldGrants = MappingProxyType({})
    """Maps (entity, action) to the fields of its grants; where nothing is said, the ordinary ones."""
    plugin: str = ""
    """The plugin that acts on the user's behalf."""
    everything: bool = False
    language: str = "en"
    timezone: str = "UTC"
    organization_id: UUID | None = None
    """The organization that the user is bound to, as a dealer's is: beyond its own records no scope reaches."""
    deputy_id: UUID | None = None
    """Who really acts, when it is somebody on the user's behalf."""
    limits: tuple[Limit, ...] = ()
    """What a deputy may work with; empty: all that the user may."""
    until: datetime | None = None
    """When the delegation ends."""
    ceiling: Ceiling | None = None
    """Beyond this no right reaches, whatever the roles say, as with a token that was made for less; None: no such bound."""
    rights_version: int | None = None
    """As of which change of anybody's rights these are; None for rights that were not read from the database."""
    kept: dict[Any, Any] = attrs.field(init=False, factory=dict, repr=False)
    """What the store has made for this actor and needs again; it goes with the actor."""
    _hidden: dict[tuple[EntityInfo, str], frozenset[str]] = attrs.field(init=False, factory=dict, repr=False)

    @property
    def capped(self) -> bool:
        """Whether no right reaches everything: of a user bound to an organization, of a deputy for some records only."""
        return not self.everything and bool(self.organization_id is not None or self.limits)

    def scope(self, entity: str, action: str) -> Scope:
        """Return how far the actor's right for ``action`` on ``entity`` reaches; never to all of a ``capped`` actor."""
        found = self.granted(entity, action)
        return Scope.SUBTREE if found is Scope.ALL and self.capped else found

    def granted(self, entity: str, action: str) -> Scope:
        """Return the scope that the roles give, before organization and delegation are looked at."""
        if self.everything:
            return Scope.ALL
        if self.ceiling is not None and not self.permits(entity, action):
            return Scope.NONE
        if action in NAMED_FOR_DEALERS and self.organization_id is not None:
            return max(self.grants.get((entity, action), Scope.NONE), self.grants.get(("*", action), Scope.NONE))
        grants = self.grants
        return max(
            grants.get((entity, action), Scope.NONE),
            grants.get((entity, "*"), Scope.NONE),
            grants.get(("*", action), Scope.NONE),
            grants.get(("*", "*"), Scope.NONE),
        )

    def permits(self, entity: str, action: str) -> bool:
        """Return whether the ceiling leaves room for ``action`` on ``entity``; what the roles say is another matter."""
        if self.ceiling is None or self.everything:
            return True
        return not self.ceiling.isdisjoint(((entity, action), (entity, "*"), ("*", action), ("*", "*")))

    def require(self, entity: str, action: str) -> None:
        """Raise AccessDenied unless the actor has the right for ``action`` on any records of ``entity`` at all."""
        if self.granted(entity, action) is Scope.NONE:
            raise AccessDenied(msg("{actor} may not {right} {entity}", actor=self.name, right=action, entity=entity))

    def has_permission(self, permission: str) -> bool:
        """Return whether a role grants a permission that a plugin registered, such as ``loyalty.adjust_points``."""
        granted = self.grants.get(("*", permission), Scope.NONE) is not Scope.NONE
        return self.everything or (granted and self.permits("*", permission))

    def hidden(self, info: EntityInfo, action: str = "read") -> frozenset[str]:
        """Return the names of the fields, custom ones too, that the actor may not read (or create, or update).

        What may not be read may not be written either.
        """
        if self.everything:
            return _NOTHING
        known = self._hidden.get((info, action))
        if known is None:
            known = outside(info, self._sets(info.name, action))
            if action != "read":
                known |= self.hidden(info)
            self._hidden[info, action] = known
        return known

    def _sets(self, entity: str, action: str) -> Sequence[FieldSet]:
        keys = [(name, word) for name in (entity, "*") for word in (action, "*")]
        granted = [key for key in keys if self.grants.get(key, Scope.NONE) is not Scope.NONE]
        return [fields for key in granted for fields in self.fields.get(key, (ORDINARY,))] or [ORDINARY]

    def has_rights_of(self, other: Actor) -> bool:
        """Return whether nothing but the version tells this actor from another."""
        names = [a.name for a in attrs.fields(Actor) if a.init and a.name != "rights_version"]
        return all(getattr(self, name) == getattr(other, name) for name in names)

    @property
    def acting_id(self) -> UUID | None:
        """Who really acts: the deputy, else the user."""
        return self.user_id if self.deputy_id is None else self.deputy_id

    @property
    def on_behalf_id(self) -> UUID | None:
        """On whose behalf a deputy acts; None when nobody does."""
        return None if self.deputy_id is None else self.user_id

    def narrowed(self, ceiling: Ceiling) -> Actor:
        """Return the actor as it may do no more than ``ceiling`` says: never more than before.

        The system is narrowed to the ceiling itself.
        """
        if self.everything:
            whole = dict.fromkeys(ceiling, Scope.ALL)
            fields = dict.fromkeys(ceiling, (FieldSet(everything=True),))
            return attrs.evolve(self, everything=False, grants=whole, fields=fields, ceiling=ceiling)
        return attrs.evolve(self, ceiling=ceiling if self.ceiling is None else _common(self.ceiling, ceiling))

    def as_the_roles_say(self) -> Actor:
        """Return the actor without its ceiling."""
        return self if self.ceiling is None else attrs.evolve(self, ceiling=None)

    def for_plugin(self, plugin: str) -> Actor:
        """Return the actor as ``plugin`` acts on its behalf."""
        return attrs.evolve(self, plugin=plugin)

    def elevated(self) -> Actor:
        """Return the actor with every right, still under its own name."""
        return attrs.evolve(self, everything=True, rights_version=None, until=None)


def _common(one: Ceiling, other: Ceiling) -> Ceiling:
    """Return what two ceilings both leave room for."""
    pairs = [(_narrower(a, c), _narrower(b, d)) for a, b in one for c, d in other]
    return frozenset((entity, action) for entity, action in pairs if entity and action)


def _narrower(one: str, other: str) -> str:
    """Return the narrower of two words, of which ``*`` is the widest; empty when they have nothing in common."""
    if "*" in (one, other):
        return other if one == "*" else one
    return one if one == other else ""


def tenant_id(name: str) -> UUID:
    """Return the id of the tenant called ``name``; the same name gives the same id everywhere."""
    return uuid5(_TENANTS, name)


def system_actor(tenant: UUID, name: str = "system") -> Actor:
    """Return an actor with every right in a tenant, for set-up, imports and background work."""
    return Actor(name=name, tenant_id=tenant, everything=True)


def read_grant(row: Mapping[str, Any]) -> Grant:
    """Return one grant as a role stores it; raises ConfigError for unknown words."""
    action, scope, words = str(row.get("action", "")), str(row.get("scope", "")), row.get("fields") or ()
    if action not in (*ACTIONS, "*") and not _PERMISSION.fullmatch(action):
        raise ConfigError(
            msg("grant: unknown action {action}; {hint}", action=action, hint=did_you_mean(action, ACTIONS))
        )
    names = [s.name.lower() for s in Scope]
    if scope not in names:
        raise ConfigError(msg("grant: unknown scope {scope}; {hint}", scope=scope, hint=did_you_mean(scope, names)))
    fields = read_field_words([words] if isinstance(words, str) else words) if words else ORDINARY
    return Grant(str(row.get("entity", "*")), action, Scope[scope.upper()], fields)


def read_grants(rows: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], Scope]:
    """Return grants, as a role stores them, as a mapping to the widest scope; raises ConfigError for unknown words."""
    return added_up(read_grant(row) for row in rows)[0]


def added_up(
    grants: Iterable[Grant],
) -> tuple[dict[tuple[str, str], Scope], dict[tuple[str, str], tuple[FieldSet, ...]]]:
    """Return the widest scope and the fields of each entity and action; fields only where some grant limits them."""
    scopes: dict[tuple[str, str], Scope] = {}
    fields: dict[tuple[str, str], tuple[FieldSet, ...]] = {}
    for grant in grants:
        key = (grant.entity, grant.action)
        scopes[key] = max(scopes.get(key, Scope.NONE), grant.scope)
        if grant.scope is not Scope.NONE and grant.fields not in fields.get(key, ()):
            fields[key] = (*fields.get(key, ()), grant.fields)
    return scopes, {key: sets for key, sets in fields.items() if sets != (ORDINARY,)}
