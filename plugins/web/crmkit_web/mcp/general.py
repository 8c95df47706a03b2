"""The tools of every installation: search, single records, lists, timelines, and what entities are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from crmkit.core.errors import FieldError, ValidationFailed, did_you_mean
from crmkit.core.messages import Message, msg
from crmkit.hosting import read_input
from crmkit_web.documents.records import documents, form_of
from crmkit_web.mcp.asked import EntityAsked, RecordAsked, RecordsAsked, SearchAsked, TimelineAsked
from crmkit_web.mcp.describing import described, listed
from crmkit_web.mcp.schemas import input_schema
from crmkit_web.mcp.tools import Tool, Work, readable

if TYPE_CHECKING:
    from crmkit.core.access import Actor
    from crmkit.core.entity import EntityInfo
    from crmkit_web.serving.site import Site

ENTRY = (
    *("at", "kind", "title", "text", "direction", "status", "channel", "outcome", "money"),
    *("source", "entity", "record_id", "customer_id", "role", "data"),
)
"""What is told of an entry of a timeline."""


def general_tools() -> Iterator[Tool]:
    """Yield the tools that every installation has."""
    yield _tool(
        "search",
        msg("Search"),
        msg("Find records of any kind by words as people type them, the best first."),
        SearchAsked,
        search,
    )
    yield _tool(
        "get_record",
        msg("Get a record"),
        msg("Return one record by its entity and id."),
        RecordAsked,
        get_record,
    )
    yield _tool(
        "list_records",
        msg("List records"),
        msg("Return a page of the records of an entity that fit a filter, in an order; next leads to the next page."),
        RecordsAsked,
        list_records,
    )
    yield _tool(
        "timeline",
        msg("Timeline"),
        msg("Return what happened with a customer or another record, the newest first: calls, mails, orders, visits."),
        TimelineAsked,
        timeline,
    )
    yield _tool(
        "describe_entity",
        msg("Describe an entity"),
        msg("Return the fields of an entity, as filters, lists and records name them; without one, list the entities."),
        EntityAsked,
        describe_entity,
    )


def _tool(name: str, title: Message, summary: Message, asked: type[Any], run: Callable[[Work, Any], Any]) -> Tool:
    """Return a tool whose arguments are the attributes of a class."""
    return Tool(
        name,
        title,
        summary,
        lambda translate: input_schema(asked, translate),
        lambda work, arguments: run(work, read_input(asked, arguments)),
        offered=_reads_something,
    )


def search(work: Work, asked: SearchAsked) -> dict[str, Any]:
    """Answer the records that fit some words."""
    names = [entity_named(work, name, f"/entities/{at}").name for at, name in enumerate(asked.entities)]
    found = work.ctx.services.search_everywhere(asked.text, names, asked.limit)
    served = readable(work.site, work.actor)
    hits = [
        {
            "entity": hit.entity,
            "id": hit.id,
            "title": hit.title,
            "match": hit.match,
            "field": hit.field,
            "excerpt": hit.excerpt.text,
        }
        for hit in found.hits
        if hit.entity in served
    ]
    others = [
        {
            "entity": one.entity,
            "id": one.record_id,
            "title": one.label,
            "detail": one.detail,
            "address": one.address,
            "source": provided.provider.id,
        }
        for provided in found.provided
        for one in provided.answers
        if not one.entity or one.entity in served
    ]
    failed = [provided.provider.id for provided in found.provided if provided.error is not None]
    return {"hits": hits, "others": others, "failed": failed, "behind": found.behind}


def get_record(work: Work, asked: RecordAsked) -> dict[str, Any]:
    """Answer one record."""
    info = entity_named(work, asked.entity)
    form = form_of(work.session, info, asked.fields)
    return form(work.session.get(info.cls, asked.id))


def list_records(work: Work, asked: RecordsAsked) -> dict[str, Any]:
    """Answer a page of records."""
    info = entity_named(work, asked.entity)
    page = work.session.page(info.cls, asked.filter or None, order=asked.sort, limit=asked.limit, after=asked.cursor)
    answer: dict[str, Any] = {
        "items": documents(work.session, info, page.records, asked.fields),
        "next": page.next or None,
    }
    if asked.count:
        answer["count"] = work.session.count(info.cls, asked.filter or None)
    return answer


def timeline(work: Work, asked: TimelineAsked) -> dict[str, Any]:
    """Answer a page of what happened with a record."""
    info = entity_named(work, asked.entity)
    page = work.ctx.services.record_timeline(info.cls, asked.id, limit=asked.limit, cursor=asked.cursor)
    failed = [error.plugin for error in page.errors]
    return {"entries": [_entry(one) for one in page.entries], "next": page.cursor or None, "failed": failed}


def describe_entity(work: Work, asked: EntityAsked) -> dict[str, Any]:
    """Answer what an entity is made of, or which there are."""
    if not asked.entity:
        return listed(work)
    return described(work, entity_named(work, asked.entity))


def entity_named(work: Work, name: str, pointer: str = "/entity") -> EntityInfo:
    """Return the entity with a name or plural name; raises ValidationFailed with the closest that the caller may read."""
    known = readable(work.site, work.actor)
    info = known.get(name) or next((info for info in known.values() if info.plural == name), None)
    if info is None:
        raise ValidationFailed([FieldError(pointer, "no_such_entity", name, did_you_mean(name[:100], known))])
    return info


def _entry(entry: Any) -> dict[str, Any]:
    """Return an entry of a timeline, without what it does not say."""
    told = {name: getattr(entry, name) for name in ENTRY}
    return {name: value for name, value in told.items() if value not in (None, "", {})}


def _reads_something(site: Site, actor: Actor) -> bool:
    return bool(readable(site, actor))
