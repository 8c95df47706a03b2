"""Today, the week, what is overdue and what waits: in the user's time zone, one select each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

import crmkit_sfa
from crmkit import Crm
from crmkit.core.customer import Customer
from crmkit.core.staff import Role, User
from crmkit.core.values.clock import FixedClock
from crmkit.plugin import Context, change
from crmkit.testing.making import AsUser, MakeCrm
from crmkit_sfa.activities import agenda
from crmkit_sfa.activities.entities import Activity
from crmkit_sfa.activities.next_steps import without_next_step
from crmkit_sfa.activities.planning import close, move, plan
from crmkit_sfa.leads.entities import Lead
from crmkit_sfa.opportunities.entities import Opportunity

NOW = datetime(2026, 3, 28, 12, tzinfo=UTC)


@pytest.fixture
def lite(make_crm: MakeCrm, clock: FixedClock) -> Crm:
    clock.set(NOW)
    return make_crm(plugins=[crmkit_sfa], config={"timezone": "Europe/Berlin"})


def subjects(entries: list[agenda.Entry]) -> list[str]:
    return [entry.activity.subject for entry in entries]


@pytest.mark.parametrize(
    ("zone", "seen"),
    [
        ("Europe/Berlin", ["early", "last hour"]),
        ("Asia/Shanghai", ["day before", "early"]),
        ("America/New_York", ["last hour", "next day"]),
    ],
    ids=["berlin", "shanghai", "new-york"],
)
def test_today_is_the_day_that_it_is_where_one_is(
    make_crm: MakeCrm, clock: FixedClock, zone: str, seen: list[str]
) -> None:
    """The day on which Berlin's clocks go forward has 23 hours there: from 23:00 to 22:00 UTC."""
    crm = make_crm(plugins=[crmkit_sfa], config={"timezone": zone})
    clock.set(datetime(2026, 3, 29, 12, tzinfo=UTC))
    times = {
        "day before": datetime(2026, 3, 28, 22, 59, tzinfo=UTC),
        "early": datetime(2026, 3, 28, 23, 1, tzinfo=UTC),
        "last hour": datetime(2026, 3, 29, 21, 59, tzinfo=UTC),
        "next day": datetime(2026, 3, 29, 22, 1, tzinfo=UTC),
    }
    with crm.session() as session:
        ctx = crm.context(session, "sfa")
        for subject, at in times.items():
            plan(ctx, subject, kind="call", starts_at=at, ends_at=at + timedelta(minutes=1))
    with crm.session(reads=True) as session:
        assert subjects(agenda.today(crm.context(session, "sfa"))) == seen


def test_a_user_has_a_day_of_its_own(crm: Crm, as_user: AsUser, clock: FixedClock) -> None:
    clock.set(datetime(2026, 3, 28, 22, tzinfo=UTC))
    tokyo = as_user("sfa_activity * own", timezone="Asia/Tokyo")
    berlin = as_user("sfa_activity * own", timezone="Europe/Berlin")
    with crm.session() as session:
        ctx = crm.context(session, "sfa")
        for actor in (tokyo, berlin):
            for day in (28, 29):
                plan(ctx, f"due {day}", due_on=date(2026, 3, day), owner_id=actor.user_id)
    for actor, today, late in ((tokyo, "due 29", ["due 28"]), (berlin, "due 28", [])):
        with crm.session(actor, reads=True) as session:
            ctx = crm.context(session, "sfa")
            assert subjects(agenda.today(ctx, actor.user_id)) == [today]
            assert subjects(agenda.overdue(ctx)) == late


def test_a_series_shows_what_it_is_on_each_day(lite: Crm) -> None:
    with lite.session() as session:
        ctx = lite.context(session, "sfa")
        start = datetime(2026, 3, 23, 8, tzinfo=UTC)
        daily = plan(
            ctx, "Daily", kind="meeting", starts_at=start, ends_at=start + timedelta(minutes=15), rrule="FREQ=DAILY"
        )
        session.flush()
        daily = session.get(Activity, daily.id)
        close(ctx, daily, "cancelled", "", "20260330T090000")
        move(ctx, daily, datetime(2026, 3, 31, 13, tzinfo=UTC), "20260401T090000")
    with lite.session(reads=True) as session:
        ctx = lite.context(session, "sfa")
        found = agenda.days(ctx, date(2026, 3, 28), date(2026, 4, 2))
        first = agenda.open_(ctx)
    assert [f"{e.starts_at:%d %H:%M}" for e in found] == ["28 08:00", "29 07:00", "31 07:00", "31 13:00", "02 07:00"]
    assert [f"{e.starts_at:%d %H:%M}" for e in first] == ["29 07:00"]


def test_overdue_is_what_is_planned_and_over(lite: Crm, clock: FixedClock) -> None:
    with lite.session() as session:
        ctx = lite.context(session, "sfa")
        plan(ctx, "yesterday's task", due_on=date(2026, 3, 27))
        plan(ctx, "today's task", due_on=date(2026, 3, 28))
        plan(ctx, "long ago", kind="call", starts_at=NOW - timedelta(days=400))
        plan(ctx, "on now", kind="meeting", starts_at=NOW - timedelta(hours=1), ends_at=NOW + timedelta(hours=1))
        plan(ctx, "missed", kind="call", starts_at=NOW - timedelta(days=1), status="missed")
        plan(ctx, "someday")
        weekly = plan(ctx, "weekly", kind="call", starts_at=NOW - timedelta(days=70), rrule="FREQ=WEEKLY")
        session.flush()
        close(ctx, session.get(Activity, weekly.id), "missed", "", "20260321T130000")
    with lite.session(reads=True) as session:
        ctx = lite.context(session, "sfa")
        found = agenda.overdue(ctx)
    assert subjects(found) == ["long ago", "weekly", "weekly", "weekly", "yesterday's task"]
    assert [e.starts_at.day for e in found if e.activity.subject == "weekly" and e.starts_at] == [28, 7, 14]


