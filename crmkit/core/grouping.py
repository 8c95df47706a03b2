"""Ways to group records: segments (a saved filter or a frozen list) and tags."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from crmkit.core.entity import Part, Record, Via, entity, field


@entity("segment", unique=(("name",),))
class Segment(Record):
    """A named set of records: everything that matches ``filter``, or a frozen list of members."""

    name: str = field()
    entity: str = field(default="customer", max_length=100)
    kind: Literal["filter", "frozen"] = field(default="filter")
    filter: str = field(default="", max_length=10_000)
    description: str = field(default="", max_length=2_000)


@entity("segment_member", access=Via("segment_id"), title="record_id", unique=(("segment_id", "record_id"),))
class SegmentMember(Part):
    """One record in a frozen segment."""

    segment_id: UUID = field(reference="segment")
    record_id: UUID = field(label="Record", indexed=True)


@entity("tag", unique=(("name",),))
class Tag(Record):
    """A word that people put on records."""

    name: str = field(max_length=100)
    colour: str = field(default="", max_length=20)


@entity("tagging", access=Via("tag_id"), title="entity", unique=(("tag_id", "entity", "record_id"),))
class Tagging(Part):
    """A tag on a record."""

    tag_id: UUID = field(reference="tag")
    entity: str = field(max_length=100)
    record_id: UUID = field(label="Record", indexed=True)
