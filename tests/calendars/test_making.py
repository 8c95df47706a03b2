"""``crmkit calendar``: calendars are made and changed on the command line."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Run, _folder, run
from tests.conftest import Copied

__all__ = ["_folder", "run"]

WEEK = ("--hours", "monday-friday=08:00-12:00,12:45-17:00", "--hours", "saturday = 09:00-12:00")


def make(run: Run) -> None:
    """Make the calendar of a shop."""
    made = run("calendar", "add", "Shop", "--timezone", "Europe/Berlin", *WEEK, "--holidays", "DE-HH")
    assert made.exit_code == 0, made.stderr


@pytest.fixture(params=["sqlite", "postgresql"])
def crm(
    request: pytest.FixtureRequest, run: Run, _folder: None, copied: Copied, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database with the calendar of a shop."""
    monkeypatch.setenv("CRMKIT_DB", copied(request.param, "calendar", run, make))


def minutes(run: Run, first: str, last: str) -> list[int]:
    told = json.loads(run("calendar", "hours", "Shop", "--from", first, "--to", last, "--json").stdout)
    return [day["minutes"] for day in told["days"]]


def test_hours_and_holidays_count(run: Run, crm: None) -> None:
    # From Thursday to Sunday; Friday the first of May is a holiday.
    assert minutes(run, "2026-04-30", "2026-05-03") == [495, 0, 180, 0]


def test_a_day_of_its_own_comes_and_goes(run: Run, crm: None) -> None:
    assert run("calendar", "day", "Shop", "2026-04-30").exit_code == 0
    assert run("calendar", "day", "Shop", "2026-05-01", "10:00-12:00", "13:00-14:00").exit_code == 0
    assert minutes(run, "2026-04-30", "2026-05-01") == [0, 180]
    back = json.loads(run("calendar", "day", "Shop", "2026-04-30", "--usual", "--json").stdout)
    assert back["exceptions"] == {"2026-05-01": [["10:00", "12:00"], ["13:00", "14:00"]]}
    assert minutes(run, "2026-04-30", "2026-05-01") == [495, 180]


def test_a_change_leaves_the_other_days(run: Run, crm: None) -> None:
    changed = json.loads(
        run("calendar", "change", "Shop", "--hours", "friday-saturday=10:00-11:00", "--holidays", "", "--json").stdout
    )
    assert (changed["holidays"], changed["timezone"]) == ("", "Europe/Berlin")
    assert minutes(run, "2026-04-30", "2026-05-03") == [495, 60, 60, 0]
    assert run("calendar", "change", "Shop", "--timezone", "Asia/Shanghai").exit_code == 0
    assert json.loads(run("calendar", "show", "Shop", "--json").stdout)["timezone"] == "Asia/Shanghai"


def test_days_may_run_over_the_end_of_the_week(run: Run, crm: None) -> None:
    made = json.loads(run("calendar", "add", "Night", "--hours", "saturday-monday=22:00-23:00", "--json").stdout)
    assert sorted(made["hours"]) == ["monday", "saturday", "sunday"]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("add", "Two", "--hours", "monday"), 3, "expected DAYS=HOURS"),
        (("add", "Two", "--hours", "monday-sonday=08:00-12:00"), 3, "did you mean sunday"),
        (("add", "Two", "--hours", "monday=8"), 3, "expected hours such as 08:00-12:00"),
        (("add", "Two", "--hours", "monday=08:00-12:00,11:00-13:00"), 3, "a time after 08:00 - 12:00"),
        (("add", "Two", "--holidays", "DE-XX"), 3, "DE-XX"),
        (("add", "Shop"), 3, "Shop"),
        (("change", "Shop"), 2, "Say what changes"),
        (("change", "Shopp", "--holidays", "CN"), 4, "did you mean Shop"),
        (("day", "Shop", "2026-13-01"), 3, "2026-13-01"),
        (("day", "Shop", "2026-12-24", "25:00-26:00"), 3, "a time from 00:00"),
        (("day", "Shop", "2026-12-24", "08:00-12:00", "--usual"), 2, "takes hours back"),
    ],
)
def test_what_makes_no_sense_is_refused(run: Run, crm: None, words: tuple[str, ...], code: int, told: str) -> None:
    before = run("calendar", "show", "Shop", "--json").stdout
    refused = run("calendar", *words)
    assert (refused.exit_code, told in refused.stderr.replace("\n", " ")) == (code, True), refused.stderr
    assert run("calendar", "show", "Shop", "--json").stdout == before
    assert len(json.loads(run("calendar", "list", "--json").stdout)) == 1
