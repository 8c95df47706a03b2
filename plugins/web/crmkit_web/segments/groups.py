"""Segments: who is in them, why, how many; lists that people fill by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmkit.core.errors import FieldError, ValidationFailed
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg
from crmkit.hosting import read_input
from crmkit_web.documents.records import documents, form_of
from crmkit_web.openapi.patterns import FILLED
from crmkit_web.segments import previewing
from crmkit_web.segments.addressed import of_segments, segment_of
from crmkit_web.serving.calls import Call, Reply
from crmkit_web.serving.endpoints import Endpoint, Parameter
from crmkit_web.serving.problems import Problem

if TYPE_CHECKING:
    from crmkit_web.serving.site import Site

MOST = 1_000


@frozen
class MemberIds:
    """The ids of records to put on a list, or to take off it."""

    ids: tuple[UUID, ...]


@frozen
class MembersChanged:
    """How many records were put on the list or taken off it; those that were there (or not) already do not count."""

    changed: int
    count: int


@frozen
class SegmentCount:
    """How many records of a segment you may see."""

    count: int


@frozen
class FreezeRequest:
    """What the frozen list is to be called."""

    name: str


_IDS = {
    "type": "object",
    "required": ["ids"],
    "properties": {
        "ids": {"type": "array", "items": {"type": "string", "format": "uuid"}, "minItems": 1, "maxItems": MOST}
    },
    "additionalProperties": False,
}
_NAME = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": FILLED}},
    "additionalProperties": False,
}
_MEMBERS = {
    "type": "object",
    "required": ["entity", "items", "next"],
    "properties": {
        "entity": {"type": "string", "description": "The entity of the records."},
        "items": {"type": "array", "items": {"type": "object", "required": ["id", "version"]}},
        "next": {"type": ["string", "null"], "description": "The cursor of the next page."},
    },
}


def endpoints(site: Site) -> Iterator[Endpoint]:
    """Yield the endpoints of this room."""
    yield from previewing.endpoints(site)
    yield Endpoint(
        "list_members",
        "GET",
        "/{entity}/{id}/members",
        members,
        msg("Return a page of the records in a segment that you may see, as it is at this moment."),
        tag="segments",
        query=(
            Parameter("limit", msg("Records of a page."), kind="integer", default=50, minimum=1, maximum=1_000),
            Parameter("cursor", msg("Where to go on: next of the page before."), kind="id"),
            Parameter("fields", msg("Only these fields, separated by commas."), kind="words", default=()),
        ),
        returns=_MEMBERS,
        reads=True,
        entities=of_segments,
    )
    yield Endpoint(
        "count_members",
        "GET",
        "/{entity}/{id}/count",
        count,
        msg("Return how many records of a segment you may see."),
        tag="segments",
        returns=SegmentCount,
        reads=True,
        entities=of_segments,
    )
    for id, path, answer, summary in (
        ("add_members", "members", add, msg("Put records on a frozen list.")),
        ("remove_members", "members/remove", remove, msg("Take records off a frozen list.")),
    ):
        yield Endpoint(
            id,
            "POST",
            f"/{{entity}}/{{id}}/{path}",
            answer,
            summary,
            tag="segments",
            body=_IDS,
            returns=MembersChanged,
            entities=of_segments,
        )
    yield Endpoint(
        "freeze_segment",
        "POST",
        "/{entity}/{id}/freeze",
        freeze,
        msg("Make a frozen list of the records in a segment that you may see."),
        tag="segments",
        body=_NAME,
        returns="record",
        status=201,
        entities=of_segments,
    )


def members(call: Call) -> dict[str, Any]:
    """Answer a page of members."""
    segment = segment_of(call)
    page = call.ctx.services.segment_members(segment, after=call.query["cursor"], limit=call.query["limit"])
    info = call.session.entity(segment.entity)
    return {
        "entity": info.name,
        "items": documents(call.session, info, page.records, call.query["fields"]),
        "next": None if page.next is None else str(page.next),
    }


def count(call: Call) -> SegmentCount:
    """Answer how many members there are."""
    segment = segment_of(call)
    return SegmentCount(call.ctx.services.count_segment(segment))


def add(call: Call) -> MembersChanged:
    """Put records on a list."""
    segment, ids = _listed(call)
    try:
        changed = call.ctx.services.add_to_segment(segment, ids)
        call.session.flush()
    except ValidationFailed as error:
        raise ValidationFailed([_placed(one, ids) for one in error.errors]) from None
    return MembersChanged(changed, call.ctx.services.count_segment(segment))


def remove(call: Call) -> MembersChanged:
    """Take records off a list."""
    segment, ids = _listed(call)
    changed = call.ctx.services.remove_from_segment(segment, ids)
    return MembersChanged(changed, call.ctx.services.count_segment(segment))


def freeze(call: Call) -> Reply:
    """Make a frozen list and answer it."""
    info = call.entity
    asked = read_input(FreezeRequest, call.mapping())
    segment = segment_of(call)
    made = call.ctx.services.freeze_segment(segment, asked.name)
    call.session.flush()
    stored = call.session.get(info.cls, made.id)
    headers = {"location": f"/api/v1/{info.plural}/{stored.id}", "etag": f'"{stored.version}"'}
    return Reply(form_of(call.session, info)(stored), 201, headers)


def _listed(call: Call) -> tuple[Any, tuple[UUID, ...]]:
    asked = read_input(MemberIds, call.mapping())
    if not 1 <= len(asked.ids) <= MOST:
        raise ValidationFailed([FieldError("/ids", "length", None, msg("1 to {count} ids", count=MOST))])
    found = segment_of(call)
    if found.kind != "frozen":
        raise Problem(
            409, "no_list", msg("{name} is no frozen list; who is in it follows from its filter", name=found.name)
        )
    return found, asked.ids


def _placed(error: FieldError, ids: tuple[UUID, ...]) -> FieldError:
    """Return an error of a member with the place of its id in the body."""
    if error.path != "segment_member.record_id" or error.value not in ids:
        return error
    return FieldError(f"/ids/{ids.index(error.value)}", error.code, error.value, error.expected)
