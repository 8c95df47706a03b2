"""Lifecycles: definitions with stages, the track of a record through them, and a customer's relationship."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from crmkit.core.entity import EMPTY, Own, Part, Record, Via, entity, field


@entity("lifecycle", title="label", unique=(("name", "revision"),))
class Lifecycle(Record):
    """A versioned definition of stages and rules. ``definition`` holds the stages with their category, in order."""

    name: str = field(max_length=100)
    revision: int = field(default=1, minimum=1)
    label: str = field(default="")
    entity: str = field(max_length=100)
    definition: Mapping[str, Any] = field(default=EMPTY)
    active: bool = field(default=True)


@entity(
    "relationship",
    access=(Via("customer_id"), Own()),
    title="line_of_business",
    unique=(("customer_id", "line_of_business"),),
)
class Relationship(Record):
    """What a customer and one line of business are to each other. Its track is the customer's lifecycle."""

    customer_id: UUID = field(reference="customer", merge="union", erase="tombstone")
    line_of_business: str = field(default="default", max_length=100, erase="keep")
    since: date | None = field(default=None)


@entity("stage_track", title="stage", unique=(("lifecycle_id", "entity", "record_id"),), indexes=(("record_id",),))
class StageTrack(Record):
    """Where a record stands in a lifecycle. ``stage`` is a checked projection of the transitions, never set by hand."""

    lifecycle_id: UUID = field(reference="lifecycle")
    entity: str = field(max_length=100, erase="keep")
    record_id: UUID = field(label="Record", erase="tombstone")
    stage: str = field(max_length=100, erase="keep")
    category: str = field(default="", max_length=50, erase="keep")
    entered_at: datetime = field()


@entity("stage_transition", access=Via("track_id"), title="to_stage", indexes=(("track_id", "occurred_at"),))
class StageTransition(Part):
    """One step of a track: who or which rule moved it, why and when. Transitions are added, never changed."""

    track_id: UUID = field(reference="stage_track")
    from_stage: str = field(default="", max_length=100, erase="keep")
    to_stage: str = field(max_length=100, erase="keep")
    occurred_at: datetime = field()
    reason: str = field(default="", max_length=1_000, sensitivity="personal")
    rule: str = field(default="", max_length=100, erase="keep")
    cause: Literal["user", "rule", "import", "plugin"] = field(default="user")


DEFAULT_STAGES: tuple[tuple[str, str], ...] = (
    ("prospect", "open"),
    ("interested", "open"),
    ("customer", "active"),
    ("at_risk", "active"),
    ("lost", "ended"),
    ("won_back", "active"),
)
"""Stage names and categories of the customer lifecycle that an installation starts with."""
