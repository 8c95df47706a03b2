"""Calendars kept in the database, on both, and ``crmkit calendar``."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from crmkit.cli.program import program
from crmkit.core.entity import change
from crmkit.core.errors import NotFound, ValidationFailed
from crmkit.core.staff import User
from crmkit.core.working_calendar import WorkingCalendar
from crmkit.core.working_hours import WEEKDAYS
from crmkit.runtime.crm import Crm
from crmkit.services.working_time import deadline, find_calendar, list_calendars, working_time

Run = Callable[..., Result]


def hamburg() -> WorkingCalendar:
    return WorkingCalendar(
        name="Hamburg",
        timezone="Europe/Berlin",
        hours={day: [["08:00", "12:00"], ["12:45", "17:00"]] for day in WEEKDAYS[:5]},
        holidays="DE-HH",
        exceptions={"2026-12-24": []},
    )


def test_a_stored_calendar_counts_as_the_one_that_was_saved(crm: Crm) -> None:
    with crm.session() as session:
        session.add(hamburg())
    with crm.session(reads=True) as session:
        monday = datetime(2026, 3, 16, 7, tzinfo=UTC)
        assert working_time(session, "Hamburg", monday, monday + timedelta(days=7)) == timedelta(hours=41, minutes=15)
        assert deadline(session, "Hamburg", monday, timedelta(hours=8)) == datetime(2026, 3, 16, 15, 45, tzinfo=UTC)
        services = crm.services_for(session)
        christmas = datetime(2026, 12, 24, tzinfo=UTC)
        assert services.working_time("Hamburg", christmas, christmas + timedelta(days=4)) == timedelta(0)
        assert services.deadline("Hamburg", christmas, timedelta(minutes=1)) == datetime(2026, 12, 28, 7, 1, tzinfo=UTC)
        with pytest.raises(NotFound, match=r"did you mean Hamburg\?"):
            find_calendar(session, "Hamborg")


def test_hours_that_cannot_be_read_are_not_saved(crm: Crm) -> None:
    with crm.session() as session:
        session.add(hamburg())
        session.flush()
        stored = find_calendar(session, "Hamburg")
    wrong = {**stored.hours, "monday": [["9", "12:00"]], "sunnday": []}
    with pytest.raises(ValidationFailed) as caught, crm.session() as session:
        session.update(change(stored, hours=wrong, holidays="DE-ZZ"))
    assert [error.path for error in caught.value.errors] == [
        "working_calendar.hours.monday[0][0]",
        "working_calendar.hours.sunnday",
        "working_calendar.holidays",
    ]


def test_everybody_works_with_the_same_calendars(crm: Crm) -> None:
    with crm.session() as session:
        session.add(hamburg(), User(login="anna", name="Anna"))
    with crm.session(crm.actor("anna")) as session:
        assert [calendar.name for calendar in list_calendars(session)] == ["Hamburg"]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database with one calendar, which tests only read."""
    address = f"sqlite:///{tmp_path_factory.mktemp('calendar') / 'shop.db'}"
    with Crm.open(address, plugins=[]) as crm, crm.session() as session:
        session.add(hamburg())
    return address


@pytest.fixture
def run(shop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(program, ["--db", shop, "calendar", *words])


def test_the_command_shows_calendars_and_counts_hours(run: Run) -> None:
    assert "Europe/Berlin" in run("list").stdout
    [listed] = json.loads(run("list", "--json").stdout)
    assert (listed["name"], listed["holidays"]) == ("Hamburg", "DE-HH")
    shown = run("show", "Hamburg").stdout
    assert "08:00-12:00, 12:45-17:00" in shown
    assert "DE-HH" in shown
    assert json.loads(run("show", "Hamburg", "--json").stdout)["next_holidays"]
    hours: Any = run("hours", "Hamburg", "--from", "2026-03-28", "--to", "2026-04-06")
    assert hours.exit_code == 0, hours.stderr
    assert "33:00" in hours.stdout  # four days before Good Friday, none after
    document = json.loads(run("hours", "Hamburg", "--from", "2026-04-02", "--to", "2026-04-03", "--json").stdout)
    assert [day["minutes"] for day in document["days"]] == [495, 0]
    assert document["minutes"] == 495


def test_what_the_command_refuses(run: Run) -> None:
    unknown = run("show", "Hamborg")
    assert (unknown.exit_code, "did you mean Hamburg?" in unknown.stderr) == (4, True)
    backwards = run("hours", "Hamburg", "--from", "2026-04-03", "--to", "2026-04-02")
    assert (backwards.exit_code, "comes before" in backwards.stderr) == (3, True)
