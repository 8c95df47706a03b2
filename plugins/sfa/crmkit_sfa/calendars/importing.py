"""Taking calendar files in: by UID, occurrence and revision, so that the same file twice changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from crmkit.core.frozen import frozen
from crmkit.plugin import BadInput, Context, Message, change, entity_info, msg
from crmkit_sfa.activities.entities import Activity, ActivityParticipant, ActivityReminder
from crmkit_sfa.activities.recurrence import normalised
from crmkit_sfa.activities.timing import start_of, wrong_repetition, wrong_times
from crmkit_sfa.calendars.addresses import Addresses, People, addresses_of, people_behind
from crmkit_sfa.calendars.belonging import alarms_written, attendees_written
from crmkit_sfa.calendars.entries import CalendarEntry, CalendarFile, Problem
from crmkit_sfa.calendars.reading import read_calendar
from crmkit_sfa.calendars.revisions import newest, occurrence_key

SOURCE = "icalendar"


@frozen(kw_only=True)
class Imported:
    """What a file did: numbers of activities, and of components of other kinds; ``problems`` when nothing was written."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    outdated: int = 0
    answered: int = 0
    ignored: int = 0
    skipped: int = 0
    problems: tuple[Problem, ...] = ()


class CalendarProblems(BadInput):
    """A calendar file was not taken in; ``problems`` are all of its errors."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        first = self.problems[0].message()
        more = len(self.problems) - 1
        text: Message = (
            msg("{first}; and {more} more problems; nothing was taken in", first=first, more=more)
            if more
            else msg("{first}; nothing was taken in", first=first)
        )
        super().__init__(text)


def import_calendar(
    ctx: Context, content: bytes, *, user: UUID | None = None, encoding: str = "", skip: bool = False
) -> Imported:
    """Take the events and to-dos of a calendar file in as activities of ``user``, by default of the actor.

    Known ones (by UID and RECURRENCE-ID) are updated unless the file's revision (SEQUENCE, DTSTAMP) is older; what files
    do not speak of, such as the customer, stays. All or nothing: raises CalendarProblems with all that is wrong, unless
    ``skip`` leaves the wrong components out.
    """
    owner = user if user is not None else ctx.actor.user_id
    read = read_calendar(content, ctx.timezone, encoding)
    work = _Work(ctx, owner, read)
    if read.method == "REPLY" and (skip or not read.problems):
        return work.answers()
    return work.take(skip)


class _Work:
    """One file on its way in."""

    def __init__(self, ctx: Context, owner: UUID | None, read: CalendarFile) -> None:
        self.ctx, self.owner, self.read = ctx, owner, read
        self.problems: list[Problem] = list(read.problems)
        uids = sorted({entry.uid for entry in read.entries})
        self.known: dict[tuple[str, str], Activity] = {}
        found = ctx.session.list(Activity, uid=uids) if uids else []
        # Of several that share a UID, one's own calendar comes first.
        for one in sorted(found, key=lambda a: (a.calendar_id != owner, a.owner_id != owner, a.id)):
            self.known.setdefault((one.uid, one.occurrence), one)
        ids = [one.id for one in self.known.values()]
        self.participants = _by_activity(ctx.session.list(ActivityParticipant, activity_id=ids) if ids else [])
        self.reminders = _by_activity(ctx.session.list(ActivityReminder, activity_id=ids) if ids else [])
        attending = [p for parts in self.participants.values() for p in parts]
        owners = [one.owner_id for one in self.known.values()]
        self.addresses: Addresses = addresses_of(
            ctx, [*owners, owner, *[p.user_id for p in attending]], [p.customer_id for p in attending]
        )
        self.people: People = people_behind(ctx, {a.address for e in read.entries for a in e.attendees})
        self.counts = {"created": 0, "updated": 0, "unchanged": 0, "outdated": 0}

    def take(self, skip: bool) -> Imported:
        """Write what the file says."""
        series: dict[str, Activity] = {
            uid: one for (uid, key), one in self.known.items() if not key and (one.rrule or one.rdates)
        }
        entries = newest(self.read.entries)
        planned: list[tuple[CalendarEntry, Activity | None, Activity]] = []
        for entry in sorted(entries, key=lambda e: e.recurrence is not None):
            master = series.get(entry.uid) if entry.recurrence is not None else None
            key = "" if entry.recurrence is None else occurrence_key(entry, master)
            existing = self.known.get((entry.uid, key))
            made = self._made(entry, existing, key, master)
            wrong = [*wrong_times(made), *(wrong_repetition(made) if made.rrule or made.rdates else [])]
            if wrong:
                self.problems += [Problem(entry.component, _PROPERTY.get(name, name), why) for name, _, why in wrong]
                continue
            if entry.recurrence is None and (made.rrule or made.rdates):
                series[entry.uid] = made
            planned.append((entry, existing, made))
        if self.problems and not skip:
            raise CalendarProblems(self.problems)
        for entry, existing, made in planned:
            self._write(entry, existing, made, series.get(entry.uid))
        self._adopt(series)
        self.ctx.session.flush()
        return Imported(
            **self.counts,
            ignored=sum(self.read.ignored.values()),
            skipped=len({problem.component for problem in self.problems}),
            problems=tuple(self.problems),
        )

    def answers(self) -> Imported:
        """Take down the answers to invitations (METHOD:REPLY), and nothing else."""
        answered = 0
        for entry in self.read.entries:
            one = self.known.get((entry.uid, ""))
            for attendee in entry.attendees if one is not None else ():
                for part in self.participants.get(one.id, ()):  # type: ignore[union-attr]
                    same = self.addresses.of(part)[0].casefold() == attendee.address.casefold()
                    if same and part.response != attendee.response:
                        self.ctx.session.update(change(part, response=attendee.response))
                        answered += 1
        self.ctx.session.flush()
        return Imported(answered=answered)

    def _made(self, entry: CalendarEntry, existing: Activity | None, key: str, master: Activity | None) -> Activity:
        values: dict[str, Any] = {
            **entry.values,
            "ical_properties": self._without_own_organizer(entry, existing),
            "sequence": entry.sequence,
        }
        if existing is not None:
            values["kind"] = entry.kind or _kind_kept(existing, entry)
            # Calendars count whole seconds.
            values |= {name: known for name in values if _whole(known := getattr(existing, name)) == values[name]}
            values |= {name: getattr(existing, name) for name in _REPEATS if _same_repeats(name, existing, values)}
            if not isinstance(start_of(existing), datetime) and not (
                entry.values["starts_at"] or entry.values["due_at"]
            ):
                # Days have no zone in calendars: theirs stays.
                values |= {name: getattr(existing, name) for name in ("timezone", "zone_definition")}
            if values["status"] == "planned" and existing.status in ("done", "missed"):
                # Calendars know nothing of what became of an event; that it is done stays.
                values["status"] = existing.status
            return change(existing, **values, series_id=existing.series_id or (master.id if master else None))
        values["kind"] = entry.kind or ("task" if entry.component.startswith("VTODO") else "meeting")
        made = Activity(subject=values.pop("subject"))
        about: dict[str, Any] = {}
        if master is not None:
            about = {
                name: getattr(master, name) for name in ("customer_id", "opportunity_id", "lead_id", "calendar_id")
            }
            about["series_id"] = master.id
        return change(
            made,
            **{"calendar_id": self.owner, **about, **values},
            uid=entry.uid,
            occurrence=key,
            owner_id=self.owner,
            stamped_at=entry.stamped_at or self.ctx.clock.now(),
            source=SOURCE,
        )

    def _write(self, entry: CalendarEntry, existing: Activity | None, made: Activity, master: Activity | None) -> None:
        if existing is not None and self._outdated(entry, existing, made):
            self.counts["outdated"] += 1
            return
        of_series = master if made.series_id is not None and master is not None else None
        parts, own = attendees_written(
            entry.attendees, made, of_series, self.participants, self.addresses, self.people, self.owner
        )
        alarms, own_alarms = alarms_written(entry.alarms, made, of_series, self.reminders)
        made = change(made, own_participants=own, own_reminders=own_alarms)
        if existing is None:
            self.ctx.session.add(made)
            self.counts["created"] += 1
        elif _differs(made, existing):
            self.ctx.session.update(change(made, stamped_at=self._stamp(entry, existing)))
            self.counts["updated"] += 1
        else:
            self.counts["updated" if parts or alarms else "unchanged"] += 1
        for one in [*parts, *alarms]:
            session = self.ctx.session
            (session.delete if one.deleted_at else session.update if one.version else session.add)(one)
        # What follows in the file is compared with what is now.
        self.participants[made.id] = _applied(self.participants.get(made.id, []), parts)
        self.reminders[made.id] = _applied(self.reminders.get(made.id, []), alarms)

    def _stamp(self, entry: CalendarEntry, existing: Activity) -> datetime:
        """Return when the revision was made: another moment than the known one, so that it counts as the file's own."""
        stamp = entry.stamped_at or self.ctx.clock.now()
        return stamp + timedelta(microseconds=1) if stamp == existing.stamped_at else stamp

    def _outdated(self, entry: CalendarEntry, existing: Activity, made: Activity) -> bool:
        """Whether the file has an older revision than the one that is known (RFC 5546, 2.1.5)."""
        if entry.sequence != existing.sequence:
            return entry.sequence < existing.sequence
        stamp, known = entry.stamped_at, existing.stamped_at
        return (
            stamp is not None
            and known is not None
            and stamp < known.replace(microsecond=0)
            and _differs(made, existing)
        )

    def _adopt(self, series: dict[str, Activity]) -> None:
        """Give occurrences that came before their series to it."""
        for (uid, key), one in self.known.items():
            master = series.get(uid)
            if key and master is not None and one.series_id is None and one.id != master.id:
                current = self.ctx.session.get(Activity, one.id)
                if current.series_id is None:
                    self.ctx.session.update(change(current, series_id=master.id))

    def _without_own_organizer(self, entry: CalendarEntry, existing: Activity | None) -> str:
        """Return the kept lines; that one's own events are organized by oneself is told anyway."""
        lines = str(entry.values["ical_properties"])
        owner = existing.owner_id if existing is not None else self.owner
        mail = self.addresses.mail_of(owner)[0]
        if not mail or entry.organizer.casefold() != mail.casefold():
            return lines
        return "\r\n".join(line for line in lines.split("\r\n") if not line.upper().startswith("ORGANIZER"))


