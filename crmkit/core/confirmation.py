"""Confirmations: somebody looked, and a value is still right."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from crmkit.core.entity import Part, ViaRecord, entity, field


@entity(
    "value_confirmation",
    access=ViaRecord(),
    title="name",
    unique=(("record_id", "entity", "name"),),
)
class ValueConfirmation(Part):
    """What is known of one record in one respect was looked at and found right; the newest one of each is kept.

    ``name`` is that of the expectation, such as ``email`` or ``industry``. ``given_for`` is the record that was looked
    at: a confirmation follows a merge, yet says nothing of the values of the record that stays.
    """

    entity: str = field(max_length=100, erase="keep")
    record_id: UUID = field(label="Record", merge="union", erase="delete")
    name: str = field(max_length=100, erase="keep", label="What was confirmed")
    confirmed_at: datetime = field()
    given_for: UUID = field(label="Given for")
    note: str = field(default="", max_length=500, sensitivity="personal", help="How it was found out")
