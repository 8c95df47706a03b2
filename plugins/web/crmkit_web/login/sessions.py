"""Sessions of browsers: begun by logging in, ended by logging out, by time, or by a new password."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from crmkit.core.staff import User
from crmkit.plugin import Context
from crmkit_web.login.digests import digest_of, new_secret
from crmkit_web.login.entities import LoginSession

if TYPE_CHECKING:
    from crmkit_web.serving.calls import Incoming
    from crmkit_web.settings import WebSettings


def begin_session(ctx: Context, user: User, method: str, incoming: Incoming) -> str:
    """Begin a session for a user, always with a secret of its own, and return that."""
    settings: WebSettings = ctx.config
    secret, now = new_secret(), ctx.clock.now()
    ctx.session.add(
        LoginSession(
            user_id=user.id,
            owner_id=user.id,
            digest=digest_of(secret),
            method=method,
            address=incoming.address[:100],
            agent="".join(c for c in incoming.headers.get("user-agent", "") if c.isprintable())[:200],
            expires_at=now + timedelta(minutes=settings.session_longest),
            seen_at=now,
        )
    )
    return secret


def sessions_of(ctx: Context, user_id: UUID) -> list[LoginSession]:
    """Return the sessions of a user that have not ended, the oldest first."""
    now = ctx.clock.now()
    found = ctx.session.list(LoginSession, user_id=user_id)
    return sorted((one for one in found if is_open(one, ctx.config, now)), key=lambda one: one.id)


def is_open(session: LoginSession, settings: WebSettings, now: datetime) -> bool:
    """Whether a session has ended neither by its age nor by idleness."""
    return now < session.expires_at and now < session.seen_at + timedelta(minutes=settings.session_idle)


def end_sessions(ctx: Context, user_id: UUID, *, but: UUID | None = None) -> int:
    """End the sessions of a user, all but one, and return how many there were."""
    ended = [one for one in ctx.session.list(LoginSession, user_id=user_id) if one.id != but]
    ctx.session.delete(*ended)
    return len(ended)


def session_with(ctx: Context, secret: str) -> LoginSession | None:
    """Return the session that a cookie's secret belongs to, whether or not its time is over."""
    return ctx.session.find(LoginSession, digest=digest_of(secret)) if secret else None
