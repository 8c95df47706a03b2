"""The addresses that this plugin has for what other plugins add, and those that their routes become."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from crmkit_web.extensions import actions, described, places, reports, routes
from crmkit_web.serving.endpoints import Endpoint

if TYPE_CHECKING:
    from crmkit_web.serving.site import Site


def endpoints(site: Site) -> Iterator[Endpoint]:
    """Yield the endpoints of this room. Asking for what plugins add checks it: a server with a wrong one does not start."""
    yield from actions.endpoints(site)
    yield from places.endpoints(site)
    yield from reports.endpoints(site)
    yield from described.endpoints()
    yield from routes.endpoints(site)