_PROPERTY = {
    "rrule": "RRULE", "rdates": "RDATE", "exdates": "EXDATE", "ends_at": "DTEND", "ends_on": "DTEND", "due_at": "DUE",
    "due_on": "DUE",
}  # fmt: skip
_REPEATS = ("rrule", "rdates", "exdates")
_NOT_COMPARED = ("stamped_at", "own_participants", "own_reminders")


def _differs(made: Activity, existing: Activity) -> bool:
    names = [info.name for info in entity_info(Activity).stored if info.name not in _NOT_COMPARED]
    own = (made.own_participants, made.own_reminders) != (existing.own_participants, existing.own_reminders)
    return own or any(getattr(made, name) != getattr(existing, name) for name in names)


def _same_repeats(name: str, existing: Activity, values: dict[str, Any]) -> bool:
    """Whether a file repeats as what is known does: programs write parts, rules and times in orders of their own."""
    known, read = getattr(existing, name), values[name]
    if name == "rrule":
        return sorted(map(normalised, known.split("\n"))) == sorted(map(normalised, read.split("\n")))
    return sorted(known) == sorted(read)


def _whole(value: Any) -> Any:
    return value.replace(microsecond=0) if isinstance(value, datetime) else value


def _kind_kept(existing: Activity, entry: CalendarEntry) -> str:
    """A foreign calendar does not know calls from visits: the kind stays, as long as it is an event or a to-do."""
    if entry.component.startswith("VTODO"):
        return existing.kind if existing.due_on or existing.due_at or existing.kind == "task" else "task"
    return existing.kind if existing.kind != "task" else "meeting"


def _by_activity(parts: Sequence[Any]) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = {}
    for one in parts:
        found.setdefault(one.activity_id, []).append(one)
    return found


def _applied(known: Sequence[Any], written: Sequence[Any]) -> list[Any]:
    by_id = {one.id: one for one in [*known, *written]}
    return [one for one in by_id.values() if one.deleted_at is None]
