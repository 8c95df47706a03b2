"""Letting go of what is over: sessions, log-ins that were never finished, delays, and the log of log-ins."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from crmkit_web.login.entities import LogIn, LoginSession, ProviderFlow, Throttle
from crmkit_web.login.throttling import KNOWN

LOG_KEPT = timedelta(days=180)
"""How long it is known who logged in, or tried to, from where."""

SESSIONS_KEPT = timedelta(days=7)
"""How long sessions stay that have ended by their age."""


def prune(ctx: Any) -> int:
    """Take everything away that is over; returns how many records."""
    now = ctx.clock.now()
    with ctx.elevated("what is over is nobody's to keep"):
        forget = ctx.services.forget_log
        counts = (
            forget(LogIn, "created_at", now - LOG_KEPT),
            forget(LoginSession, "expires_at", now - SESSIONS_KEPT),
            forget(ProviderFlow, "expires_at", now),
            forget(Throttle, "tried_at", now - KNOWN),
        )
    return sum(counts)
