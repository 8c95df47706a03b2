from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.errors import BadInput
from crmkit.core.values import (
    FixedClock,
    PartialDate,
    SystemClock,
    parse_date,
    parse_instant,
    parse_partial_date,
    time_zone,
    today,
)

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize("text", ["1980", "1980-05", "1980-05-17", "--05-17", "--05", "---17", "--02-29", "2000-02-29"])
def test_partial_dates_read_and_write_their_canonical_form(text: str) -> None:
    assert str(parse_partial_date(text)) == text
    assert parse_partial_date(f" {text} ") == parse_partial_date(text)


def test_the_basic_forms_of_iso_8601_are_read() -> None:
    assert parse_partial_date("19800517") == PartialDate(1980, 5, 17)
    assert parse_partial_date("--0517") == PartialDate(None, 5, 17)


@pytest.mark.parametrize(
    "text",
    [
        *("1980-13", "1980-02-30", "1981-02-29", "1900-02-29", "1980-05-00", "0000"),
        *("--02-30", "--13", "--00", "---32", "---00"),
    ],
)
def test_impossible_dates_are_refused(text: str) -> None:
    with pytest.raises(BadInput, match="in no calendar"):
        parse_partial_date(text)


@pytest.mark.parametrize("text", ["", "80", "17.05.1980", "1980-5-17", "--5", "-05", "1980--17", "May", "1980-05-17T0"])
def test_other_texts_are_no_partial_date(text: str) -> None:
    with pytest.raises(BadInput, match="1980-05-17"):
        parse_partial_date(text)


def test_a_partial_date_needs_a_part_and_a_day_of_a_year_its_month() -> None:
    for parts in ((None, None, None), (1980, None, 17), (0, 1, 1), (10000, 1, 1)):
        with pytest.raises(BadInput, match="possible"):
            PartialDate(*parts)


def test_only_whole_dates_become_dates_and_none_are_ordered() -> None:
    assert PartialDate(1980, 5, 17).to_date() == date(1980, 5, 17)
    assert PartialDate(1980, 5).to_date() is PartialDate(None, 5, 17).to_date() is None
    with pytest.raises(TypeError):
        _ = PartialDate(1980) < PartialDate(1981)


@given(st.dates())
def test_every_date_survives_as_a_partial_date(day: date) -> None:
    partial = PartialDate.of(day)
    assert str(partial) == day.isoformat()
    assert parse_partial_date(str(partial)).to_date() == day


@given(*[st.none() | st.integers(-1, top) for top in (10000, 13, 32)])
def test_whatever_partial_date_exists_survives_its_text(year: int | None, month: int | None, day: int | None) -> None:
    try:
        partial = PartialDate(year, month, day)
    except BadInput:
        return
    assert parse_partial_date(str(partial)) == partial


def test_the_fixed_clock_moves_only_when_told() -> None:
    clock = FixedClock(datetime(2024, 5, 17, 12, tzinfo=timezone(timedelta(hours=2))))
    assert clock.now() == clock.now() == datetime(2024, 5, 17, 10, tzinfo=UTC)
    assert clock.now().tzinfo is UTC
    assert clock.advance(days=1, minutes=5) == clock.now() == datetime(2024, 5, 18, 10, 5, tzinfo=UTC)
    clock.set(datetime(2000, 1, 1, tzinfo=UTC))
    assert clock.now() == datetime(2000, 1, 1, tzinfo=UTC)
    with pytest.raises(BadInput, match="time zone"):
        clock.set(datetime(2000, 1, 1))
    with pytest.raises(BadInput, match="time zone"):
        FixedClock(datetime(2000, 1, 1))


def test_the_system_clock_is_aware_and_in_utc() -> None:
    assert SystemClock().now().utcoffset() == timedelta(0)


def test_today_depends_on_the_zone() -> None:
    clock = FixedClock(datetime(2024, 12, 31, 23, 30, tzinfo=UTC))
    assert today(clock, UTC) == date(2024, 12, 31)
    assert today(clock, time_zone("Asia/Shanghai")) == date(2025, 1, 1)


