"""From when until when a record counts: its fields ``valid_from`` and ``valid_until``, both days included."""

from __future__ import annotations

from datetime import date
from typing import Any


def valid_on(record: Any, day: date) -> bool:
    """Whether a record counts on a day; without a beginning or end it always has, or always will."""
    begun = record.valid_from is None or record.valid_from <= day
    return begun and (record.valid_until is None or day <= record.valid_until)
