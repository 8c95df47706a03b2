"""Participants and reminders that a file brings, against those that are known. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from crmkit.plugin import change
from crmkit_sfa.activities.entities import Activity, ActivityParticipant, ActivityReminder
from crmkit_sfa.calendars.addresses import Addresses, People
from crmkit_sfa.calendars.entries import Alarm, Attendee

GONE = datetime(1970, 1, 1, tzinfo=UTC)
"""Marks what is to be deleted."""


def attendees_written(
    attendees: Sequence[Attendee],
    made: Activity,
    series: Activity | None,
    known: Mapping[UUID, list[Any]],
    addresses: Addresses,
    people: People,
    owner: UUID | None,
) -> tuple[list[ActivityParticipant], bool]:
    """Return the participants to add, change and delete, and whether an occurrence has others than its series."""
    mine: list[ActivityParticipant] = known.get(made.id, [])
    if series is not None and series.id != made.id:
        theirs = known.get(series.id, [])
        if not made.own_participants and _told(attendees) == {_seen(one, addresses) for one in theirs}:
            return [], False
    by_address = {addresses.of(one)[0].casefold(): one for one in mine}
    taken: set[UUID] = set()
    written: list[ActivityParticipant] = []
    for attendee in attendees:
        found = by_address.get(attendee.address.casefold())
        if found is None:
            found = _recognised(attendee, made, people, mine, taken)
            if found.version == 0:
                written.append(found)
            taken.add(found.id)
            if found.version == 0:
                continue
        taken.add(found.id)
        name = found.name if _name(found, addresses) == attendee.name else attendee.name
        told = change(
            found, role=attendee.role, response=attendee.response, name=name, ical_parameters=attendee.parameters
        )
        if told != found:
            written.append(told)
    written += [change(one, deleted_at=GONE) for one in mine if one.id not in taken]
    return written, series is not None


def alarms_written(
    alarms: Sequence[Alarm], made: Activity, series: Activity | None, known: Mapping[UUID, list[Any]]
) -> tuple[list[ActivityReminder], bool]:
    """Return the reminders to add, change and delete, and whether an occurrence has others than its series."""
    mine: list[ActivityReminder] = list(known.get(made.id, []))
    if (
        series is not None
        and series.id != made.id
        and not made.own_reminders
        and _same(alarms, known.get(series.id, []))
    ):
        return [], False
    written: list[ActivityReminder] = []
    for alarm in alarms:
        same = next((one for one in mine if _when(one) == _when(alarm)), None)
        if same is None:
            written.append(_reminder(made.id, alarm))
            continue
        mine.remove(same)
        if same.text != alarm.summary or (same.ical_alarm and same.ical_alarm != alarm.text):
            written.append(change(same, text=alarm.summary, ical_alarm=alarm.text))
    written += [change(one, deleted_at=GONE) for one in mine]
    return written, series is not None


def _same(alarms: Sequence[Alarm], reminders: Sequence[ActivityReminder]) -> bool:
    return sorted(map(_when, alarms), key=str) == sorted(map(_when, reminders), key=str)


def _recognised(
    attendee: Attendee, made: Activity, people: People, mine: Sequence[ActivityParticipant], taken: set[UUID]
) -> ActivityParticipant:
    """Return a participant for an address: the user or customer that has it, if there is one that takes no part yet."""
    folded = attendee.address.casefold()
    user, customer = people.users.get(folded), people.customers.get(folded)
    if attendee.address.lower().startswith("urn:uuid:"):
        id = attendee.address[9:].lower()
        for one in mine:
            if id in (str(one.id), str(one.user_id), str(one.customer_id)):
                return one
    for one in mine:
        if one.id not in taken and (one.user_id or one.customer_id) in {user, customer} - {None}:
            return one
    return ActivityParticipant(
        activity_id=made.id,
        user_id=user,
        customer_id=None if user is not None else customer,
        address=attendee.address,
        name=attendee.name,
        role=attendee.role,
        response=attendee.response,
        ical_parameters=attendee.parameters,
    )


def _told(attendees: Sequence[Attendee]) -> set[tuple[str, str, str]]:
    return {(one.address.casefold(), one.role, one.response) for one in attendees}


def _seen(one: ActivityParticipant, addresses: Addresses) -> tuple[str, str, str]:
    return addresses.of(one)[0].casefold(), one.role, one.response


def _name(one: ActivityParticipant, addresses: Addresses) -> str:
    return addresses.of(one)[1]


def _when(one: Alarm | ActivityReminder) -> tuple[Any, ...]:
    return (one.at.replace(microsecond=0),) if one.at is not None else (one.minutes_before, one.before_end)


def _reminder(activity: UUID, alarm: Alarm) -> ActivityReminder:
    return ActivityReminder(
        activity_id=activity,
        minutes_before=alarm.minutes_before,
        before_end=alarm.before_end,
        at=alarm.at,
        text=alarm.summary,
        ical_alarm=alarm.text,
    )
