"""Who acts, and how far their rights reach."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Any
from uuid import UUID, uuid5

import attrs

from crmkit.core.errors import ConfigError, did_you_mean
from crmkit.core.messages import msg

ACTIONS = ("read", "create", "update", "delete", "export", "bulk", "merge", "erase", "assign")

_TENANTS = UUID("6c1f6f6e-7a53-5d0c-9c53-0c6f0a3d6d11")


class Scope(IntEnum):
    """How far a right reaches; a larger scope includes the smaller ones."""

    NONE = 0
    OWN = 1
    TEAM = 2
    SUBTREE = 3
    ALL = 4


@attrs.frozen
class Grant:
    """A right: an action on an entity within a scope. ``*`` stands for every entity or every action."""

    entity: str
    action: str
    scope: Scope


@attrs.frozen(eq=False)
class Actor:
    """Who acts: a user, or a part of the system, in one tenant.

    ``user_id`` is None for the system. ``teams`` holds the ids of the user's team and, separately, of all below it.
    ``grants`` maps (entity, action) to a scope. ``plugin`` names the plugin that acts on the user's behalf.
    """

    name: str
    tenant_id: UUID
    user_id: UUID | None = None
    team_id: UUID | None = None
    subtree: frozenset[UUID] = frozenset()
    grants: Mapping[tuple[str, str], Scope] = MappingProxyType({})
    plugin: str = ""
    everything: bool = False
    language: str = "en"
    timezone: str = "UTC"

    def scope(self, entity: str, action: str) -> Scope:
        """Return how far the actor's right for ``action`` on ``entity`` reaches."""
        if self.everything:
            return Scope.ALL
        grants = self.grants
        return max(
            grants.get((entity, action), Scope.NONE),
            grants.get((entity, "*"), Scope.NONE),
            grants.get(("*", action), Scope.NONE),
            grants.get(("*", "*"), Scope.NONE),
        )

    def for_plugin(self, plugin: str) -> Actor:
        """Return the actor as ``plugin`` acts on its behalf."""
        return attrs.evolve(self, plugin=plugin)

    def elevated(self) -> Actor:
        """Return the actor with every right, still under its own name."""
        return attrs.evolve(self, everything=True)


def tenant_id(name: str) -> UUID:
    """Return the id of the tenant called ``name``; the same name gives the same id everywhere."""
    return uuid5(_TENANTS, name)


def system_actor(tenant: UUID, name: str = "system") -> Actor:
    """Return an actor with every right in a tenant, for set-up, imports and background work."""
    return Actor(name=name, tenant_id=tenant, everything=True)


def read_grants(rows: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], Scope]:
    """Return grants, as a role stores them, as a mapping to the widest scope; raises ConfigError for unknown words."""
    grants: dict[tuple[str, str], Scope] = {}
    for row in rows:
        action, scope = str(row.get("action", "")), str(row.get("scope", ""))
        if action not in (*ACTIONS, "*"):
            raise ConfigError(
                msg("grant: unknown action {action}; {hint}", action=action, hint=did_you_mean(action, ACTIONS))
            )
        names = [s.name.lower() for s in Scope]
        if scope not in names:
            raise ConfigError(msg("grant: unknown scope {scope}; {hint}", scope=scope, hint=did_you_mean(scope, names)))
        key = (str(row.get("entity", "*")), action)
        grants[key] = max(grants.get(key, Scope.NONE), Scope[scope.upper()])
    return grants
