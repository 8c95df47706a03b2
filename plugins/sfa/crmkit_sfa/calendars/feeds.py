"""Calendars going out: a user's activities as a file, and feeds that open with a private token."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import UTC, date, datetime
from email.utils import format_datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from crmkit.core.frozen import frozen
from crmkit.core.staff import User
from crmkit.plugin import Context, NotFound, change, msg
from crmkit_sfa.activities.entities import Activity, ActivityParticipant, ActivityReminder
from crmkit_sfa.activities.timing import day_bounds
from crmkit_sfa.calendars.addresses import addresses_of
from crmkit_sfa.calendars.entities import CalendarFeed
from crmkit_sfa.calendars.writing import CalendarContent, written

MEDIA_TYPE = "text/calendar; charset=utf-8"
TOKEN_BYTES = 32


@frozen(kw_only=True)
class Feed:
    """A calendar file with what HTTP says of it; the ``etag`` is that of its content."""

    content: bytes
    etag: str
    last_modified: datetime | None
    count: int

    @property
    def headers(self) -> dict[str, str]:
        """The headers of an answer."""
        told = {"Content-Type": MEDIA_TYPE, "ETag": f'"{self.etag}"', "Cache-Control": "private, no-cache"}
        if self.last_modified is not None:
            told["Last-Modified"] = format_datetime(self.last_modified.astimezone(UTC), usegmt=True)
        return told

    def unchanged(self, if_none_match: str) -> bool:
        """Whether whoever has an ETag already (the header ``If-None-Match``) has this content."""
        known = {part.strip().removeprefix("W/").strip('"') for part in if_none_match.split(",")}
        return "*" in known or self.etag in known


def calendar_feed(
    ctx: Context, user: UUID | None = None, *, first: date | None = None, last: date | None = None, name: str = ""
) -> Feed:
    """Return the activities of a user as a calendar file: those that the user owns or takes part in; all without one.

    ``first`` and ``last`` bound them by day; series that are on within, and what has no time, are among them. Raises
    nothing for a user without activities: the file is empty.
    """
    activities = _activities(ctx, user, first, last)
    ids = [one.id for one in activities]
    session = ctx.session
    participants: Sequence[ActivityParticipant] = session.list(ActivityParticipant, activity_id=ids) if ids else []
    reminders: Sequence[ActivityReminder] = session.list(ActivityReminder, activity_id=ids) if ids else []
    addresses = addresses_of(
        ctx,
        [*[one.owner_id for one in activities], *[p.user_id for p in participants]],
        [p.customer_id for p in participants],
    )
    content = CalendarContent(
        # What goes out passes here: hidden fields are blank.
        [session.masked(one) for one in activities],
        _by_activity(participants),
        _by_activity(reminders),
        addresses,
        {one.id: one for one in activities if one.recurring},
    )
    data = written(content, name)
    parts: list[Any] = [*activities, *participants, *reminders]
    return Feed(
        content=data,
        etag=hashlib.sha256(data).hexdigest()[:32],
        last_modified=max((one.updated_at for one in parts if one.updated_at is not None), default=None),
        count=len(activities),
    )


def make_feed(ctx: Context, user: User, name: str = "") -> tuple[CalendarFeed, str]:
    """Add a feed of a user's calendar and return it with its token, which is told this once and kept by nobody."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    feed = CalendarFeed(user_id=user.id, owner_id=user.id, name=name, token_hash=_digest(token))
    ctx.session.add(feed)
    return feed, token


def revoke_feed(ctx: Context, feed: CalendarFeed) -> CalendarFeed:
    """Let the token of a feed open nothing any more."""
    if feed.revoked_at is not None:
        return feed
    revoked = change(feed, revoked_at=ctx.clock.now())
    ctx.session.update(revoked)
    return revoked


def open_feed(ctx: Context, token: str) -> Feed:
    """Return the calendar that a token opens, whoever asks; raises NotFound for a wrong or revoked one.

    It holds what the user owns or takes part in, as long as the user is active.
    """
    with ctx.elevated("a calendar feed is opened by its token"):
        feed = ctx.session.find(CalendarFeed, token_hash=_digest(token))
        user = ctx.session.find(User, id=feed.user_id) if feed is not None and feed.revoked_at is None else None
        if feed is None or user is None or user.state != "active":
            raise NotFound(msg("no calendar feed opens with this token"))
        return calendar_feed(ctx, user.id, name=feed.name or user.name)


def _activities(ctx: Context, user: UUID | None, first: date | None, last: date | None) -> list[Activity]:
    table = ctx.session.table(Activity)
    statement = sa.select(table.c.id)
    if user is not None:
        part = ctx.session.table(ActivityParticipant)
        taking = sa.select(part.c.activity_id).where(part.c.user_id == user, part.c.response != "declined")
        mine = (table.c.owner_id == user) | table.c.id.in_(taking)
        series = sa.select(table.c.id).where(mine, table.c.recurring)
        statement = statement.where(mine | table.c.series_id.in_(series))
    begins = sa.func.coalesce(table.c.starts_at, table.c.due_at)
    ends = sa.func.coalesce(table.c.ends_at, table.c.due_at, table.c.starts_at)
    begins_on = sa.func.coalesce(table.c.starts_on, table.c.due_on)
    ends_on = sa.func.coalesce(table.c.ends_on, table.c.due_on, table.c.starts_on)
    undated = begins.is_(None) & begins_on.is_(None)
    zone = ZoneInfo(ctx.timezone)
    if first is not None:
        goes_on = table.c.recurring & (
            table.c.recurs_until.is_(None) | (table.c.recurs_until >= day_bounds(first, first, zone)[0])
        )
        late = (ends >= day_bounds(first, first, zone)[0]) | (ends_on >= first)
        statement = statement.where(undated | goes_on | late | table.c.series_id.is_not(None))
    if last is not None:
        early = (begins < day_bounds(last, last, zone)[1]) | (begins_on <= last)
        statement = statement.where(undated | early | table.c.series_id.is_not(None))
    ids = [row.id for row in ctx.session.execute(statement)]
    return list(ctx.session.list(Activity, id=ids)) if ids else []


def _by_activity(parts: Sequence[Any]) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = {}
    for one in sorted(parts, key=lambda part: part.id):
        found.setdefault(one.activity_id, []).append(one)
    return found


def _digest(token: str) -> str:
    return hashlib.sha256(token.strip().encode("utf-8")).hexdigest()
