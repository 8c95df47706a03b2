"""Reminders: each once, through outages, crashes, jumps of the clock and two workers."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crmkit_sfa
from crmkit import Crm
from crmkit.core.staff import User
from crmkit.core.values.clock import FixedClock
from crmkit.plugin import CrmError, change, hookimpl
from crmkit.testing.making import MakeCrm
from crmkit_sfa.activities import reminding
from crmkit_sfa.activities.completing import complete
from crmkit_sfa.activities.due_reminders import due_reminders, next_due
from crmkit_sfa.activities.entities import Activity, ActivityParticipant, ActivityReminder, ReminderNotice
from crmkit_sfa.activities.notices import mark_seen, notices
from crmkit_sfa.activities.planning import move, plan
from crmkit_sfa.activities.reminding import fire_batch

START = datetime(2026, 3, 20, 8, tzinfo=UTC)
NINE = datetime(2026, 3, 23, 8, tzinfo=UTC)


@pytest.fixture
def lite(make_crm: MakeCrm, clock: FixedClock) -> Crm:
    clock.set(START)
    crm = make_crm(plugins=[crmkit_sfa], config={"timezone": "Europe/Berlin"})
    crm.jobs.run_due("sfa")
    return crm


def planned(crm: Crm, subject: str = "S", **details: Any) -> Activity:
    with crm.session() as session:
        made = plan(crm.context(session, "sfa"), subject, **{"kind": "meeting", "starts_at": NINE, **details})
    with crm.session(reads=True) as session:
        return session.get(Activity, made.id)


def fired(crm: Crm) -> list[tuple[datetime, datetime, bool]]:
    with crm.session(reads=True) as session:
        return [(n.occurrence_at, n.due_at, n.late) for n in session.list(ReminderNotice, order="due_at")]


def test_several_fire_each_when_it_is_due(lite: Crm, clock: FixedClock) -> None:
    planned(lite, reminders=[60, 15, NINE - timedelta(days=1)])
    counts = []
    for at in (
        NINE - timedelta(days=2),
        NINE - timedelta(days=1),
        NINE - timedelta(minutes=60),
        NINE - timedelta(minutes=15),
        NINE,
    ):
        clock.set(at)
        lite.jobs.run_due("sfa")
        counts.append(len(fired(lite)))
    assert counts == [0, 1, 2, 3, 3]
    assert not any(late for _, _, late in fired(lite))


def test_after_thirty_days_each_fires_once_and_is_late(crm: Crm, clock: FixedClock) -> None:
    clock.set(START)
    crm.jobs.run_due("sfa")
    planned(crm, rrule="FREQ=DAILY", reminders=[15], timezone="Europe/Berlin")
    planned(crm, "Once", reminders=[60])
    clock.set(NINE + timedelta(days=30, minutes=-70))  # ten to nine there: summer time
    crm.jobs.run_due("sfa")
    clock.advance(minutes=1)
    crm.jobs.run_due("sfa")
    found = fired(crm)
    assert len(found) == len(set(found)) == 32
    assert [late for _, _, late in found].count(False) == 1  # today's is five minutes old
    # Nine o'clock, before and after the clocks went forward.
    assert {start.hour for start, due, _ in found if start - due == timedelta(minutes=15)} == {8, 7}


def test_a_crash_between_batches_loses_and_doubles_nothing(
    lite: Crm, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reminding, "AT_ONCE", 2)
    for number in range(5):
        planned(lite, f"S{number}", reminders=[15])
    clock.set(NINE)
    calls = Counter[str]()

    def dies(ctx: Any) -> int:
        calls["batch"] += 1
        if calls["batch"] == 2:
            fire_batch(ctx)
            raise KeyboardInterrupt  # as when the process is killed: after the writes, before the commit
        return fire_batch(ctx)

    monkeypatch.setattr(reminding, "fire_batch", dies)
    with pytest.raises(KeyboardInterrupt):
        lite.jobs.run_due("sfa")
    assert len(fired(lite)) == 2
    for _ in range(3):
        clock.advance(minutes=10)
        lite.jobs.run_due("sfa")
    found = fired(lite)
    assert (len(found), len({start for start, _, _ in found})) == (5, 1)


def test_of_two_workers_the_database_lets_one(own_sales_url: str, make_crm: MakeCrm, clock: FixedClock) -> None:
    clock.set(START)
    crm = make_crm(plugins=[crmkit_sfa], url=own_sales_url)
    for number in range(20):
        planned(crm, f"S{number}", reminders=[15])
    clock.set(NINE)
    both, failed = threading.Barrier(2), []

    def work() -> None:
        try:
            with crm.session() as session:
                ctx = crm.context(session, "sfa")
                due = reminding._due(ctx, clock.now())
                both.wait()  # each has seen the same that is due
                assert due
                fire_batch(ctx)
        except CrmError as error:
            failed.append(type(error).__name__)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(failed) == 1
    assert len(fired(crm)) == 20
    with crm.session() as session:
        assert fire_batch(crm.context(session, "sfa")) == 0


def test_a_clock_that_goes_back_repeats_nothing(lite: Crm, clock: FixedClock) -> None:
    planned(lite, rrule="FREQ=DAILY;COUNT=3", reminders=[15])
    for at in (NINE, NINE - timedelta(hours=2), NINE, NINE + timedelta(days=5)):
        clock.set(at)
        with lite.session() as session:
            while fire_batch(lite.context(session, "sfa")):
                session.flush()
    assert [start.day for start, _, _ in fired(lite)] == [23, 24, 25]


def test_a_meeting_that_moves_reminds_anew_and_what_is_over_does_not(lite: Crm, clock: FixedClock) -> None:
    made = planned(lite, reminders=[15])
    clock.set(NINE - timedelta(minutes=15))
    lite.jobs.run_due("sfa")
    later = NINE + timedelta(days=7)
    with lite.session() as session:
        move(lite.context(session, "sfa"), session.get(Activity, made.id), later)
    clock.set(later)
    lite.jobs.run_due("sfa")
    assert [start for start, _, _ in fired(lite)] == [NINE, later]
    with lite.session() as session:  # somebody enters what was last week
        move(lite.context(session, "sfa"), session.get(Activity, made.id), later - timedelta(days=3))
        plan(lite.context(session, "sfa"), "Past", kind="call", starts_at=NINE, reminders=[15])
    clock.advance(days=1)
    lite.jobs.run_due("sfa")
    assert len(fired(lite)) == 2


def test_what_is_done_or_called_off_reminds_of_nothing(lite: Crm, clock: FixedClock) -> None:
    weekly = planned(lite, rrule="FREQ=WEEKLY;COUNT=3", reminders=[15])
    once = planned(lite, "Once", reminders=[15])
    with lite.session() as session:
        ctx = lite.context(session, "sfa")
        complete(ctx, session.get(Activity, weekly.id), occurrence="20260330T090000")
        session.update(change(session.get(Activity, once.id), status="cancelled"))
    clock.set(NINE + timedelta(days=60))
    lite.jobs.run_due("sfa")
    assert [start.day for start, _, _ in fired(lite)] == [23, 6]


def test_everybody_who_takes_part_is_told_but_those_who_declined(lite: Crm, clock: FixedClock) -> None:
    users = [User(login=name, name=name) for name in ("ann", "bob", "cid")]
    with lite.session() as session:
        session.add(*users)
    made = planned(lite, owner_id=users[0].id, participants=users[1:], reminders=[15])
    with lite.session() as session:
        part = session.find(ActivityParticipant, user_id=users[2].id)
        assert part is not None
        session.update(change(part, response="declined"))
    clock.set(NINE)
    lite.jobs.run_due("sfa")
    with lite.session() as session:
        ctx = lite.context(session, "sfa")
        assert {n.owner_id for n in session.list(ReminderNotice)} == {users[0].id, users[1].id}
        mine = notices(ctx, users[1].id)
        assert [(n.subject, n.activity_id) for n in mine] == [("S", made.id)]
        mark_seen(ctx, mine)
        session.flush()
        assert (len(notices(ctx, users[1].id)), len(notices(ctx, users[1].id, seen=True))) == (0, 1)


def test_whole_days_count_from_midnight_where_they_are(lite: Crm, clock: FixedClock) -> None:
    planned(lite, kind="task", starts_at=None, due_on=date(2026, 3, 29), reminders=[-480])
    clock.set(datetime(2026, 3, 29, 6, 59, tzinfo=UTC))
    lite.jobs.run_due("sfa")
    assert fired(lite) == []
    clock.set(datetime(2026, 3, 29, 7, tzinfo=UTC))  # eight hours behind a midnight in winter time: nine in summer time
    lite.jobs.run_due("sfa")
    assert len(fired(lite)) == 1


def test_other_plugins_hear_of_it(make_crm: MakeCrm, clock: FixedClock) -> None:
    heard: list[str] = []

    class Pager:
        @hookimpl(entities=("sfa_reminder_notice",))
        def after_records_saved_committed(self, ctx: Any, call: Any) -> None:
            heard.extend(item.record.subject for item in call.changes)

    clock.set(START)
    crm = make_crm(plugins=[crmkit_sfa, Pager()])
    crm.jobs.run_due("sfa")
    planned(crm, reminders=[15])
    clock.set(NINE)
    crm.jobs.run_due()
    crm.jobs.run_due()
    assert heard == ["S"]


@settings(max_examples=80, deadline=None)
@given(
    rule=st.sampled_from(["", "FREQ=DAILY", "FREQ=HOURLY;INTERVAL=7;COUNT=40", "FREQ=WEEKLY;BYDAY=MO,TU;COUNT=6"]),
    before=st.sampled_from([-90, 0, 15, 1_440, 10_080]),
    jumps=st.lists(st.integers(0, 20_000), min_size=1, max_size=12),
)
def test_however_often_one_looks_each_fires_once(rule: str, before: int, jumps: list[int]) -> None:
    activity = Activity(
        subject="S", kind="meeting", starts_at=NINE, ends_at=NINE + timedelta(hours=1), timezone="Europe/Berlin",
        rrule=rule, recurring=bool(rule),
    )  # fmt: skip
    reminder = ActivityReminder(activity_id=activity.id, minutes_before=before, settled_until=START)
    horizon = START + timedelta(days=3_000)
    seen: list[datetime] = []
    now = START
    for jump in jumps:
        now += timedelta(minutes=jump)
        new = [one.occurrence.starts_at for one in due_reminders(reminder, activity, (), now, seen)]
        assert all(at > START for at in new)
        seen += new
        reminder = change(reminder, settled_until=now, next_at=next_due(reminder, activity, (), now, horizon))
        assert reminder.next_at is None or reminder.next_at > now
    fresh = change(reminder, settled_until=START)
    at_once = [one.occurrence.starts_at for one in due_reminders(fresh, activity, (), now)]
    assert sorted(seen) == sorted(at_once)
    assert len(seen) == len(set(seen))
