"""What one server knows for as long as it runs: the application, its settings, its endpoints and entities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from crmkit.core.entity import EntityInfo
from crmkit.core.errors import did_you_mean
from crmkit.core.messages import msg
from crmkit_web.login.admissions import Admissions
from crmkit_web.login.providers import Providers
from crmkit_web.serving.endpoints import Endpoint
from crmkit_web.serving.limits import Limits
from crmkit_web.serving.problems import Problem
from crmkit_web.settings import WebSettings

if TYPE_CHECKING:
    from crmkit import Crm

WINDOW = 10
"""Seconds in which the allowed requests may come."""


class Site:
    """One application being served. ``entities`` are those that the API has addresses for, by plural name."""

    def __init__(self, crm: Crm) -> None:
        from crmkit_web.serving.table import all_endpoints

        self.crm = crm
        self.admissions = Admissions()
        self.settings: WebSettings = crm.plugin_config("web")
        self.providers = Providers(self.settings.oidc, crm.clock)
        self.limits = Limits(self.settings.requests, WINDOW)
        # What lets people in is nobody's to list; each such entity has endpoints of its own.
        self.entities: Mapping[str, EntityInfo] = {info.plural: info for info in crm.registry if not info.credentials}
        self.endpoints: tuple[Endpoint, ...] = all_endpoints(self)

    def entity_at(self, plural: str) -> EntityInfo:
        """Return the entity whose plural name an address has; raises Problem 404 with the closest one."""
        found = self.entities.get(plural)
        if found is None:
            hint = did_you_mean(plural[:100], self.entities)
            raise Problem(404, "no_such_entity", msg("no entity {name}; {hint}", name=plural[:100], hint=hint))
        return found
