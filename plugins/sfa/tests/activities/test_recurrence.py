"""Repetition: rules in local time, where clocks change, against what another library makes of the same calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest
import recurring_ical_events
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit.plugin import BadInput, change
from crmkit_sfa.activities.entities import Activity
from crmkit_sfa.activities.occurrences import expanded, occurrence
from crmkit_sfa.activities.recurrence import (
    Repetition,
    check_rule,
    key_of,
    latest,
    localised,
    moment_of,
    moments,
    normalised,
    zoned,
)
from crmkit_sfa.activities.timing import skipped_start
from crmkit_sfa.calendars.addresses import Addresses
from crmkit_sfa.calendars.writing import CalendarContent, written

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
UNKNOWN = Addresses({})


def at(text: str, zone: str = "Europe/Berlin") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def series(start: str, rule: str, minutes: int = 60, zone: str = "Europe/Berlin", **more: object) -> Activity:
    begin = at(start, zone)
    return Activity(
        subject="S", kind="meeting", starts_at=begin, ends_at=begin + timedelta(minutes=minutes), timezone=zone,
        rrule=rule, recurring=True, uid="s", **more,
    )  # fmt: skip


def local_starts(one: Activity, first: str, last: str, zone: ZoneInfo, others: tuple[Activity, ...] = ()) -> list[str]:
    found = expanded([one, *others], zone, at(first, str(zone)), at(last, str(zone)))
    return [f"{o.starts_at.astimezone(zone):%m-%d %H:%M}" for o in found]


def test_nine_stays_nine_where_clocks_change() -> None:
    weekly = series("2026-03-16T09:00", "FREQ=WEEKLY")
    assert local_starts(weekly, "2026-03-16", "2026-04-07", BERLIN) == [
        "03-16 09:00",
        "03-23 09:00",
        "03-30 09:00",
        "04-06 09:00",
    ]
    # Somebody elsewhere sees it move, since the clocks there changed earlier.
    assert local_starts(weekly, "2026-03-02", "2026-04-07", NEW_YORK) == [
        "03-16 04:00",
        "03-23 04:00",
        "03-30 03:00",
        "04-06 03:00",
    ]


def test_a_time_that_is_skipped_or_comes_twice() -> None:
    night = series("2026-03-27T02:30", "FREQ=DAILY;COUNT=4", minutes=30)
    assert local_starts(night, "2026-03-27", "2026-04-01", BERLIN) == [
        "03-27 02:30",
        "03-28 02:30",
        "03-29 03:30",
        "03-30 02:30",
    ]
    autumn = series("2026-10-24T02:30", "FREQ=DAILY;COUNT=3", minutes=30)
    found = expanded([autumn], BERLIN, at("2026-10-24"), at("2026-10-28"))
    assert [o.starts_at.hour for o in found] == [0, 0, 1]  # the first of the two half past twos


def test_an_exact_length_over_the_night_of_the_change() -> None:
    shift = series("2026-03-28T22:00", "FREQ=DAILY;COUNT=2", minutes=480)
    found = expanded([shift], BERLIN, at("2026-03-28"), at("2026-04-01"))
    assert {o.ends_at - o.starts_at for o in found} == {timedelta(hours=8)}


def test_what_differs_takes_the_place_of_its_occurrence() -> None:
    weekly = series("2026-03-16T09:00", "FREQ=WEEKLY;COUNT=4", exdates=("20260330T090000",))
    moved = change(
        Activity(subject="S", kind="meeting", starts_at=at("2026-04-10T15:00"), timezone="Europe/Berlin"),
        series_id=weekly.id,
        occurrence="20260323T090000",
    )
    assert local_starts(weekly, "2026-03-01", "2026-05-01", BERLIN, (moved,)) == [
        "03-16 09:00",
        "04-06 09:00",
        "04-10 15:00",
    ]
    # It is where it was moved to, and no longer where it was.
    assert local_starts(weekly, "2026-03-23", "2026-03-24", BERLIN, (moved,)) == []


def test_whole_days_and_further_days() -> None:
    days = Activity(
        subject="D", starts_on=date(2026, 2, 27), ends_on=date(2026, 2, 28), timezone="Europe/Berlin", kind="meeting",
        rrule="FREQ=MONTHLY;BYMONTHDAY=-2;COUNT=2", rdates=("20260305",), recurring=True, uid="d",
    )  # fmt: skip
    found = expanded([days], BERLIN, at("2026-02-01"), at("2026-05-01"))
    assert [(o.activity.starts_on, o.activity.ends_on) for o in found] == [
        (date(2026, 2, 27), date(2026, 2, 28)), (date(2026, 3, 5), date(2026, 3, 6)), (date(2026, 3, 30), date(2026, 3, 31)),
    ]  # fmt: skip


def test_it_is_lazy() -> None:
    endless = moments(Repetition(datetime(2026, 1, 1, 9), ("FREQ=DAILY",)))
    assert [next(endless) for _ in range(3)] == [datetime(2026, 1, day, 9) for day in (1, 2, 3)]
    assert latest(Repetition(datetime(2026, 1, 1, 9), ("FREQ=DAILY",))) is None


def test_an_occurrence_is_named_by_its_local_start() -> None:
    weekly = series("2026-03-16T09:00", "FREQ=WEEKLY")
    once = occurrence(weekly, "20260330T090000", BERLIN)
    assert once is not None
    assert once.starts_at == at("2026-03-30T09:00")
    assert occurrence(weekly, "20260331T090000", BERLIN) is None
    assert occurrence(weekly, "20260330", BERLIN) is None


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("FREQ=MINUTELY", "HOURLY, DAILY"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20270101", "COUNT or UNTIL"),
        ("FREQ=DAILY;COUNT=0", "COUNT from 1"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL from 1"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "never comes"),
        ("FREQ=DAILY;FREQ=DAILY", "RFC 5545"),
        ("every day", "RFC 5545"),
        ("", "RFC 5545"),
        ("FREQ=WEEKLY;BYDAY=XX", "RFC 5545"),
        ("FREQ=DAILY;UNTIL=soon", "local time or day"),
    ],
    ids=["minutely", "both-ends", "no-count", "no-interval", "never", "twice", "words", "empty", "no-day", "until"],
)
def test_a_rule_that_makes_no_sense_is_refused(rule: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        check_rule(rule, datetime(2026, 1, 1))


def test_until_is_told_in_utc_and_kept_in_local_time() -> None:
    rule = "FREQ=DAILY;UNTIL=20260330T065959Z"
    local = localised(rule, BERLIN, whole_days=False)
    assert local == "FREQ=DAILY;UNTIL=20260330T085959"
    assert zoned(local, BERLIN, whole_days=False) == rule
    last = list(moments(Repetition(datetime(2026, 3, 27, 9), (local,))))[-1]
    assert last == datetime(2026, 3, 29, 9)


RULES = st.builds(
    lambda freq, interval, end, by: ";".join(filter(None, [f"FREQ={freq}", f"INTERVAL={interval}", by, end])),
    st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
    st.integers(1, 5),
    st.sampled_from(["", "COUNT=1", "COUNT=7", "UNTIL=20271231T120000Z"]),
    st.sampled_from(["", "BYDAY=MO,FR", "BYMONTH=3,10", "BYDAY=SU;BYMONTH=3,10"]),
)
STARTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 6, 1)).map(lambda d: d.replace(second=0, microsecond=0))


@settings(max_examples=60, deadline=None)
@given(STARTS, RULES, st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Shanghai", "UTC"]))
def test_another_library_expands_our_files_to_the_same(start: datetime, rule: str, zone: str) -> None:
    begin = start.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    one = Activity(
        subject="S", kind="meeting", starts_at=begin, ends_at=begin + timedelta(minutes=30), timezone=zone, uid="s",
        rrule=localised(rule, ZoneInfo(zone), whole_days=False), recurring=True,
    )  # fmt: skip
    calendar = icalendar.Calendar.from_ical(written(CalendarContent([one], {}, {}, UNKNOWN, {})))
    low, high = datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 6, 1, tzinfo=UTC)
    theirs = {event["DTSTART"].dt.astimezone(UTC) for event in recurring_ical_events.of(calendar).between(low, high)}
    ours = {o.starts_at for o in expanded([one], ZoneInfo("UTC"), low, high)}
    assert ours == theirs


@settings(max_examples=100, deadline=None)
@given(STARTS, RULES, st.integers(0, 500), st.integers(1, 60))
def test_a_window_is_a_piece_of_the_whole(start: datetime, rule: str, skipped: int, width: int) -> None:
    repetition = Repetition(start, (localised(rule, UTC, whole_days=False),))
    low = start + timedelta(days=skipped)
    high = low + timedelta(days=width)
    whole = [one for one in moments(repetition, None, high) if one >= low]  # type: ignore[operator]
    assert list(moments(repetition, low, high)) == whole
    assert whole == sorted(set(whole))


@given(st.dates(date(1900, 1, 1)) | STARTS)
def test_keys_are_read_as_they_are_written(moment: date | datetime) -> None:
    assert moment_of(key_of(moment)) == moment


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6",
        "FREQ=HOURLY;BYYEARDAY=10;BYMONTH=2",
        "FREQ=DAILY;INTERVAL=7;BYDAY=MO",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=40;UNTIL=20991231",
    ],
)
def test_a_rule_that_never_comes_is_refused(rule: str) -> None:
    with pytest.raises(BadInput, match="never comes"):
        check_rule(rule, datetime(2031, 3, 25, 9))


def test_a_rare_or_ended_rule_is_taken() -> None:
    rare = "FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO"
    check_rule(rare, datetime(2031, 3, 25, 9))
    assert next(iter(moments(Repetition(datetime(2031, 3, 25, 9), (rare,)), datetime(2031, 3, 26)))) == datetime(
        2044, 2, 29
    )
    ended = "FREQ=WEEKLY;UNTIL=20200101"
    check_rule(ended, datetime(2031, 3, 25, 9))
    assert list(moments(Repetition(datetime(2031, 3, 25, 9), (ended,)), datetime(2031, 3, 26))) == []


def test_what_repeats_without_end_is_followed_for_centuries() -> None:
    found = list(moments(Repetition(datetime(2032, 2, 29, 9), ("FREQ=YEARLY",))))
    assert found[:3] == [datetime(2032, 2, 29, 9), datetime(2036, 2, 29, 9), datetime(2040, 2, 29, 9)]
    assert 2132 <= found[-1].year <= 2532
    assert list(moments(Repetition(datetime(2032, 2, 29, 9), ("FREQ=DAILY",)), datetime(9000, 1, 1))) == []


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=YEARLY;BYWEEKNO=53,-1;BYDAY=TH",
        "FREQ=MONTHLY;BYMONTHDAY=-1,29;BYMONTH=2",
        "FREQ=WEEKLY;INTERVAL=3;BYDAY=MO,SU;WKST=SU;UNTIL=22001231",
        "FREQ=YEARLY;BYYEARDAY=366;COUNT=30",
    ],
)
def test_times_are_those_of_another_start_in_the_calendar(rule: str) -> None:
    start = datetime(2031, 3, 25, 9)
    plain = rrulestr(rule, dtstart=start).between(start + timedelta(1), datetime(2105, 1, 1))
    assert list(moments(Repetition(start, (rule,)), start + timedelta(1), datetime(2105, 1, 1))) == plain
    assert plain


def test_rules_that_say_the_same() -> None:
    first = normalised("FREQ=WEEKLY;COUNT=4;INTERVAL=1;BYDAY=MO,+1WE;BYHOUR=09")
    assert first == normalised("RRULE:COUNT=4;freq=weekly;BYHOUR=9;BYDAY=1WE,MO;")
    assert first != normalised("FREQ=WEEKLY;COUNT=4;BYDAY=MO,-1WE;BYHOUR=9")


def test_a_start_that_clocks_skip_is_kept_as_it_was_said() -> None:
    rule = "FREQ=DAILY;COUNT=3"
    said = skipped_start(datetime(2030, 3, 31, 2, 30), BERLIN, rule)
    one = series("2030-03-31T02:30", rule, rdates=said)
    assert local_starts(one, "2030-03-30", "2030-04-20", BERLIN) == ["03-31 03:30", "04-01 02:30", "04-02 02:30"]
    assert skipped_start(datetime(2030, 3, 31, 3, 30), BERLIN, rule) == ()
    assert skipped_start(datetime(2030, 10, 27, 2, 30), BERLIN, rule) == ()
    assert skipped_start(datetime(2030, 3, 31, 2, 30), BERLIN, "FREQ=HOURLY") == ()
    assert skipped_start(datetime(2030, 3, 31, 2, 30), BERLIN, "") == ()
