"""What there is to do: a day, a time, what is overdue, open or done. One select each, series expanded as it is read.

Days are those of whoever asks: "today" is the civil date in the user's time zone, and may have 23 or 25 hours.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from crmkit.core.customer import Customer
from crmkit.core.frozen import frozen
from crmkit.plugin import Context, entity_info
from crmkit_sfa.activities.entities import Activity, ActivityParticipant
from crmkit_sfa.activities.occurrences import SLACK, Occurrence, expanded, occurrences, single
from crmkit_sfa.activities.timing import day_bounds
from crmkit_sfa.opportunities.entities import Opportunity

_LEFT_OUT = frozenset({"ical_properties", "custom"})
_FIELDS = tuple(info.name for info in entity_info(Activity).stored if info.name not in _LEFT_OUT)


@frozen
class Entry:
    """One occurrence with the names of whom and what it is about; one without a time has no ``occurrence``."""

    activity: Activity
    occurrence: Occurrence | None = None
    customer: str = ""
    opportunity: str = ""

    @property
    def starts_at(self) -> datetime | None:
        """When it starts, as an instant; of whole days, where the one who asked is."""
        return None if self.occurrence is None else self.occurrence.starts_at


def days(ctx: Context, first: date, last: date, user: UUID | None = None) -> list[Entry]:
    """Return what is on from one day to another, both included, by its start; with ``user``, of that user alone.

    A user's are those that the user owns or takes part in. What was called off is left out.
    """
    zone = ZoneInfo(ctx.timezone)
    begin, end = day_bounds(first, last, zone)
    table = ctx.session.table(Activity)
    rows = _read(ctx, table, user, _overlaps(table, begin, end, first, last) | _stands_in(table, begin, end))
    return rows.entries(one for one in expanded(rows.activities, zone, begin, end) if _counts(one, "planned", "done"))


def today(ctx: Context, user: UUID | None = None) -> list[Entry]:
    """Return what is on on the day that it is where the actor is."""
    return days(ctx, ctx.today(), ctx.today(), user)


def week(ctx: Context, user: UUID | None = None) -> list[Entry]:
    """Return what is on from today on, seven days."""
    return days(ctx, ctx.today(), ctx.today() + timedelta(days=6), user)


def overdue(ctx: Context, user: UUID | None = None) -> list[Entry]:
    """Return what is planned and over, the oldest first.

    Occurrences of series count for the days that the configuration says: nobody ends every daily stand-up by hand.
    """
    zone, now = ZoneInfo(ctx.timezone), ctx.clock.now()
    since = now - timedelta(days=ctx.config.activities.overdue_days)
    table = ctx.session.table(Activity)
    over = (_finishes(table) < now) | (
        sa.func.coalesce(table.c.ends_on, table.c.due_on, table.c.starts_on) < ctx.today()
    )
    alone = ~table.c.recurring & (table.c.status == "planned") & over
    rows = _read(ctx, table, user, alone | _recurs(table, since, now, ctx.today()) | _stands_in(table, since, now))
    found = expanded([a for a in rows.activities if a.recurring or a.series_id], zone, since, now)
    found += [o for a in rows.activities if not a.recurring and (o := single(a, zone)) is not None]
    late = {
        o.record.id if o.detached else (o.record.id, o.key): o
        for o in found
        if o.ends_at <= now and _counts(o, "planned")
    }
    return rows.entries(sorted(late.values(), key=lambda o: (o.starts_at, o.activity.subject)))


def open_(ctx: Context, user: UUID | None = None) -> list[Entry]:
    """Return what is planned, of a series the next occurrence; what has no time yet comes last."""
    zone, now = ZoneInfo(ctx.timezone), ctx.clock.now()
    table = ctx.session.table(Activity)
    series = table.c.recurring & (table.c.recurs_until.is_(None) | (table.c.recurs_until >= now))
    alone = ~table.c.recurring & (table.c.status == "planned") & table.c.series_id.is_(None)
    differs = table.c.series_id.is_not(None) & (table.c.occurrence_at >= now - SLACK)
    rows = _read(ctx, table, user, alone | (series & (table.c.status == "planned")) | differs)
    horizon = now + timedelta(days=366 * ctx.config.activities.look_ahead_years)
    timed, undated = [], []
    for one in rows.activities:
        if one.recurring:
            coming = occurrences(one, rows.activities, zone, now, horizon)
            timed += [o for o in [next((o for o in coming if _counts(o, "planned")), None)] if o is not None]
        elif one.series_id is None:
            alone_ = single(one, zone)
            timed += [alone_] if alone_ is not None else []
            undated += [one] if alone_ is None else []
    found = rows.entries(sorted(timed, key=lambda o: (o.starts_at, o.activity.subject)))
    return [*found, *[rows.entry(one, None) for one in sorted(undated, key=lambda a: a.subject)]]


def done(ctx: Context, first: date, last: date, user: UUID | None = None) -> list[Entry]:
    """Return what was completed from one day to another, both included, the latest first."""
    zone = ZoneInfo(ctx.timezone)
    begin, end = day_bounds(first, last, zone)
    table = ctx.session.table(Activity)
    within = (table.c.status == "done") & (table.c.completed_at >= begin) & (table.c.completed_at < end)
    rows = _read(ctx, table, user, within)
    latest = sorted(rows.activities, key=lambda a: (a.completed_at or begin, a.id), reverse=True)
    return [rows.entry(one, single(one, zone)) for one in latest]


def of_record(ctx: Context, field: str, id: UUID) -> list[Entry]:
    """Return all activities of one customer, opportunity or lead (``field`` names the reference), the latest first."""
    zone = ZoneInfo(ctx.timezone)
    table = ctx.session.table(Activity)
    rows = _read(ctx, table, None, table.c[field] == id)
    found = [rows.entry(one, single(one, zone)) for one in rows.activities]
    lowest = datetime.min.replace(tzinfo=zone)
    return sorted(found, key=lambda e: e.starts_at or lowest, reverse=True)


@frozen
class _Rows:
    activities: list[Activity]
    names: dict[UUID, tuple[str, str]]

    def entry(self, activity: Activity, occurrence: Occurrence | None) -> Entry:
        record = activity if occurrence is None else occurrence.record
        return Entry(activity if occurrence is None else occurrence.activity, occurrence, *self.names[record.id])

    def entries(self, found: Iterable[Occurrence]) -> list[Entry]:
        return [self.entry(one.activity, one) for one in found]


def _read(ctx: Context, table: Any, user: UUID | None, wanted: Any) -> _Rows:
    session: Any = ctx.session
    customer, opportunity = session.table(Customer), session.table(Opportunity)
    hidden = session.hidden(Activity)
    names = [name for name in _FIELDS if name not in hidden or name in ("id", "subject")]
    # What the reader may not see is left at its default.
    shown = [table.c[name] for name in names if name not in hidden]
    named = [
        sa.literal("") if "name" in session.hidden(entity) else other.c.name
        for entity, other in ((Customer, customer), (Opportunity, opportunity))
    ]
    statement = (
        sa.select(*shown, named[0].label("customer_name"), named[1].label("opportunity_name"))
        .select_from(table)
        .outerjoin(customer, customer.c.id == table.c.customer_id)
        .outerjoin(opportunity, opportunity.c.id == table.c.opportunity_id)
        .where(wanted)
        .order_by(table.c.id)
    )
    if user is not None:
        part = session.table(ActivityParticipant)
        taking = sa.select(part.c.activity_id).where(part.c.user_id == user, part.c.response != "declined")
        mine = (table.c.owner_id == user) | table.c.id.in_(taking) | table.c.series_id.in_(taking)
        statement = statement.where(mine)
    activities: list[Activity] = []
    told: dict[UUID, tuple[str, str]] = {}
    for row in session.execute(statement):
        values = dict(row._mapping)
        customer_name, opportunity_name = values.pop("customer_name"), values.pop("opportunity_name")
        for name in ("rdates", "exdates"):
            values[name] = tuple(values.get(name) or ())
        values.setdefault("subject", "")
        activities.append(Activity(**values))
        told[activities[-1].id] = (customer_name or "", opportunity_name or "")
    return _Rows(activities, told)


def _begins(table: Any) -> Any:
    return sa.func.coalesce(table.c.starts_at, table.c.due_at)


def _finishes(table: Any) -> Any:
    return sa.func.coalesce(table.c.ends_at, table.c.due_at, table.c.starts_at)


def _overlaps(table: Any, begin: datetime, end: datetime, first: date, last: date) -> Any:
    """The condition of what is on between two instants, or on one of the days from ``first`` to ``last``."""
    timed = (_begins(table) < end) & (_finishes(table) >= begin)
    first_day = sa.func.coalesce(table.c.starts_on, table.c.due_on)
    whole = (first_day <= last) & (sa.func.coalesce(table.c.ends_on, table.c.due_on, table.c.starts_on) >= first)
    return (~table.c.recurring & (timed | whole)) | _recurs(table, begin, end, last)


def _recurs(table: Any, begin: datetime, end: datetime, last: date) -> Any:
    """The condition of series that may have occurrences between two instants."""
    goes_on = table.c.recurs_until.is_(None) | (table.c.recurs_until >= begin)
    began = (_begins(table) < end) | (sa.func.coalesce(table.c.starts_on, table.c.due_on) <= last + timedelta(days=1))
    return table.c.recurring & goes_on & began


def _stands_in(table: Any, begin: datetime, end: datetime) -> Any:
    """The condition of records that stand for occurrences between two instants, wherever they were moved to."""
    return table.c.occurrence_at.between(begin - SLACK - timedelta(days=31), end + SLACK)


def _counts(one: Occurrence, *statuses: str) -> bool:
    # A series that was called off has no occurrences; what was done of it stays done.
    return one.activity.status in statuses
