"""No lead is lost: those that wait are seen, and escalated when it has been too long, each level once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

import crmkit_sfa
from crmkit import Crm
from crmkit.core.staff import User
from crmkit.core.values.clock import FixedClock
from crmkit.core.working_calendar import WorkingCalendar
from crmkit.plugin import NotFound
from crmkit.testing.making import MakeCrm
from crmkit_sfa.assignment.entities import AssignmentMember, AssignmentRule, LeadEscalation
from crmkit_sfa.assignment.escalating import escalate
from crmkit_sfa.assignment.waiting import waiting
from crmkit_sfa.leads.capturing import capture
from crmkit_sfa.leads.changing import take_up
from crmkit_sfa.leads.entities import Lead

FRIDAY = datetime(2026, 3, 13, 15, tzinfo=UTC)


@pytest.fixture
def crm(make_crm: MakeCrm, clock: FixedClock) -> Crm:
    """Leads go to Anna, who reports to Bert, who reports to Cleo; nine to five, Monday to Friday."""
    clock.set(FRIDAY)
    return office(make_crm)


def office(make_crm: MakeCrm, **settings: Any) -> Crm:
    given = {"calendar": "Office", "untouched_minutes": 120, "escalate_to": "cleo", **settings}
    crm = make_crm(plugins=[crmkit_sfa], config={"plugins": {"sfa": {"assignment": given}}})
    days = ("monday", "tuesday", "wednesday", "thursday", "friday")
    cleo = User(login="cleo", name="Cleo")
    bert = User(login="bert", name="Bert", reports_to_id=cleo.id)
    anna = User(login="anna", name="Anna", reports_to_id=bert.id)
    rule = AssignmentRule(name="all", filter="country = DE")
    with crm.session() as session:
        session.add(WorkingCalendar(name="Office", hours={day: [["09:00", "17:00"]] for day in days}))
        session.add(cleo, bert, anna, rule)
        session.add(*[AssignmentMember(rule_id=rule.id, user_id=user.id) for user in (anna, bert)])
    return crm


def captured(crm: Crm, **details: Any) -> Lead:
    with crm.session() as session:
        return capture(crm.context(session, "sfa"), person="Dora", email="dora@kite.example", **details).lead


def escalated(crm: Crm) -> list[tuple[int, str, str]]:
    """Escalate and return what is new: level, why and who was told."""
    with crm.session() as session:
        made = escalate(crm.context(session, "sfa"))
    with crm.session(reads=True) as session:
        names = {user.id: user.login for user in session.list(User)}
    return [(one.level, one.why, names.get(one.user_id, "")) for one in made]


def test_it_rises_from_superior_to_superior_in_working_time(crm: Crm, clock: FixedClock) -> None:
    lead = captured(crm, country="DE")
    clock.advance(hours=1, minutes=59)
    assert escalated(crm) == []
    clock.advance(minutes=1)
    assert escalated(crm) == [(1, "untouched", "bert")]
    assert escalated(crm) == []
    clock.set(datetime(2026, 3, 16, 10, 59, tzinfo=UTC))
    assert escalated(crm) == []
    clock.set(datetime(2026, 3, 16, 11, tzinfo=UTC))
    assert escalated(crm) == [(2, "untouched", "cleo")]
    with crm.session() as session:
        take_up(crm.context(session, "sfa"), session.get(Lead, lead.id))
    clock.advance(days=30)
    assert escalated(crm) == []


def test_levels_that_came_due_while_nobody_looked_are_made_up_for(crm: Crm, clock: FixedClock) -> None:
    captured(crm, country="DE")
    clock.advance(days=30)
    assert escalated(crm) == [(1, "untouched", "bert"), (2, "untouched", "cleo"), (3, "untouched", "cleo")]
    assert escalated(crm) == []


def test_a_lead_that_nobody_has_is_told_to_whoever_is_named(crm: Crm, clock: FixedClock) -> None:
    captured(crm, country="FR")
    with crm.session(reads=True) as session:
        (one,) = waiting(crm.context(session, "sfa"))
    assert (one.why, one.due[0]) == ("unassigned", FRIDAY.replace(hour=17))
    clock.advance(hours=2)
    assert escalated(crm) == [(1, "unassigned", "cleo")]


def test_asking_again_begins_another_time_of_waiting(crm: Crm, clock: FixedClock) -> None:
    lead = captured(crm, country="DE")
    clock.advance(hours=2)
    assert len(escalated(crm)) == 1
    with crm.session() as session:
        take_up(crm.context(session, "sfa"), session.get(Lead, lead.id))
    clock.set(datetime(2026, 3, 16, 9, tzinfo=UTC))
    captured(crm, interest="still there?")
    clock.advance(hours=2)
    assert escalated(crm) == [(1, "untouched", "bert")]


def test_a_lead_left_untouched_goes_to_somebody_else(make_crm: MakeCrm, clock: FixedClock) -> None:
    clock.set(FRIDAY)
    crm = office(make_crm, reassign_at_level=1)
    lead = captured(crm, country="DE")
    clock.advance(hours=2)
    assert escalated(crm) == [(1, "untouched", "bert")]
    with crm.session(reads=True) as session:
        stored = session.get(Lead, lead.id)
        assert session.get(User, stored.owner_id).login == "bert"
    assert (stored.waiting_since, escalated(crm)) == (clock.now(), [])


@pytest.mark.parametrize(
    ("settings", "told"),
    [({"calendar": "Ofice"}, "did you mean Office"), ({"escalate_to": "nobody"}, "no user nobody")],
    ids=["calendar", "login"],
)
def test_a_wrong_setting_is_told(make_crm: MakeCrm, clock: FixedClock, settings: dict[str, str], told: str) -> None:
    clock.set(FRIDAY)
    crm = office(make_crm, **settings)
    captured(crm, country="FR")
    clock.advance(days=10)
    with pytest.raises(NotFound, match=told):
        escalated(crm)


def test_the_worker_looks_after_leads(make_crm: MakeCrm, clock: FixedClock) -> None:
    clock.set(FRIDAY)
    crm = office(make_crm)
    captured(crm, country="FR")
    run: Callable[..., Any] = crm.jobs.run_due
    run("sfa")
    clock.set(datetime(2026, 3, 16, 12, tzinfo=UTC))
    with crm.session() as session:
        rule = AssignmentRule(name="rest")
        session.add(rule, AssignmentMember(rule_id=rule.id, user_id=session.find(User, login="anna").id))
    run("sfa")
    with crm.session(reads=True) as session:
        (lead,) = session.list(Lead)
        assert session.get(User, lead.owner_id).login == "anna"
        assert session.count(LeadEscalation) == 0
