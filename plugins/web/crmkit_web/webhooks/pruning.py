"""Letting old deliveries go."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from crmkit_web.webhooks.entities import Delivery

KEPT = timedelta(days=30)
"""How long the log keeps an attempt."""


def prune(ctx: Any) -> int:
    """Take attempts out of the log that are older than ``KEPT``; returns how many."""
    with ctx.elevated("old deliveries are nobody's to keep"):
        count: int = ctx.services.forget_log(Delivery, "attempted_at", ctx.clock.now() - KEPT)
    return count
