"""Schedules: due by the application's clock, once over all workers, and made up for by their policy."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.errors import ConfigError
from crmkit.core.values.clock import FixedClock
from crmkit.hooks.jobs import CatchUp, Job, ScheduleDeclaration
from crmkit.runtime.crm import Crm
from crmkit.runtime.jobs import schedules
from crmkit.runtime.jobs.own import OWN_JOBS, RULES
from crmkit.runtime.jobs.schedules import check_rule, due_times, enqueue_due, next_due
from tests.conftest import OpenCrm
from tests.jobs.conftest import Plugin

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def schedule(cron: str = "0 3 * * *", **details: Any) -> ScheduleDeclaration:
    details.setdefault("name", "loyalty.nightly")
    return ScheduleDeclaration(job="loyalty.expire", cron="" if "at" in details else cron, **details)


class Expiring:
    """A plugin with schedules, and the times for which its job ran."""

    def __init__(self, *schedules: ScheduleDeclaration) -> None:
        self.ran: list[Any] = []
        self.plugin = Plugin("loyalty", *schedules, expire=self._expire)

    def _expire(self, ctx: Any, job: Job) -> None:
        self.ran.append(job.due_at)


def test_a_schedule_is_due_when_its_time_has_come_and_once(open_crm: OpenCrm, clock: FixedClock) -> None:
    expiring = Expiring(schedule(payload={"points": 5}))
    crm = open_crm(expiring.plugin)
    assert crm.jobs.run_due("loyalty") == []
    clock.set(at("2026-03-16T02:59"))
    assert crm.jobs.run_due("loyalty") == []
    clock.set(at("2026-03-16T03:00"))
    (ran,) = crm.jobs.run_due("loyalty")
    assert (ran.name, ran.state) == ("loyalty.expire", "done")
    assert crm.jobs.run_due("loyalty") == []
    assert expiring.ran == [at("2026-03-16T03:00")]


def test_a_schedule_of_an_instant_is_due_once(open_crm: OpenCrm, clock: FixedClock) -> None:
    expiring = Expiring(schedule(at=datetime(2026, 3, 20, 10, tzinfo=BERLIN)))
    crm = open_crm(expiring.plugin)
    for _ in range(3):
        crm.jobs.run_due("loyalty")
        clock.advance(days=4)
    crm.jobs.run_due("loyalty")
    assert expiring.ran == [at("2026-03-20T09:00")]


@pytest.mark.parametrize(
    ("catch_up", "expected"),
    [("once", 1), ("each", 30), ("skip", 0)],
    ids=["once", "each", "skip"],
)
def test_thirty_days_without_a_worker(open_crm: OpenCrm, clock: FixedClock, catch_up: CatchUp, expected: int) -> None:
    expiring = Expiring(schedule(catch_up=catch_up))
    crm = open_crm(expiring.plugin)
    crm.jobs.run_due("loyalty")
    clock.advance(days=30)
    crm.jobs.run_due("loyalty")
    last = at("2026-04-14T03:00")
    assert expiring.ran == [last - timedelta(days=days) for days in reversed(range(expected))]
    # From then on it is punctual again.
    clock.set(at("2026-04-15T03:00:10"))
    crm.jobs.run_due("loyalty")
    assert expiring.ran[expected:] == [at("2026-04-15T03:00")]


def test_many_missed_times_are_all_made_up_for(
    open_crm: OpenCrm, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedules, "AT_ONCE", 20)
    expiring = Expiring(schedule("*/10 * * * *", catch_up="each"), schedule("* * * * *", name="loyalty.often"))
    crm = open_crm(expiring.plugin)
    crm.jobs.run_due("loyalty")
    clock.advance(hours=10)
    crm.jobs.run_due("loyalty")
    assert sorted(expiring.ran) == sorted(
        [*(at("2026-03-15T12:00") + timedelta(minutes=10 * n) for n in range(1, 61)), clock.now()]
    )


def test_several_workers_enqueue_each_time_once(open_crm: OpenCrm, clock: FixedClock) -> None:
    expiring = Expiring(*(schedule(name=f"loyalty.s{n}", catch_up="each") for n in range(5)))
    crms = [open_crm(expiring.plugin) for _ in range(4)]
    enqueue_due(crms[0])
    clock.advance(days=3)
    made: list[int] = []
    begin = threading.Barrier(len(crms))

    def look(crm: Crm) -> None:
        begin.wait()
        made.append(enqueue_due(crm))

    threads = [threading.Thread(target=look, args=(crm,)) for crm in crms]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(crms[0].jobs.list(name="loyalty.expire", limit=1_000)) == 15
    assert sum(made) == len(crms[0].jobs.list(limit=1_000))


def test_a_schedule_that_is_new_begins_now(open_crm: OpenCrm, clock: FixedClock) -> None:
    open_crm().jobs.run_due()
    clock.advance(days=30)
    expiring = Expiring(schedule(catch_up="each"))
    open_crm(expiring.plugin).jobs.run_due("loyalty")
    assert expiring.ran == []


def test_the_installation_changes_and_stops_schedules(open_crm: OpenCrm, clock: FixedClock) -> None:
    expiring = Expiring(schedule(), schedule(name="loyalty.weekly"))
    settings = {
        "timezone": "Europe/Berlin",
        "schedules": {"loyalty.nightly": {"cron": "30 4 * * *"}, "loyalty.weekly": {"off": True}},
    }
    crm = open_crm(expiring.plugin, config=settings)
    crm.jobs.run_due("loyalty")
    clock.advance(days=1)
    crm.jobs.run_due("loyalty")
    assert expiring.ran == [at("2026-03-16T03:30")]
    with pytest.raises(ConfigError, match=r"no schedule loyalty.nigthly; did you mean loyalty.nightly\?"):
        open_crm(expiring.plugin, config={"schedules": {"loyalty.nigthly": {"off": True}}})


@pytest.mark.parametrize(
    ("after", "rule", "expected"),
    [
        # Clocks go from 2:00 to 3:00: the night has no 2:30, and the work is done when it would have been over.
        ("2026-03-28T12:00", "30 2 * * *", ["2026-03-29T01:00", "2026-03-30T00:30"]),
        # Clocks go from 3:00 back to 2:00: 2:30 comes twice, and the work once.
        ("2026-10-24T12:00", "30 2 * * *", ["2026-10-25T00:30", "2026-10-26T01:30"]),
        ("2026-03-28T23:30", "0 * * * *", ["2026-03-29T00:00", "2026-03-29T01:00", "2026-03-29T02:00"]),
        ("2026-10-24T23:30", "0 * * * *", ["2026-10-25T00:00", "2026-10-25T01:00", "2026-10-25T02:00"]),
    ],
    ids=["skipped", "twice", "hourly forward", "hourly back"],
)
def test_days_on_which_clocks_change(after: str, rule: str, expected: list[str]) -> None:
    one, since = schedule(rule), at(after)
    found = []
    while len(found) < len(expected):
        due = next_due(one, since, BERLIN)
        assert due is not None
        found.append(due)
        since = due
    assert found == [at(text) for text in expected]


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1)),
    st.timedeltas(timedelta(0), timedelta(days=40)),
    st.timedeltas(timedelta(0), timedelta(days=40)),
    st.sampled_from(["0 3 * * *", "30 2 * * *", "15 */5 * * 1-5", "0 0 1 * *", "59 23 * * sun"]),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]),
)
def test_looking_often_or_once_finds_the_same_times(
    start: datetime, one: timedelta, other: timedelta, rule: str, zone: str
) -> None:
    begin = start.replace(tzinfo=UTC)
    middle, end = begin + one, begin + one + other
    found = [
        list(due_times(schedule(rule), a, b, ZoneInfo(zone))) for a, b in ((begin, middle), (middle, end), (begin, end))
    ]
    assert found[0] + found[1] == found[2]
    assert all(begin < due <= end for due in found[2])


@pytest.mark.parametrize("rule", ["", "* * *", "every day", "0 3 * * * *"], ids=["none", "three", "words", "six"])
def test_rules_that_are_none_are_refused(rule: str) -> None:
    with pytest.raises(ConfigError, match=r"loyalty\.nightly"):
        schedule(rule)


def test_a_rule_that_has_the_form_and_no_meaning_is_refused_by_the_worker() -> None:
    with pytest.raises(ConfigError, match=r"schedule loyalty\.nightly: cron 99 3"):
        check_rule(schedule("99 3 * * *"), BERLIN)
    with pytest.raises(ConfigError, match=r"at needs a time with its offset"):
        schedule(at=datetime(2026, 1, 1))


def test_a_schedule_names_a_job_that_is_there() -> None:
    wrong = ScheduleDeclaration(name="loyalty.nightly", job="loyalty.expre", cron="0 3 * * *")
    with pytest.raises(ConfigError, match=r"no job loyalty.expre; did you mean loyalty.expire\?"):
        Crm.open(plugins=[Expiring(wrong).plugin])


def test_the_core_does_its_own_work_in_the_background(open_crm: OpenCrm, clock: FixedClock) -> None:
    crm = open_crm(config={"mail": {"mailboxes": []}})
    crm.jobs.run_due()
    clock.advance(days=1)
    ran = crm.jobs.run_due()
    assert {(job.name, job.state) for job in ran} == {(name, "done") for name in RULES}
    assert {job.name for job in OWN_JOBS} - set(RULES) == {"crmkit.fetch_mail"}
    mailbox = {"name": "service", "host": "127.0.0.1", "user": "u", "password": "p"}
    fetching = open_crm(config={"mail": {"mailboxes": [mailbox]}})
    assert set(fetching.jobs.schedules) == {*RULES, "crmkit.fetch_mail"}
