"""A well-behaved neighbour: it listens to everything, changes nothing of others, and keeps one record of its own."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from crmkit.core.entity import Part, Via, entity, field
from crmkit.hooks.kinds import hookimpl
from crmkit.runtime.manifest import Manifest


@entity("bystander_remark", access=Via("customer_id"), title="text", plugin="bystander")
class Remark(Part):
    """What the neighbour keeps of a customer."""

    customer_id: UUID = field(reference="customer", merge="repoint", erase="delete")
    text: str = field(default="", max_length=500)


class Bystander:
    """Takes part in every save without an effect on others."""

    manifest = Manifest(name="bystander", label="Bystander", summary="A neighbour in tests.")

    @hookimpl
    def register_entities(self, ctx: Any, call: Any) -> list[type]:
        return [Remark]

    @hookimpl
    def derive_records(self, ctx: Any, call: Any) -> list[Any]:
        return []

    @hookimpl
    def guard_records(self, ctx: Any, call: Any) -> None:
        return None

    @hookimpl
    def after_records_saved_committed(self, ctx: Any, call: Any) -> None:
        return None

    @hookimpl
    def collect_timeline_entries(self, ctx: Any, call: Any) -> list[Any]:
        return []
