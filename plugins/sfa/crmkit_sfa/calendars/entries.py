"""What a calendar file says of an activity, before it is one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from crmkit.core.frozen import frozen
from crmkit.plugin import Message, msg
from crmkit_sfa.activities.entities import ParticipantRole, Response


@frozen
class Problem:
    """What is wrong with a file: the component (with its UID, as far as it has one), the property and what was expected."""

    component: str
    property: str
    reason: Message

    def message(self) -> Message:
        """Return it as one sentence."""
        return msg(
            "{component}: {property}: {reason}",
            component=self.component,
            property=self.property or "-",
            reason=self.reason,
        )


class Unreadable(Exception):
    """A property that cannot be taken; the message says what was expected."""

    def __init__(self, property: str, reason: Message) -> None:
        super().__init__(str(reason))
        self.property, self.reason = property, reason


@frozen(kw_only=True)
class Attendee:
    """Somebody who takes part, as the file says."""

    address: str
    name: str = ""
    role: ParticipantRole = "required"
    response: Response = "needs-action"
    parameters: str = ""


@frozen(kw_only=True)
class Alarm:
    """A reminder, as the file says; ``text`` is the whole VALARM."""

    minutes_before: int = 0
    before_end: bool = False
    at: datetime | None = None
    summary: str = ""
    text: str = ""


@frozen(kw_only=True)
class CalendarEntry:
    """An event or a to-do. ``values`` are fields of the activity; ``recurrence`` is the RECURRENCE-ID, if it has one."""

    component: str
    uid: str
    values: Mapping[str, Any]
    kind: str = ""
    recurrence: date | datetime | None = None
    sequence: int = 0
    stamped_at: datetime | None = None
    organizer: str = ""
    attendees: tuple[Attendee, ...] = ()
    alarms: tuple[Alarm, ...] = ()


@frozen(kw_only=True)
class CalendarFile:
    """What was read of a file: entries, what is wrong, and how many components of other kinds it has."""

    entries: tuple[CalendarEntry, ...] = ()
    problems: tuple[Problem, ...] = ()
    ignored: Mapping[str, int] = {}
    method: str = ""
