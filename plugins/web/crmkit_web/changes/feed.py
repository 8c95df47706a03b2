"""The feed of changes: what other systems follow. In order, from any place on, and nothing that one may not see."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmkit.core.entity import EntityInfo
from crmkit.core.errors import BadInput, FieldError
from crmkit.core.frozen import frozen
from crmkit.core.messages import Message, msg
from crmkit_web.documents.plain import plain
from crmkit_web.serving.calls import Call
from crmkit_web.serving.endpoints import Endpoint, Parameter
from crmkit_web.serving.problems import Problem

if TYPE_CHECKING:
    from crmkit_web.serving.site import Site

NOW = "now"


@frozen
class FieldValues:
    """What one field held before and after; before the creation of a record, null."""

    before: Any
    after: Any


@frozen
class ChangeEvent:
    """One change of one record. ``id`` names it for good: whoever gets it twice knows it.

    ``changes`` holds the fields that you may read. ``erased``: the values were taken out of the log.
    """

    id: UUID
    type: str
    entity: str
    record_id: UUID
    version: int
    occurred_at: datetime
    actor_id: UUID | None
    plugin: str
    cause_id: UUID | None
    changes: dict[str, FieldValues]
    erased: bool


@frozen
class ChangeFeed:
    """Changes in the order in which they are to be taken. ``next`` is where to go on, always: keep it.

    ``more`` tells whether there is something to read there at once. A page may be short or empty and yet have more behind
    it, where much happened that you may not see.
    """

    items: tuple[ChangeEvent, ...]
    next: str
    more: bool


def endpoints(site: Site) -> Iterator[Endpoint]:
    """Yield the endpoint of this module."""
    yield Endpoint(
        "list_changes",
        "GET",
        "/changes",
        changes,
        msg("Return what changed in records that you may see, in order, from a place on."),
        tag="changes",
        query=(
            Parameter(
                "since",
                msg("Where to go on: next of the page before, an instant, now; without it, the beginning."),
                default="",
                max_length=100,
            ),
            Parameter(
                "entities",
                msg("Only changes of these entities, separated by commas."),
                kind="words",
                default=(),
                choices=tuple(sorted(info.name for info in site.entities.values())),
            ),
            Parameter("limit", msg("Changes of a page."), kind="integer", default=100, minimum=1, maximum=1_000),
        ),
        returns=ChangeFeed,
        refuses=(410,),
        reads=True,
    )


def changes(call: Call) -> ChangeFeed:
    """Answer a page of the feed."""
    served = {info.name: info for info in call.site.entities.values()}
    wanted = call.query["entities"]
    services = call.ctx.services
    place = _place(call, services)
    try:
        page = services.changes_behind(
            place,
            entities=wanted,
            without=[info.name for info in call.crm.registry if info.name not in served],
            limit=call.query["limit"],
        )
    except BadInput as error:
        if error.code != "unknown_place":
            raise
        raise Problem(
            410, "unknown_place", msg("this place is not in the feed any more; begin anew, or at now")
        ) from None
    return ChangeFeed(
        tuple(_event(served[one.event.entity], one) for one in page.changes), cursor_of(call, page.place), page.more
    )


def cursor_of(call: Call, place: int) -> str:
    """Return a place as a text for programs to hand back; it holds for this tenant alone."""
    return f"{place:x}-{_mark(call, place)}"


def _mark(call: Call, place: int) -> str:
    return hashlib.blake2b(f"{call.actor.tenant_id}:{place}".encode(), digest_size=6).hexdigest()


def _place(call: Call, services: Any) -> int:
    since = call.query["since"]
    if not since:
        return 0
    if since == NOW:
        return int(services.feed_place())
    number, _, mark = since.partition("-")
    if len(mark) == 12 and number.isalnum() and len(number) <= 15:
        try:
            place = int(number, 16)
        except ValueError:
            raise _bad(since) from None
        if mark != _mark(call, place):
            raise _bad(since)
        return place
    try:
        moment = datetime.fromisoformat(since)
        if moment.tzinfo is None:
            raise _bad(since)
        return int(services.feed_place(moment.astimezone(UTC)))
    except (ValueError, OverflowError):
        raise _bad(since) from None


def _bad(since: str) -> Problem:
    expected: Message = msg("next of a page before, an instant as in 2026-01-31T09:30:00Z, or now")
    wrong = FieldError("/query/since", "bad_cursor", since, expected)
    return Problem(400, "bad_cursor", msg("the place in the feed cannot be read"), errors=[wrong])


def _event(info: EntityInfo, one: Any) -> ChangeEvent:
    event = one.event
    return ChangeEvent(
        id=event.id,
        type=event.type,
        entity=event.entity,
        record_id=event.record_id,
        version=one.version,
        occurred_at=event.occurred_at,
        actor_id=event.actor_id,
        plugin=event.plugin,
        cause_id=event.cause_id,
        changes={field.name: FieldValues(plain(field.before), plain(field.after)) for field in one.fields},
        erased=one.erased,
    )
