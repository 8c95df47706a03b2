"""A look at a segment, or at a filter that is none yet: the first records, and why each is in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmkit.core.entity import EntityInfo
from crmkit.core.errors import FieldError, ValidationFailed, did_you_mean
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg
from crmkit.hosting import read_input
from crmkit_web.documents.plain import plain
from crmkit_web.segments.addressed import of_segments, segment_of
from crmkit_web.serving.calls import Call
from crmkit_web.serving.endpoints import Endpoint, Parameter

if TYPE_CHECKING:
    from crmkit_web.serving.site import Site

MOST_SHOWN = 200


@frozen
class PreviewRequest:
    """A ``filter`` on records of ``entity``, and the columns to show: by default the one that records are known by."""

    filter: str = ""
    entity: str = "customer"
    columns: tuple[str, ...] = ()
    limit: int = 10


@frozen
class Reason:
    """A condition of the filter that a record meets, and what the record has."""

    condition: str
    value: Any


@frozen
class PreviewRow:
    """A record, its values in the columns, and why it matches."""

    id: UUID
    values: tuple[Any, ...]
    reasons: tuple[Reason, ...]


@frozen
class SegmentPreview:
    """The first records that match; ``more`` says that there are others."""

    columns: tuple[str, ...]
    rows: tuple[PreviewRow, ...]
    more: bool


def endpoints(site: Site) -> Iterator[Endpoint]:
    """Yield the endpoints of this module."""
    yield Endpoint(
        "preview_segment",
        "POST",
        "/{entity}/preview",
        preview,
        msg("Return the first records that a filter would put into a segment, and why."),
        tag="segments",
        body={
            "type": "object",
            "properties": {
                "filter": {"type": "string", "format": "crmkit-filter"},
                "entity": {"type": "string", "enum": sorted(info.name for info in site.entities.values())},
                "columns": {"type": "array", "items": {"type": "string"}},
                "limit": {"type": "integer", "minimum": 1, "maximum": MOST_SHOWN},
            },
            "additionalProperties": False,
        },
        returns=SegmentPreview,
        reads=True,
        entities=of_segments,
    )
    yield Endpoint(
        "explain_members",
        "GET",
        "/{entity}/{id}/preview",
        explain,
        msg("Return the first records of a segment, and why each is in it."),
        tag="segments",
        query=(
            Parameter("columns", msg("The fields to show, separated by commas."), kind="words", default=()),
            Parameter("limit", msg("How many records."), kind="integer", default=10, minimum=1, maximum=200),
        ),
        returns=SegmentPreview,
        reads=True,
        entities=of_segments,
    )


def preview(call: Call) -> SegmentPreview:
    """Answer who a filter would find."""
    _addressed(call)
    asked = read_input(PreviewRequest, call.mapping())
    served = {info.name: info for info in call.site.entities.values()}
    errors: list[FieldError] = []
    if asked.entity not in served:
        errors.append(FieldError("/entity", "unknown", asked.entity, msg("the name of an entity")))
    else:
        known = served[asked.entity].by_name
        errors += [
            FieldError(f"/columns/{at}", "unknown_field", name, did_you_mean(name[:100], known))
            for at, name in enumerate(asked.columns)
            if name not in known
        ]
    if not 1 <= asked.limit <= MOST_SHOWN:
        expected = msg("a whole number from {low} to {high}", low=1, high=MOST_SHOWN)
        errors.append(FieldError("/limit", "range", asked.limit, expected))
    if errors:
        raise ValidationFailed(errors)
    found = call.ctx.services.preview_segment(
        filter=asked.filter, entity=asked.entity, columns=asked.columns, limit=asked.limit
    )
    return _preview(found)


def explain(call: Call) -> SegmentPreview:
    """Answer the first members, and why they are."""
    segment = segment_of(call)
    found = call.ctx.services.preview_segment(segment, columns=call.query["columns"], limit=call.query["limit"])
    return _preview(found)


def _addressed(call: Call) -> EntityInfo:
    """Return the entity that the address names; raises Problem 404 where that is none of segments."""
    return call.entity


def _preview(found: Any) -> SegmentPreview:
    return SegmentPreview(
        found.columns,
        tuple(
            PreviewRow(
                row.record.id,
                tuple(plain(value) for value in row.values),
                tuple(Reason(one.condition, plain(one.value)) for one in row.reasons),
            )
            for row in found.rows
        ),
        found.more,
    )
