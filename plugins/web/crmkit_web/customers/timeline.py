"""Timelines: what happened with a customer, or with any other record, the newest first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from crmkit.core.entity import EntityInfo
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg
from crmkit_web.customers.consent import of_customers
from crmkit_web.documents.failures import Failure, failure
from crmkit_web.documents.plain import plain
from crmkit_web.serving.calls import Call
from crmkit_web.serving.endpoints import Endpoint, Parameter

DIRECTIONS = ("inbound", "outbound", "internal")


@frozen
class TimelineEntry:
    """One entry: an interaction (``source`` is empty), or what a plugin knows. ``entity`` and ``record_id`` lead on."""

    at: datetime
    kind: str
    title: str
    text: str
    source: str
    key: str
    direction: str
    status: str
    channel: str
    outcome: str
    money: dict[str, str] | None
    customer_id: UUID | None
    role: str
    address: str
    entity: str
    record_id: UUID | None
    thread_id: UUID | None
    supersedes_id: UUID | None
    data: dict[str, Any]


@frozen
class TimelinePage:
    """Entries, the newest first; ``next`` is the cursor of the page behind this one, null on the last."""

    items: tuple[TimelineEntry, ...]
    next: str | None
    errors: tuple[Failure, ...]


def endpoints(fits: Callable[[EntityInfo], bool]) -> Iterator[Endpoint]:
    """Yield the endpoint of this module, for the entities whose records have a timeline."""
    yield Endpoint(
        "get_timeline",
        "GET",
        "/{entity}/{id}/timeline",
        timeline,
        msg("Return what happened with a record, the newest first: interactions, and what plugins know."),
        tag="timeline",
        query=(
            Parameter(
                "kinds", msg("Only these kinds, separated by commas, as in call,email."), kind="words", default=()
            ),
            Parameter("channel", msg("Only what came by this channel."), default="", max_length=100),
            Parameter("direction", msg("Only what went this way."), default="", choices=DIRECTIONS),
            Parameter("since", msg("Entries from this instant on."), kind="instant"),
            Parameter("until", msg("Entries up to this instant, included."), kind="instant"),
            Parameter(
                "filter",
                msg("Only interactions that match this filter; entries of plugins are left out."),
                default="",
                entities=of_customers,
            ),
            Parameter(
                "people",
                msg("Of a customer: with the members of a household, or the people of an organization."),
                kind="boolean",
                default=False,
                entities=of_customers,
            ),
            Parameter(
                "former",
                msg("Of a customer: with what was corrected since."),
                kind="boolean",
                default=False,
                entities=of_customers,
            ),
            Parameter("limit", msg("Entries of a page."), kind="integer", default=50, minimum=1, maximum=1_000),
            Parameter("cursor", msg("Where to go on: next of the page before."), default="", max_length=1_000),
        ),
        returns=TimelinePage,
        reads=True,
        entities=fits,
    )


def timeline(call: Call) -> TimelinePage:
    """Answer a page of a record's timeline."""
    query = call.query
    found = call.ctx.services.record_timeline(
        call.entity.cls,
        call.path["id"],
        where=query["filter"],
        **{
            name: query[name]
            for name in ("kinds", "channel", "direction", "since", "until", "people", "former", "limit", "cursor")
        },
    )
    errors = tuple(failure(one, call.translate) for one in found.errors)
    return TimelinePage(tuple(_entry(one) for one in found.entries), found.cursor or None, errors)


def _entry(one: Any) -> TimelineEntry:
    return TimelineEntry(
        at=one.at,
        kind=one.kind,
        title=one.title,
        text=one.text,
        source=one.source,
        key=one.key or str(one.record_id or ""),
        direction=one.direction,
        status=one.status,
        channel=one.channel,
        outcome=one.outcome,
        money=plain(one.money),
        customer_id=one.customer_id,
        role=one.role,
        address=one.address,
        entity=one.entity,
        record_id=one.record_id,
        thread_id=one.thread_id,
        supersedes_id=one.supersedes_id,
        data=plain(one.data),
    )
