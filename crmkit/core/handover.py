"""Hand-overs: a departing user's records pass to heirs, in batches that say what moved, so that it can be undone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from crmkit.core.entity import EMPTY, Part, Record, Via, entity, field


@entity("handover", label="Hand-over", plural_label="Hand-overs", title="user_id", indexes=(("user_id",),))
class HandOver(Record):
    """Everything that a departing user owns passes to heirs by rules; it can be gone on with and undone.

    ``user_state`` is the user's state before. ``ended`` holds before-images of what ended with it: shares, delegations,
    superiors.
    """

    user_id: UUID = field(reference="user")
    state: Literal["running", "finished", "undoing", "undone"] = field(default="running")
    user_state: Literal["active", "frozen", "departed"] = field(default="active")
    rules: Mapping[str, Any] = field(default=EMPTY)
    note: str = field(default="", max_length=2_000)
    ended: tuple[Mapping[str, Any], ...] = field(default=(), audited=False)
    finished_at: datetime | None = field(default=None)
    undone_at: datetime | None = field(default=None)


@entity(
    "handover_batch",
    plural="handover_batches",
    plural_label="Hand-over batches",
    access=Via("handover_id"),
    title="position",
    unique=(("handover_id", "position"),),
)
class HandOverBatch(Part):
    """Records that pass to heirs in one transaction: those to move while it is waiting, those that moved once it is done.

    Each item of ``moves`` has entity, field, heir, the team before and after, and the ids of records; ``left`` names
    records that could not be moved, each with the reason.
    """

    handover_id: UUID = field(reference="handover")
    position: int = field(minimum=1)
    state: Literal["waiting", "done", "undone", "cancelled"] = field(default="waiting")
    size: int = field(default=0, minimum=0, help="Records that move, or moved")
    moves: tuple[Mapping[str, Any], ...] = field(default=(), audited=False)
    left: tuple[Mapping[str, Any], ...] = field(default=(), audited=False)
