"""Calendar files in and out: encodings, zones, revisions, occurrences, people, and nothing half-written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crmkit_sfa
from crmkit import Crm
from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.staff import User
from crmkit.core.values.clock import FixedClock
from crmkit.plugin import BadInput, change
from crmkit.testing.making import MakeCrm
from crmkit_sfa.activities.completing import complete
from crmkit_sfa.activities.entities import Activity, ActivityParticipant, ActivityReminder
from crmkit_sfa.activities.occurrences import expanded
from crmkit_sfa.activities.planning import Invited, close, move, plan
from crmkit_sfa.calendars.feeds import calendar_feed
from crmkit_sfa.calendars.importing import CalendarProblems, Imported, import_calendar
from crmkit_sfa.calendars.text import decoded, escaped, folded
from crmkit_sfa.calendars.zones import vtimezone, zone_called

NOW = datetime(2026, 3, 20, 8, tzinfo=UTC)
CUSTOM = """BEGIN:VTIMEZONE
TZID:Our Office
BEGIN:STANDARD
DTSTART:20000101T000000
TZOFFSETFROM:+0330
TZOFFSETTO:+0330
END:STANDARD
END:VTIMEZONE"""


@pytest.fixture
def lite(make_crm: MakeCrm, clock: FixedClock) -> Crm:
    clock.set(NOW)
    return make_crm(plugins=[crmkit_sfa], config={"timezone": "Europe/Berlin"})


def ics(*lines: str, around: str = "", component: str = "VEVENT") -> bytes:
    inner = "\n".join(
        ["BEGIN:VCALENDAR", "VERSION:2.0", around, f"BEGIN:{component}", *lines, f"END:{component}", "END:VCALENDAR"]
    )
    return inner.replace("\n\n", "\n").replace("\n", "\r\n").encode()


EVENT = ("UID:1@x", "DTSTAMP:20260301T000000Z", "DTSTART;TZID=Europe/Berlin:20260329T090000", "SUMMARY:Talk")


def taken(crm: Crm, content: bytes, **how: object) -> Imported:
    with crm.session() as session:
        return import_calendar(crm.context(session, "sfa"), content, **how)  # type: ignore[arg-type]


def only(crm: Crm) -> Activity:
    with crm.session(reads=True) as session:
        (found,) = session.list(Activity)
        return found


def sent(crm: Crm) -> bytes:
    with crm.session(reads=True) as session:
        return calendar_feed(crm.context(session, "sfa")).content


@pytest.mark.parametrize(
    "content",
    [
        ics(*EVENT[:3], "SUMMARY:Gespräch über Öl, 你好"),
        b"\xef\xbb\xbf" + ics(*EVENT[:3], "SUMMARY:Gespräch über Öl, 你好"),
        ics(*EVENT[:3], "SUMMARY:Gespräch über Öl, 你好").decode().encode("utf-16"),
        ics(*EVENT[:3], "SUMMARY:Gespräch über Öl, 你好").replace(b"\r\n", b"\n"),
        ics(*EVENT[:3], "SUMMARY:Gespräch über Öl, 你好").replace(b"\r\n", b"\r"),
        ics(*EVENT[:3], "SUMMARY:Gespr\n äch über\n\t Öl, 你好"),
        folded(ics(*EVENT[:3], "SUMMARY:Gespräch über Öl, 你好").decode().split("\r\n")),
    ],
    ids=["utf-8", "bom", "utf-16", "lf", "cr", "folded", "folded-by-bytes"],
)
def test_whatever_its_encoding_and_line_ends(lite: Crm, content: bytes) -> None:
    assert taken(lite, content).created == 1
    assert only(lite).subject == "Gespräch über Öl, 你好"


def test_an_encoding_is_found_out_or_said(lite: Crm) -> None:
    text = ics(*EVENT[:3], "SUMMARY:Gespräch über Öl", "DESCRIPTION:Schöne Grüße aus München, für alle Gäste").decode()
    assert taken(lite, text.encode("cp1252"), encoding="cp1252").created == 1
    assert only(lite).subject == "Gespräch über Öl"
    with pytest.raises(BadInput, match="not in the encoding ascii"):
        decoded(text.encode(), "ascii")
    with pytest.raises(BadInput, match="NUL"):
        decoded(b"a\0b")


@pytest.mark.parametrize(
    ("zone", "around", "hour", "kept"),
    [
        ("TZID=Europe/Berlin", "", 7, "Europe/Berlin"),
        ("TZID=W. Europe Standard Time", "", 7, "Europe/Berlin"),
        ('TZID="China Standard Time"', "", 1, "Asia/Shanghai"),
        ("TZID=/freeassociation.sourceforge.net/Tzfile/America/New_York", "", 13, "America/New_York"),
        ("TZID=Our Office", CUSTOM, 5, "Our Office"),
    ],
    ids=["iana", "windows", "windows-china", "vendor", "defined"],
)
def test_zones_by_whatever_name(lite: Crm, zone: str, around: str, hour: int, kept: str) -> None:
    lines = ("UID:1", f"DTSTART;{zone}:20260329T090000", "SUMMARY:S", "RRULE:FREQ=DAILY;COUNT=2")
    taken(lite, ics(*lines, around=around))
    one = only(lite)
    assert one.starts_at is not None
    assert (one.starts_at.hour if kept != "Our Office" else one.starts_at.strftime("%H:%M"), one.timezone) == (
        hour if kept != "Our Office" else "05:30",
        kept,
    )
    assert taken(lite, sent(lite)).unchanged == 1
    assert b"BEGIN:VTIMEZONE" in sent(lite)


def test_an_unknown_zone_is_named(lite: Crm) -> None:
    with pytest.raises(CalendarProblems, match=r"VEVENT 1: DTSTART: TZID Mars.*nothing was taken in"):
        taken(lite, ics("UID:1", "DTSTART;TZID=Mars:20260329T090000", "SUMMARY:S"))


def test_a_zone_of_one_file_is_not_that_of_another(lite: Crm) -> None:
    lines = ("DTSTART;TZID=Our Office:20260329T090000", "SUMMARY:S")
    taken(lite, ics("UID:1", *lines, around=CUSTOM))
    taken(lite, ics("UID:2", *lines, around=CUSTOM.replace("+0330", "-0900")))
    with lite.session(reads=True) as session:
        starts = [one.starts_at for one in session.list(Activity, order="uid")]
    assert starts == [datetime(2026, 3, 29, 5, 30, tzinfo=UTC), datetime(2026, 3, 29, 18, tzinfo=UTC)]


def test_whole_days_floating_times_and_what_is_due(lite: Crm) -> None:
    taken(lite, ics("UID:day", "DTSTART;VALUE=DATE:20260328", "DTEND;VALUE=DATE:20260330", "SUMMARY:D"))
    taken(lite, ics("UID:float", "DTSTART:20260329T090000", "DURATION:PT90M", "SUMMARY:F"))
    taken(
        lite,
        ics(
            "UID:due",
            "DUE;VALUE=DATE:20260329",
            "SUMMARY:T",
            "STATUS:COMPLETED",
            "COMPLETED:20260328T100000Z",
            component="VTODO",
        ),
    )
    with lite.session(reads=True) as session:
        found = {one.uid: one for one in session.list(Activity)}
    assert (found["day"].starts_on, found["day"].ends_on, found["day"].kind) == (
        date(2026, 3, 28),
        date(2026, 3, 29),
        "meeting",
    )
    assert (found["float"].floating, found["float"].starts_at) == (True, datetime(2026, 3, 29, 7, tzinfo=UTC))
    assert found["float"].ends_at == datetime(2026, 3, 29, 8, 30, tzinfo=UTC)
    assert (found["due"].kind, found["due"].due_on, found["due"].status) == ("task", date(2026, 3, 29), "done")
    out = sent(lite).decode()
    assert "DTSTART:20260329T090000\r\n" in out
    assert "DTEND;VALUE=DATE:20260330" in out
    assert "COMPLETED:20260328T100000Z" in out


def test_revisions_go_forward_only(lite: Crm) -> None:
    first = taken(lite, ics(*EVENT, "SEQUENCE:1"))
    newer = taken(lite, ics(*EVENT[:3], "SUMMARY:Later", "SEQUENCE:2"))
    older = taken(lite, ics(*EVENT, "SEQUENCE:1"))
    again = taken(lite, ics(*EVENT[:3], "SUMMARY:Later", "SEQUENCE:2"))
    assert (first.created, newer.updated, older.outdated, again.unchanged) == (1, 1, 1, 1)
    stale = ics("UID:1@x", "DTSTAMP:20250101T000000Z", EVENT[2], "SUMMARY:Old stamp", "SEQUENCE:2")
    assert taken(lite, stale).outdated == 1
    by_hand = taken(lite, ics(*EVENT[:3], "SUMMARY:By hand", "SEQUENCE:2"))
    assert (by_hand.updated, only(lite).subject, only(lite).sequence) == (1, "By hand", 2)
    gone = taken(lite, ics(*EVENT, "SEQUENCE:3", "STATUS:CANCELLED"))
    assert (gone.updated, only(lite).status) == (1, "cancelled")


def test_what_files_do_not_speak_of_stays(lite: Crm) -> None:
    with lite.session() as session:
        acme = Customer(name="Acme", kind="organization")
        session.add(acme)
        made = plan(lite.context(session, "sfa"), "Visit", kind="visit", starts_at=NOW, about=acme, city="Berlin")
    theirs = sent(lite).decode().replace("SUMMARY:Visit", "SUMMARY:Our visit").replace("SEQUENCE:0", "SEQUENCE:1")
    foreign = "\r\n".join(line for line in theirs.split("\r\n") if not line.startswith("X-CRMKIT"))
    assert taken(lite, foreign.encode()).updated == 1
    one = only(lite)
    assert (one.id, one.subject, one.kind, one.customer_id, one.city) == (
        made.id,
        "Our visit",
        "visit",
        acme.id,
        "Berlin",
    )
    with lite.session() as session:
        complete(lite.context(session, "sfa"), session.get(Activity, made.id))
    assert taken(lite, foreign.replace("SEQUENCE:1", "SEQUENCE:9").encode()).updated == 1
    assert only(lite).status == "done"


def test_occurrences_that_differ_come_and_go(lite: Crm) -> None:
    master = "\r\n".join(
        [*EVENT, "RRULE:FREQ=WEEKLY;UNTIL=20260420T065959Z", "EXDATE;TZID=Europe/Berlin:20260405T090000"]
    )
    moved = "\r\n".join(
        ["UID:1@x", "RECURRENCE-ID:20260412T070000Z", "DTSTART;TZID=Europe/Berlin:20260413T140000", "SUMMARY:Moved"]
    )
    both = ics(f"{moved}\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\n{master}")
    assert taken(lite, both).created == 2
    assert taken(lite, both).unchanged == 2
    with lite.session(reads=True) as session:
        found = expanded(session.list(Activity), ZoneInfo("Europe/Berlin"), None, NOW + timedelta(days=90))
    assert [f"{o.starts_at:%m-%d %H:%M} {o.activity.subject}" for o in found] == [
        "03-29 07:00 Talk", "04-13 12:00 Moved", "04-19 07:00 Talk",
    ]  # fmt: skip
    out = sent(lite).decode()
    assert "RECURRENCE-ID;TZID=Europe/Berlin:20260412T090000" in out
    assert "RRULE:FREQ=WEEKLY;UNTIL=20260420T065959Z" in out


def test_an_occurrence_that_comes_before_its_series_joins_it(lite: Crm) -> None:
    taken(
        lite,
        ics(
            "UID:1@x",
            "RECURRENCE-ID;TZID=Europe/Berlin:20260405T090000",
            "DTSTART;TZID=Europe/Berlin:20260405T100000",
            "SUMMARY:Once",
        ),
    )
    taken(lite, ics(*EVENT, "RRULE:FREQ=WEEKLY;COUNT=3"))
    with lite.session(reads=True) as session:
        found = expanded(session.list(Activity), ZoneInfo("Europe/Berlin"), None, NOW + timedelta(days=90))
    assert [o.activity.subject for o in found] == ["Talk", "Once", "Talk"]


def test_people_and_reminders(crm: Crm, clock: FixedClock) -> None:
    clock.set(NOW)
    with crm.session() as session:
        ann, acme = User(login="ann", name="Ann", email="ann@x.example"), Customer(name="Bo", kind="person")
        session.add(ann, acme, ContactPoint(customer_id=acme.id, kind="email", value="bo@y.example"))
    lines = [
        "ORGANIZER;CN=Zoe:mailto:zoe@z.example",
        "ATTENDEE;CN=Ann;PARTSTAT=ACCEPTED:mailto:ANN@x.example",
        "ATTENDEE;ROLE=OPT-PARTICIPANT;CUTYPE=INDIVIDUAL;RSVP=TRUE:mailto:bo@y.example",
        'ATTENDEE;CN="New, One":mailto:new@y.example',
        *("BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:Talk", "TRIGGER:-PT30M", "X-OWN:1", "END:VALARM"),
        *("BEGIN:VALARM", "ACTION:NONE", "TRIGGER;VALUE=DATE-TIME:19760401T005545Z", "END:VALARM"),
    ]
    content = ics(*EVENT, *lines)
    assert taken(crm, content).created == 1
    assert taken(crm, content).unchanged == 1
    with crm.session(reads=True) as session:
        people = {one.address: one for one in session.list(ActivityParticipant)}
        (reminder,) = session.list(ActivityReminder)
    assert (people["ANN@x.example"].user_id, people["ANN@x.example"].response) == (ann.id, "accepted")
    assert (people["bo@y.example"].customer_id, people["bo@y.example"].role) == (acme.id, "optional")
    assert (people["new@y.example"].name, reminder.minutes_before) == ("New, One", 30)
    assert reminder.next_at == datetime(2026, 3, 29, 6, 30, tzinfo=UTC)
    out = sent(crm).decode().replace("\r\n ", "")
    for kept in ("ORGANIZER;CN=Zoe:mailto:zoe@z.example", "RSVP=TRUE", "X-OWN:1", "ACTION:NONE", 'CN="New, One"'):
        assert kept in out
    assert taken(crm, sent(crm)).unchanged == 1
    fewer = ics(*EVENT, *lines[:2], "SEQUENCE:1")
    assert taken(crm, fewer).updated == 1
    with crm.session(reads=True) as session:
        assert (session.count(ActivityParticipant), session.count(ActivityReminder)) == (1, 0)
    with crm.session() as session:
        one = session.list(Activity)[0]
        plan(crm.context(session, "sfa"), "Ours", kind="meeting", starts_at=NOW, participants=["c@y.example"])
    reply = ics(
        "UID:x", "DTSTART:20260320T080000Z", "ATTENDEE;PARTSTAT=DECLINED:mailto:C@y.example", around="METHOD:REPLY"
    )
    with crm.session(reads=True) as session:
        ours = session.find(Activity, subject="Ours")
    assert ours is not None
    assert one.uid == "1@x"
    assert taken(crm, reply.replace(b"UID:x", f"UID:{ours.uid}".encode())).answered == 1
    with crm.session(reads=True) as session:
        assert session.list(ActivityParticipant, activity_id=ours.id)[0].response == "declined"


def test_all_or_nothing_unless_what_is_wrong_is_left_out(lite: Crm) -> None:
    wrong = "UID:2\r\nDTSTART:20260329T090000Z\r\nDTEND:20260328T090000Z\r\nSUMMARY:Backwards"
    rule = "UID:3\r\nDTSTART:20260329T090000Z\r\nRRULE:FREQ=SECONDLY\r\nSUMMARY:Ticks"
    content = ics("\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\n".join(["\r\n".join(EVENT), wrong, rule]))
    with pytest.raises(CalendarProblems) as failed:
        taken(lite, content)
    assert [(p.component, p.property) for p in failed.value.problems] == [("VEVENT 2", "DTEND"), ("VEVENT 3", "RRULE")]
    with lite.session(reads=True) as session:
        assert session.count(Activity) == 0
    done = taken(lite, content, skip=True)
    assert (done.created, done.skipped, only(lite).uid) == (1, 2, "1@x")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no calendar"),
        (b"name;amount\r\nA;1\r\n", "no calendar"),
        (b"\x89PNG\r\n\x1a\n\0\0", "no text"),
        (b"BEGIN:VCALENDAR\r\n" * 40, "deep"),
        (ics(*EVENT, around="METHOD:COUNTER"), "METHOD: COUNTER"),
        (ics(*EVENT, "RECURRENCE-ID;RANGE=THISANDFUTURE:20260329T070000Z"), "RECURRENCE-ID: .*future"),
        (ics(*EVENT, "EXRULE:FREQ=DAILY"), "EXRULE"),
        (ics("UID:1", "SUMMARY:S"), "DTSTART: expected when it starts"),
        (ics(*EVENT, "GEO:north"), "GEO"),
        (ics(*EVENT[:3], f"SUMMARY:{'x' * 501}"), "SUMMARY: expected at most 500"),
        (ics(*EVENT, "DURATION:-PT1H"), "DURATION"),
        (ics(*EVENT, "BEGIN:VALARM", "ACTION:DISPLAY", "END:VALARM"), "TRIGGER"),
    ],
    ids=["empty", "csv", "png", "deep", "method", "range", "exrule", "no-start", "geo", "long", "duration", "alarm"],
)
def test_an_error_names_component_and_property(lite: Crm, content: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        taken(lite, content)


def test_our_own_calendar_comes_back_unchanged(lite: Crm, clock: FixedClock) -> None:
    clock.advance(microseconds=123_456)  # calendars count whole seconds
    with lite.session() as session:
        ann = User(login="ann", name="Ann", email="ann@x.example")
        bo = Customer(name="Bo", kind="person")
        session.add(ann, bo)
        session.flush()
        ctx = lite.context(session, "sfa")
        weekly = plan(
            ctx,
            "Weekly; with, all\\",
            kind="meeting",
            starts_at=NOW,
            ends_at=NOW + timedelta(hours=1),
            rrule="FREQ=WEEKLY;COUNT=9",
            participants=[ann, bo, Invited(who="c@x.example", role="optional", name='C "the" D')],
            reminders=[15, 60],
            owner_id=ann.id,
            description="One\nTwo\n\nlong " + "ö" * 200,
            location="Raum 1",
            priority=1,
            visibility="private",
        )
        plan(ctx, "Days", kind="meeting", starts_on=date(2026, 4, 1), ends_on=date(2026, 4, 3), reminders=[600])
        plan(ctx, "Task", due_on=date(2026, 4, 1), reminders=[60], priority=9)
        plan(ctx, "Undated", reminders=[clock.now() + timedelta(days=1)])
        complete(ctx, plan(ctx, "Done", due_at=clock.now()), at=clock.now())
        plan(ctx, "Twice", kind="call", starts_at=datetime(2026, 10, 25, 1, 30, tzinfo=UTC))
        session.flush()
        weekly = session.get(Activity, weekly.id)
        close(ctx, weekly, "cancelled", "", "20260327T090000")
        move(ctx, weekly, NOW + timedelta(days=15), "20260403T090000")
        complete(ctx, weekly, occurrence="20260320T090000", outcome="fine")
    out = sent(lite)
    back = taken(lite, out)
    assert (back.created, back.updated, back.outdated, back.unchanged) == (0, 0, 0, 9)
    assert sent(lite) == out
    assert all(len(line) <= 75 for line in out.split(b"\r\n"))
    names = [part.name for part in icalendar.Calendar.from_ical(out).walk()]
    assert names.count("VEVENT") + names.count("VTODO") == 9
    with lite.session(reads=True) as session:
        assert session.count(ActivityParticipant) == 3


TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")) | st.sampled_from('\n;,\\":'),
    min_size=1,
    max_size=120,
)


@pytest.fixture(scope="module")
def shared() -> Iterator[Crm]:
    making = MakeCrm(FixedClock(NOW))
    yield making(plugins=[crmkit_sfa], config={"timezone": "Europe/Berlin"})
    making.close()


@settings(max_examples=25, deadline=None)
@given(st.tuples(TEXTS, TEXTS, TEXTS).filter(lambda texts: texts[0].strip() == texts[0]))
def test_any_text_survives(shared: Crm, texts: tuple[str, str, str]) -> None:
    subject, description, location = texts
    with shared.session() as session:
        session.delete(*session.list(Activity))
        session.add(Activity(subject=subject, description=description, location=location, starts_at=NOW, kind="call"))
    with shared.session(reads=True) as session:
        before = session.list(Activity)
    assert taken(shared, sent(shared)).unchanged == 1
    with shared.session(reads=True) as session:
        assert session.list(Activity) == before


@given(st.lists(TEXTS, max_size=5))
def test_folding_cuts_no_character(lines: list[str]) -> None:
    plain = [f"X-TEXT:{escaped(line)}" for line in lines]
    data = folded(plain)
    assert all(len(line) <= 75 for line in data.split(b"\r\n"))
    assert data.decode().replace("\r\n ", "").split("\r\n")[:-1] == plain


@pytest.mark.parametrize("name", ["Europe/Berlin", "America/New_York", "Asia/Shanghai", "Europe/Dublin"])
def test_the_zones_that_we_write_say_what_they_are(name: str) -> None:
    zone, real = (
        zone_called("X", {"X": vtimezone(name, 2025, 2028).replace(f"TZID:{name}", "TZID:X")}).tz,
        ZoneInfo(name),
    )
    at = datetime(2025, 1, 2, tzinfo=UTC)
    while at < datetime(2028, 12, 30, tzinfo=UTC):
        assert at.astimezone(zone).utcoffset() == at.astimezone(real).utcoffset(), at
        at += timedelta(hours=7, minutes=13)


def test_a_change_of_ours_is_a_new_revision(lite: Crm, clock: FixedClock) -> None:
    taken(lite, ics(*EVENT, "SEQUENCE:4", "LAST-MODIFIED:20260301T000000Z", "X-KEPT;P=1:a\\,b"))
    clock.advance(hours=1)
    with lite.session() as session:
        move(lite.context(session, "sfa"), session.list(Activity)[0], datetime(2026, 4, 1, 7, tzinfo=UTC))
    out = sent(lite).decode()
    assert "SEQUENCE:5" in out
    assert "DTSTAMP:20260320T090000Z" in out
    assert "X-KEPT;P=1:a\\,b" in out
    assert "LAST-MODIFIED" not in out
    with lite.session() as session:
        session.update(change(session.list(Activity)[0], subject="Renamed"))
    assert "SEQUENCE:5" in sent(lite).decode()


def test_ones_own_file_changes_nothing_however_a_rule_was_written(lite: Crm) -> None:
    with lite.session() as session:
        plan(
            lite.context(session, "sfa"), "Weekly", kind="meeting", starts_at=NOW,
            rrule="COUNT=9;INTERVAL=1;BYDAY=WE,FR;FREQ=WEEKLY",
            exdates=("20260401T090000", "20260325T090000"), rdates=("20260520T090000", "20260519T090000"),
        )  # fmt: skip
    found = taken(lite, sent(lite))
    assert (found.unchanged, found.updated) == (1, 0)
    assert only(lite).rrule == "COUNT=9;INTERVAL=1;BYDAY=WE,FR;FREQ=WEEKLY"
    assert taken(lite, sent(lite).replace(b"COUNT=9", b"COUNT=8")).updated == 1
    assert "COUNT=8" in only(lite).rrule


@pytest.mark.parametrize(("component", "start"), [("VEVENT", "DTSTART"), ("VTODO", "DUE")], ids=["event", "to-do"])
def test_a_start_that_clocks_skip_goes_in_and_out_as_it_is(lite: Crm, component: str, start: str) -> None:
    line = f"{start};TZID=Europe/Berlin:20300331T023000"
    content = ics(EVENT[0], EVENT[1], line, EVENT[3], "RRULE:FREQ=DAILY;COUNT=3", component=component)
    taken(lite, content)
    berlin = ZoneInfo("Europe/Berlin")
    found = expanded([only(lite)], berlin, NOW, datetime(2031, 1, 1, tzinfo=UTC))
    assert [f"{one.starts_at.astimezone(berlin):%H:%M}" for one in found] == ["03:30", "02:30", "02:30"]
    out = sent(lite)
    assert [line.encode() in out, b"RDATE;" in out] == [True, False]
    assert [taken(lite, out).unchanged, taken(lite, content).unchanged] == [1, 1]
