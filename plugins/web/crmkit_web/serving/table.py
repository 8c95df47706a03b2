"""The table of endpoints: those of this plugin's rooms, and those that plugins' routes and actions become."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from crmkit_web.access import explaining
from crmkit_web.attachments import files as attachment_endpoints
from crmkit_web.changes import feed
from crmkit_web.customers import endpoints as customer_endpoints
from crmkit_web.extensions import endpoints as extension_endpoints
from crmkit_web.handovers import endpoints as handover_endpoints
from crmkit_web.history import endpoints as history_endpoints
from crmkit_web.lifecycles import stages
from crmkit_web.login import password_addresses, provider_addresses, session_addresses, token_addresses
from crmkit_web.metadata import endpoints as metadata_endpoints
from crmkit_web.openapi import served as openapi_served
from crmkit_web.records import batch, external, listing, single
from crmkit_web.searching import everything
from crmkit_web.segments import groups
from crmkit_web.serving.endpoints import Endpoint
from crmkit_web.surveys import endpoints as survey_endpoints
from crmkit_web.webhooks import endpoints as webhook_endpoints
from crmkit_web.work import bulk as work_bulk
from crmkit_web.work import exports as work_exports
from crmkit_web.work import imports as work_imports
from crmkit_web.work import jobs as work_jobs

if TYPE_CHECKING:
    from crmkit_web.serving.site import Site

ROOMS: tuple[Callable[[Site], Iterator[Endpoint]], ...] = (
    session_addresses.endpoints,
    token_addresses.endpoints,
    password_addresses.endpoints,
    provider_addresses.endpoints,
    listing.endpoints,
    single.endpoints,
    external.endpoints,
    batch.endpoints,
    customer_endpoints.endpoints,
    history_endpoints.endpoints,
    stages.endpoints,
    survey_endpoints.endpoints,
    explaining.endpoints,
    handover_endpoints.endpoints,
    attachment_endpoints.endpoints,
    groups.endpoints,
    feed.endpoints,
    everything.endpoints,
    metadata_endpoints.endpoints,
    extension_endpoints.endpoints,
    openapi_served.endpoints,
    webhook_endpoints.endpoints,
    work_imports.endpoints,
    work_exports.endpoints,
    work_bulk.endpoints,
    work_jobs.endpoints,
)
"""The rooms with addresses of their own; the order is that of the reference."""


def all_endpoints(site: Site) -> tuple[Endpoint, ...]:
    """Return every endpoint of a site."""
    return tuple(endpoint for room in ROOMS for endpoint in room(site))
