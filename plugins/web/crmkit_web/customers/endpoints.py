"""The addresses of this room."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from crmkit.core.entity import EntityInfo
from crmkit_web.customers import consent, merging, personal_data, recognising, timeline
from crmkit_web.serving.endpoints import Endpoint

if TYPE_CHECKING:
    from crmkit_web.serving.site import Site


def endpoints(site: Site) -> Iterator[Endpoint]:
    """Yield the endpoints of this room.

    Customers have timelines, and every entity of plugins whose records have an owner, or that some source knows of:
    interactions can be linked to them.
    """
    sources = {source.entity for source in site.crm.extensions.timeline_sources.values()}

    def has_timeline(info: EntityInfo) -> bool:
        return info.name == "customer" or info.name in sources or (info.plugin != "crmkit" and info.owned)

    yield from timeline.endpoints(has_timeline)
    yield from recognising.endpoints(site)
    yield from merging.endpoints(site)
    yield from consent.endpoints(site)
    yield from personal_data.endpoints(site)
