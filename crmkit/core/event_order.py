"""What a subscriber hears of in order although it failed at an event."""

from __future__ import annotations

from typing import Literal

EventOrder = Literal["customer", "record", "none"]
"""All events of a customer, those of a record, or no events at all."""
