"""Who changed what in a record, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmkit.core.entity import EntityInfo
from crmkit.core.errors import FieldError
from crmkit.core.field_rights import MASKED
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg
from crmkit_web.documents.plain import plain
from crmkit_web.serving.calls import Call
from crmkit_web.serving.endpoints import Endpoint, Parameter
from crmkit_web.serving.problems import Problem

if TYPE_CHECKING:
    from crmkit_web.serving.site import Site


@frozen
class FieldChange:
    """What one field held before and after. ``hidden``: whoever asks may not read it, so the values are left out."""

    field: str
    label: str
    before: Any
    after: Any
    hidden: bool


@frozen
class HistoryEntry:
    """One change of a record: when, by whom, on whose behalf, through which plugin, because of what.

    ``who`` and ``on_behalf`` are logins, empty for the system. ``erased``: the values were taken out of the log.
    """

    id: UUID
    occurred_at: datetime
    action: str
    version: int
    who: str
    on_behalf: str
    plugin: str
    cause: str
    cause_id: UUID | None
    changes: tuple[FieldChange, ...]
    erased: bool


@frozen
class HistoryPage:
    """Changes, the newest first; ``next`` is the cursor of the page behind this one, null on the last."""

    items: tuple[HistoryEntry, ...]
    next: str | None


def endpoints(site: Site) -> Iterator[Endpoint]:
    """Yield the endpoint of this module."""
    yield Endpoint(
        "get_history",
        "GET",
        "/{entity}/{id}/history",
        history,
        msg("Return who changed what in a record, the newest change first. Deleted records have their history, too."),
        tag="history",
        query=(
            Parameter("since", msg("Changes from this instant on."), kind="instant"),
            Parameter("until", msg("Changes up to this instant, included."), kind="instant"),
            Parameter("limit", msg("Changes of a page."), kind="integer", default=50, minimum=1, maximum=500),
            Parameter("cursor", msg("Where to go on: next of the page before."), max_length=100),
        ),
        returns=HistoryPage,
        reads=True,
        entities=kept_in_history,
    )


def kept_in_history(info: EntityInfo) -> bool:
    """Whether the changes of an entity's records are kept in the audit log."""
    return info.editable


def history(call: Call) -> HistoryPage:
    """Answer a page of a record's changes."""
    info, query = call.entity, call.query
    limit = query["limit"]
    found = call.ctx.services.changes(
        info.cls,
        call.path["id"],
        since=query["since"],
        until=query["until"],
        limit=limit + 1,
        before=_place(query["cursor"]) if query["cursor"] else None,
    )
    page = found[:limit]
    return HistoryPage(
        tuple(_entry(call, info, one) for one in page),
        f"{page[-1].version}.{page[-1].id.hex}" if len(found) > limit else None,
    )


def _place(cursor: str) -> tuple[int, UUID]:
    version, _, id = cursor.partition(".")
    try:
        if not (version.isascii() and version.isdigit() and len(version) < 10 and len(id) == 32):
            raise ValueError(cursor)
        return int(version), UUID(id)
    except ValueError:
        wrong = FieldError("/query/cursor", "bad_cursor", cursor, msg("next of the page before"))
        raise Problem(400, "bad_cursor", msg("the cursor is none of this list"), errors=[wrong]) from None


def _entry(call: Call, info: EntityInfo, entry: Any) -> HistoryEntry:
    return HistoryEntry(
        id=entry.id,
        occurred_at=entry.occurred_at,
        action=entry.action,
        version=entry.version,
        who=entry.who,
        on_behalf=entry.on_behalf,
        plugin=entry.plugin,
        cause=entry.cause,
        cause_id=entry.cause_id,
        changes=tuple(_change(call, info, one) for one in entry.fields),
        erased=entry.erased,
    )


def _change(call: Call, info: EntityInfo, change: Any) -> FieldChange:
    hidden = change.before is MASKED or change.after is MASKED
    known = info.by_name.get(change.name)
    return FieldChange(
        field=change.name,
        label=call.translate(known.label) if known is not None else change.name,
        before=None if hidden else plain(change.before),
        after=None if hidden else plain(change.after),
        hidden=hidden,
    )
