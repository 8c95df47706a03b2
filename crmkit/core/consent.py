"""Consent: append-only facts about what a customer allowed, denied or withdrew."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from crmkit.core.entity import Part, Via, entity, field


@entity("consent", access=Via("customer_id"), title="purpose", indexes=(("customer_id", "effective_at"),))
class Consent(Part):
    """One statement of a customer. Statements are added, never changed; the most specific one decides."""

    customer_id: UUID = field(reference="customer", merge="keep_both", erase="tombstone")
    purpose: str = field(max_length=100)
    channel: str = field(default="", max_length=50, help="Empty for all channels")
    contact_point_id: UUID | None = field(default=None, reference="contact_point")
    decision: Literal["granted", "denied", "withdrawn"] = field()
    legal_basis: str = field(default="", max_length=100)
    evidence: str = field(default="", max_length=10_000, sensitivity="personal")
    effective_at: datetime = field()
