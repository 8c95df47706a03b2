"""The addresses of this room."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from crmkit_web.history import as_of, entries
from crmkit_web.serving.endpoints import Endpoint

if TYPE_CHECKING:
    from crmkit_web.serving.site import Site


def endpoints(site: Site) -> Iterator[Endpoint]:
    """Yield the endpoints of this room."""
    yield from entries.endpoints(site)
    yield from as_of.endpoints(site)
