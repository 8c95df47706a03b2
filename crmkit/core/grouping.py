"""Ways to group records: segments (a saved filter or a frozen list) and tags."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from crmkit.core.entity import Part, Record, Via, entity, field


@entity("segment", unique=(("name",),))
class Segment(Record):
    """A named set of records: everything that matches ``filter``, or a frozen list of members.

    A ``watched`` saved filter has members as well: those who matched when it was refreshed last. So everybody learns who
    joins and who leaves. Its days and hours are those of ``timezone``.
    """

    name: str = field()
    entity: str = field(default="customer", max_length=100)
    kind: Literal["filter", "frozen"] = field(default="filter")
    filter: str = field(default="", max_length=10_000, help="Empty: every record")
    watched: bool = field(default=False, help="Who joins and who leaves is kept and told")
    timezone: str = field(default="", format="timezone", label="Time zone", help="Of a watched segment; else UTC")
    description: str = field(default="", max_length=2_000)


@entity("segment_member", access=Via("segment_id"), title="record_id", unique=(("segment_id", "record_id"),))
class SegmentMember(Part):
    """One record in a frozen or watched segment, from when it joined until it left: then it is deleted."""

    segment_id: UUID = field(reference="segment")
    entity: str = field(default="", required=True, max_length=100, erase="keep", help="Filled from the segment")
    record_id: UUID = field(label="Record", indexed=True, merge="union", erase="delete")


@entity("tag", unique=(("name",),))
class Tag(Record):
    """A word that people put on records."""

    name: str = field(max_length=100)
    colour: str = field(default="", max_length=20)


@entity("tagging", access=Via("tag_id"), title="entity", unique=(("tag_id", "entity", "record_id"),))
class Tagging(Part):
    """A tag on a record."""

    tag_id: UUID = field(reference="tag")
    entity: str = field(max_length=100, erase="keep")
    record_id: UUID = field(label="Record", indexed=True, merge="union", erase="delete")
