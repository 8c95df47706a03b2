"""What the plugin keeps of activities. Instants are UTC, whole days are civil dates, repetitions follow RFC 5545."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from crmkit.plugin import Own, Part, Record, Via, entity, field

ACTIVITY = "sfa_activity"
ActivityKind = Literal["task", "call", "meeting", "visit"]
ActivityStatus = Literal["planned", "done", "cancelled", "missed"]
ParticipantRole = Literal["required", "optional", "chair", "information"]
Response = Literal["needs-action", "accepted", "declined", "tentative", "delegated"]


@entity(
    ACTIVITY,
    label="Activity",
    plural="sfa_activities",
    plural_label="Activities",
    plugin="sfa",
    over="status in (done, cancelled, missed)",
    credited=True,
    title="subject",
    access=(Own(), Via("customer_id"), Via("opportunity_id"), Via("lead_id")),
    unique=(("series_id", "occurrence"), ("calendar_id", "uid", "occurrence")),
    indexes=(
        ("owner_id", "status", "starts_at"),
        ("opportunity_id", "status"),
        ("customer_id",),
        ("lead_id", "status"),
        ("record_id",),
        ("uid",),
    ),
)
class Activity(Record):
    """Something that somebody does or did: a task, a call, a meeting or a visit.

    It has a time, whole days or a due date, or none yet. One that repeats is a series; an occurrence that differs from
    its series, or is done, is an activity of its own with ``series_id`` and the ``occurrence`` that it stands for.
    """

    kind: ActivityKind = field(default="task")
    subject: str = field(max_length=500, searchable=True, sensitivity="personal")
    description: str = field(default="", max_length=100_000, searchable=True, sensitivity="personal")
    status: ActivityStatus = field(default="planned")
    priority: int = field(default=0, minimum=0, help="From 1, the highest, to 9; 5 is normal, 0 is none.")
    visibility: Literal["shared", "private"] = field(default="shared")
    starts_at: datetime | None = field(default=None, label="Starts at")
    ends_at: datetime | None = field(default=None, label="Ends at")
    starts_on: date | None = field(default=None, label="From", help="The first of whole days.")
    ends_on: date | None = field(default=None, label="To", help="The last of whole days, included.")
    due_on: date | None = field(default=None, label="Due on")
    due_at: datetime | None = field(default=None, label="Due at")
    timezone: str = field(
        default="", erase="keep", max_length=200, label="Time zone", help="Where its local time is kept."
    )
    floating: bool = field(default=False, help="Whether its local time counts wherever one is.")
    zone_definition: str = field(
        default="", erase="keep", max_length=100_000, audited=False, label="Definition of the time zone"
    )
    rrule: str = field(
        default="", erase="keep", max_length=2_000, label="Repeats", help="A rule as in FREQ=WEEKLY;BYDAY=MO"
    )
    rdates: tuple[str, ...] = field(default=(), erase="keep", label="Further times")
    exdates: tuple[str, ...] = field(default=(), erase="keep", label="Times left out")
    recurring: bool = field(default=False, help="Whether it repeats; filled in.")
    recurs_until: datetime | None = field(default=None, label="Repeats until", help="Filled in; none: without end.")
    series_id: UUID | None = field(default=None, reference=ACTIVITY, label="Series")
    occurrence: str = field(
        default="", erase="keep", max_length=40, help="Which local start of its series it stands for."
    )
    occurrence_at: datetime | None = field(default=None, help="The same as an instant; filled in.")
    own_participants: bool = field(default=False, help="Whether an occurrence has other participants than its series.")
    own_reminders: bool = field(default=False, help="Whether an occurrence has other reminders than its series.")
    customer_id: UUID | None = field(default=None, reference="customer", merge="repoint", erase="tombstone")
    opportunity_id: UUID | None = field(default=None, reference="sfa_opportunity")
    lead_id: UUID | None = field(default=None, reference="sfa_lead")
    entity: str = field(default="", max_length=100, erase="keep", help="The entity of any other record it is about.")
    record_id: UUID | None = field(default=None, label="Record", erase="tombstone")
    location: str = field(default="", max_length=2_000, sensitivity="personal")
    postal_code: str = field(default="", max_length=30, sensitivity="personal")
    city: str = field(default="", max_length=100, sensitivity="personal")
    latitude: Decimal | None = field(default=None, sensitivity="personal", help="In degrees, from -90 to 90.")
    longitude: Decimal | None = field(default=None, sensitivity="personal", help="In degrees, from -180 to 180.")
    outcome: str = field(default="", max_length=200, sensitivity="personal", help="What came of it.")
    completed_at: datetime | None = field(default=None)
    interaction_id: UUID | None = field(default=None, reference="interaction", help="What completing it logged.")
    follows_id: UUID | None = field(
        default=None, reference=ACTIVITY, label="Follows", help="What it was planned after."
    )
    uid: str = field(default="", erase="keep", max_length=1_000, label="UID", help="What calendars call it; filled in.")
    sequence: int = field(default=0, minimum=0, help="Counts its revisions in calendars.")
    stamped_at: datetime | None = field(default=None, help="When this revision was made.")
    calendar_id: UUID | None = field(default=None, reference="user", label="Taken into the calendar of")
    ical_properties: str = field(
        default="",
        max_length=1_000_000,
        sensitivity="personal",
        audited=False,
        label="Further properties",
        help="What its calendar file said beside.",
    )


@entity(
    "sfa_activity_participant",
    label="Participant",
    plugin="sfa",
    title="address",
    access=Via("activity_id"),
    unique=(("activity_id", "user_id"), ("activity_id", "customer_id")),
    indexes=(("user_id",), ("customer_id",)),
)
class ActivityParticipant(Part):
    """Somebody who takes part: a user, a customer, or whoever has an address."""

    activity_id: UUID = field(reference=ACTIVITY)
    user_id: UUID | None = field(default=None, reference="user", handed_over=True)
    customer_id: UUID | None = field(default=None, reference="customer", merge="union", erase="tombstone")
    address: str = field(default="", max_length=300, sensitivity="personal")
    name: str = field(default="", max_length=300, sensitivity="personal")
    role: ParticipantRole = field(default="required")
    response: Response = field(default="needs-action")
    ical_parameters: str = field(default="", max_length=2_000, sensitivity="personal", audited=False)


@entity(
    "sfa_activity_reminder",
    label="Reminder",
    plugin="sfa",
    title="text",
    access=Via("activity_id"),
    indexes=(("next_at",), ("activity_id",)),
)
class ActivityReminder(Part):
    """When to remind of an activity: so many minutes before it starts (or ends), or at an instant."""

    activity_id: UUID = field(reference=ACTIVITY)
    minutes_before: int = field(default=15, help="Before the start; after it, if negative.")
    before_end: bool = field(default=False, help="Whether the minutes count from the end.")
    at: datetime | None = field(default=None, help="An instant, instead of minutes.")
    text: str = field(default="", max_length=2_000, sensitivity="personal")
    ical_alarm: str = field(default="", max_length=100_000, sensitivity="personal", audited=False)
    settled_until: datetime | None = field(default=None, audited=False, help="Up to when it is dealt with; filled in.")
    next_at: datetime | None = field(default=None, audited=False, help="When it is due next; filled in.")


@entity(
    "sfa_reminder_notice",
    label="Reminder notice",
    plugin="sfa",
    title="subject",
    unique=(("key",),),
    indexes=(("owner_id", "seen_at"), ("reminder_id", "occurrence_at")),
)
class ReminderNotice(Record):
    """A reminder that fired for its owner: once for each activity, occurrence, reminder and user."""

    activity_id: UUID = field(reference=ACTIVITY, erase="delete")
    reminder_id: UUID = field(reference="sfa_activity_reminder")
    occurrence_at: datetime = field(help="When what it reminds of starts.")
    due_at: datetime = field(help="When it should have fired.")
    fired_at: datetime = field()
    late: bool = field(default=False, help="Whether it fired later than it should have.")
    subject: str = field(default="", max_length=500, sensitivity="personal")
    seen_at: datetime | None = field(default=None)
    key: str = field(max_length=200, help="What makes it once.")


ACTIVITY_ENTITIES = (Activity, ActivityParticipant, ActivityReminder, ReminderNotice)