@pytest.mark.parametrize("name", ["Nowhere/City", "", "../etc/passwd", "/etc/passwd", "Europe"])
def test_unknown_time_zones_are_refused(name: str) -> None:
    with pytest.raises(BadInput, match="Europe/Berlin"):
        time_zone(name)


@pytest.mark.parametrize(
    ("raw", "instant"),
    [
        ("2024-05-17T09:30:00Z", "2024-05-17T09:30:00+00:00"),
        ("2024-05-17t09:30:00z", "2024-05-17T09:30:00+00:00"),
        ("2024-05-17 09:30:00+05:30", "2024-05-17T04:00:00+00:00"),
        ("2024-05-17T09:30", "2024-05-17T07:30:00+00:00"),
        ("2024-05-17", "2024-05-16T22:00:00+00:00"),
        ("20240517T093000.25Z", "2024-05-17T09:30:00.250000+00:00"),
        # Skipped at 02:00 on 31 March: read with the offset from before, so it becomes 03:30 summer time.
        ("2024-03-31T02:30", "2024-03-31T01:30:00+00:00"),
        # Comes twice on 27 October: the first one, still summer time.
        ("2024-10-27T02:30", "2024-10-27T00:30:00+00:00"),
    ],
)
def test_instants_are_read_in_the_zone_and_kept_in_utc(raw: str, instant: str) -> None:
    read = parse_instant(raw, BERLIN)
    assert read.isoformat() == instant
    assert read.tzinfo is UTC


@pytest.mark.parametrize(
    "raw",
    [
        *("", "now", "2024-05-17X10:00", "2024-13-01T00:00", "17.05.2024 10:00", "2024-05-17T25:00"),
        "0001-01-01T00:00+10:00",
    ],
)
def test_other_texts_are_no_instant(raw: str) -> None:
    with pytest.raises(BadInput, match="ISO 8601"):
        parse_instant(raw, UTC)


@given(st.datetimes(timezones=st.just(UTC)))
def test_every_instant_survives_its_text(instant: datetime) -> None:
    assert parse_instant(instant.isoformat(), BERLIN) == instant


@pytest.mark.parametrize(
    "raw",
    [
        *("2024-05-07", "2024/05/07", "2024/5/7", "07.05.2024", "7.5.2024", "7. 5. 2024"),
        *("2024年5月7日", "2024 年 05 月 07 号"),
    ],
)
def test_dates_are_read_in_their_unambiguous_forms(raw: str) -> None:
    assert parse_date(raw) == date(2024, 5, 7)


def test_a_form_settles_what_is_ambiguous_and_is_then_the_only_one() -> None:
    assert parse_date("05/06/2024", "%d/%m/%Y") == date(2024, 6, 5)
    assert parse_date("05/06/2024", "%m/%d/%Y") == date(2024, 5, 6)
    with pytest.raises(BadInput, match="in the format %d/%m/%Y"):
        parse_date("2024-06-05", "%d/%m/%Y")


@pytest.mark.parametrize("raw", ["05/06/2024", "17/05/2024", "5/6/24", "05-06-2024"])
def test_day_and_month_between_slashes_are_refused_without_a_form(raw: str) -> None:
    with pytest.raises(BadInput, match="which number is day and month"):
        parse_date(raw)


@pytest.mark.parametrize("raw", ["2024-02-30", "30.02.2024", "2024年13月1日", "0000-01-01"])
def test_impossible_days_are_refused(raw: str) -> None:
    with pytest.raises(BadInput, match="in no calendar"):
        parse_date(raw)


@pytest.mark.parametrize("raw", ["", "today", "2024", "2024-05", "24-05-17x", "2024-05-17T10:00"])
def test_other_texts_are_no_date(raw: str) -> None:
    with pytest.raises(BadInput, match="2024-05-17"):
        parse_date(raw)


@given(st.dates())
def test_every_date_survives_its_forms(day: date) -> None:
    for text in (
        day.isoformat(),
        f"{day.year:04d}/{day.month}/{day.day}",
        f"{day.day}.{day.month}.{day.year:04d}",
        f"{day.year:04d}年{day.month}月{day.day}日",
    ):
        assert parse_date(text) == day
