"""The files that a calendar library is tested with: each is taken in or refused with a clear error, none ends in a crash.

They come with the library: ``icalendar/tests`` of the installed package.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import pytest

import crmkit_sfa
from crmkit import Crm
from crmkit.core.values.clock import FixedClock
from crmkit.plugin import BadInput
from crmkit.testing.making import MakeCrm
from crmkit_sfa.activities.entities import Activity
from crmkit_sfa.calendars.feeds import calendar_feed
from crmkit_sfa.calendars.importing import CalendarProblems, import_calendar
from crmkit_sfa.calendars.reading import read_calendar

CORPUS = Path(str(files("icalendar"))) / "tests"
FILES = sorted(CORPUS.glob("*/*.ics"))
NAMES = [path.relative_to(CORPUS).as_posix() for path in FILES]
UNREADABLE = 8


@pytest.fixture(scope="module")
def two() -> Iterator[tuple[Crm, Crm]]:
    """Two CRMs in memory; what a test writes it takes back."""
    making = MakeCrm(FixedClock(datetime(2026, 3, 20, 8, tzinfo=UTC)))
    config = {"timezone": "Europe/Berlin"}
    yield making(plugins=[crmkit_sfa], config=config), making(plugins=[crmkit_sfa], config=config)
    making.close()


def test_the_corpus_is_there() -> None:
    assert len(FILES) > 150


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_a_file_is_read_or_refused(path: Path) -> None:
    content = path.read_bytes()
    try:
        read = read_calendar(content, "Europe/Berlin")
    except BadInput:
        return
    for problem in read.problems:
        text = str(problem.message())
        assert text.startswith(problem.component)
        assert problem.component.startswith(("VEVENT ", "VTODO ", "VCALENDAR"))
        assert "Traceback" not in text
        assert len(text) < 700
    assert read_calendar(content, "Europe/Berlin") == read


def test_few_files_cannot_be_read_at_all() -> None:
    refused = 0
    for path in FILES:
        try:
            read_calendar(path.read_bytes(), "UTC")
        except BadInput:
            refused += 1
    assert refused <= UNREADABLE


SAID = [path for path in FILES if b"DTSTART" in path.read_bytes() or b"BEGIN:VTODO" in path.read_bytes()]


@pytest.mark.parametrize("path", SAID, ids=[path.relative_to(CORPUS).as_posix() for path in SAID])
def test_again_and_out_and_in_change_nothing(two: tuple[Crm, Crm], path: Path) -> None:
    crm, other = two
    content = path.read_bytes()
    with crm.session() as session:
        ctx = crm.context(session, "sfa")
        try:
            first = import_calendar(ctx, content, skip=True)
        except CalendarProblems:
            pytest.fail("what is wrong is left out, not raised")
        except BadInput:
            return
        if not first.created:
            assert first.skipped or first.ignored or not read_calendar(content, "UTC").entries
            return
        again = import_calendar(ctx, content, skip=True)
        out = calendar_feed(ctx).content
        back = import_calendar(ctx, out)
        ours = [told(one) for one in session.list(Activity, order="uid,occurrence")]
        session.rollback()
    assert (again.created, again.updated, again.outdated) == (0, 0, 0)
    assert (back.created, back.updated, back.outdated, back.problems) == (0, 0, 0, ())
    with other.session() as session:
        ctx = other.context(session, "sfa")
        taken = import_calendar(ctx, out)
        assert calendar_feed(ctx).content == out
        theirs = [told(one) for one in session.list(Activity, order="uid,occurrence")]
        session.rollback()
    assert taken.created == first.created
    assert theirs == ours


def told(one: Activity) -> tuple[object, ...]:
    return (
        one.uid, one.occurrence, one.kind, one.subject, one.description, one.location, one.status, one.priority, one.sequence,
        one.starts_at, one.ends_at, one.starts_on, one.ends_on, one.due_at, one.due_on, one.timezone, one.rrule, one.rdates,
        one.exdates, one.recurs_until, one.latitude, one.longitude, one.ical_properties, one.stamped_at,
    )  # fmt: skip
