"""Who may read a calendar without signing in: whoever has the token."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from crmkit.plugin import Record, entity, field


@entity("sfa_calendar_feed", label="Calendar feed", plugin="sfa", unique=(("token_hash",),))
class CalendarFeed(Record):
    """A private address of a user's calendar. Only a digest of its token is kept; a revoked one opens nothing."""

    user_id: UUID | None = field(default=None, reference="user", label="Whose calendar")
    name: str = field(default="", max_length=200, help="What it is for, such as the telephone.")
    token_hash: str = field(max_length=64, audited=False, label="Digest of the token")
    revoked_at: datetime | None = field(default=None)


CALENDAR_ENTITIES = (CalendarFeed,)