def test_open_has_what_has_no_time_last_and_done_the_latest_first(lite: Crm, clock: FixedClock) -> None:
    with lite.session() as session:
        ctx = lite.context(session, "sfa")
        plan(ctx, "someday")
        plan(ctx, "soon", due_on=date(2026, 4, 1))
        for day in (1, 2):
            plan(ctx, f"done {day}", kind="call", starts_at=NOW, status="done", completed_at=NOW - timedelta(days=day))
    with lite.session(reads=True) as session:
        ctx = lite.context(session, "sfa")
        assert subjects(agenda.open_(ctx)) == ["soon", "someday"]
        assert subjects(agenda.done(ctx, date(2026, 3, 20), ctx.today())) == ["done 1", "done 2"]
        assert subjects(agenda.done(ctx, date(2026, 3, 27), ctx.today())) == ["done 1"]


def test_a_record_has_its_activities_the_latest_first(lite: Crm) -> None:
    with lite.session() as session:
        ctx = lite.context(session, "sfa")
        deal = Opportunity(name="D")
        session.add(deal)
        plan(ctx, "first", kind="call", starts_at=NOW, about=deal)
        plan(ctx, "then", due_on=date(2026, 4, 1), about=deal)
        plan(ctx, "else", due_on=date(2026, 4, 1))
        assert subjects(agenda.of_record(ctx, "opportunity_id", deal.id)) == ["then", "first"]


def test_no_next_step_is_what_nothing_is_planned_for(crm: Crm, clock: FixedClock) -> None:
    clock.set(NOW)
    with crm.session() as session:
        ctx = crm.context(session, "sfa")
        ann = User(login="ann", name="Ann")
        acme = Customer(name="Acme", kind="organization")
        session.add(ann, acme)
        deals = {
            name: Opportunity(name=name, owner_id=ann.id, customer_id=acme.id, **more)
            for name, more in {
                "forgotten": {"close_on": date(2026, 5, 1)},
                "soon": {"close_on": date(2026, 4, 1)},
                "said": {"next_step": "ask"},
                "planned": {},
                "was planned": {},
                "ended": {},
            }.items()
        }
        leads = [
            Lead(name="cold", owner_id=ann.id),
            Lead(name="warm", owner_id=ann.id),
            Lead(name="out", status="disqualified"),
        ]
        session.add(*deals.values(), *leads)
        plan(ctx, "call", about=deals["planned"], due_on=date(2026, 4, 1))
        plan(ctx, "call", about=deals["was planned"], status="done", kind="call", starts_at=NOW)
        plan(
            ctx,
            "series",
            about=deals["ended"],
            kind="call",
            starts_at=NOW - timedelta(days=90),
            rrule="FREQ=DAILY;COUNT=3",
        )
        plan(ctx, "mail", about=leads[1])
    with crm.session(reads=True) as session:
        ctx = crm.context(session, "sfa")
        found = without_next_step(ctx)
        assert [one.name for one in found] == ["soon", "forgotten", "was planned", "ended", "cold"]
        assert (found[0].customer, found[0].owner, found[-1].entity) == ("Acme", "Ann", "sfa_lead")
        assert len(without_next_step(ctx, ann.id)) == 5


VIEWS: dict[str, Callable[[Context], Any]] = {
    "today": agenda.today,
    "week": agenda.week,
    "overdue": agenda.overdue,
    "open": agenda.open_,
    "done": lambda ctx: agenda.done(ctx, ctx.today(), ctx.today()),
    "no-next-step": without_next_step,
}


def test_each_view_takes_one_select(lite: Crm) -> None:
    with lite.session() as session:
        ctx = lite.context(session, "sfa")
        for number in range(30):
            customer = Customer(name=f"C{number}", kind="organization")
            deal = Opportunity(name=f"D{number}", customer_id=customer.id)
            session.add(customer, deal)
            if number % 2:
                plan(
                    ctx, f"S{number}", kind="call", starts_at=NOW, about=deal, rrule="FREQ=DAILY" if number % 3 else ""
                )
                plan(ctx, f"T{number}", kind="call", starts_at=NOW - timedelta(days=3), about=deal)
    statements: list[str] = []
    with lite.session(reads=True) as session:
        ctx = lite.context(session, "sfa")
        agenda.today(ctx)
        sa.event.listen(session.connection, "before_cursor_execute", lambda *call: statements.append(call[2]))
        for name, view in VIEWS.items():
            statements.clear()
            found = view(ctx)
            assert len(statements) == 1, name
            assert found or name == "done"


def test_hidden_fields_stay_hidden(lite: Crm) -> None:
    who = AsUser(lite)({"entity": "sfa_activity", "action": "read", "scope": "all"}, login="plain")
    with lite.session() as session:
        role = session.list(Role, name="rights of plain")[0]
        grants = (
            {"entity": "sfa_activity", "action": "read", "scope": "all", "fields": ["*", "-subject", "-location"]},
        )
        session.update(change(role, grants=grants))
        acme = Customer(name="Secret", kind="organization")
        session.add(acme)
        plan(lite.context(session, "sfa"), "Whisper", kind="call", starts_at=NOW, about=acme, location="There")
    with lite.session(lite.actor("plain"), reads=True) as session:
        (entry,) = agenda.today(lite.context(session, "sfa"))
    assert (entry.activity.subject, entry.activity.location, entry.customer) == ("", "", "")
    assert who.user_id is not None
