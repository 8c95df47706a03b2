"""The addresses of this room."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from crmkit_web.metadata import entities, health, oneself
from crmkit_web.serving.endpoints import Endpoint

if TYPE_CHECKING:
    from crmkit_web.serving.site import Site


def endpoints(site: Site) -> Iterator[Endpoint]:
    """Yield the endpoints of this room."""
    yield from entities.endpoints()
    yield from oneself.endpoints()
    yield from health.endpoints()
