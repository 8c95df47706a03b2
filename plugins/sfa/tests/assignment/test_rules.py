from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

import crmkit_sfa
from crmkit import Crm
from crmkit.core.staff import User
from crmkit.core.values.clock import FixedClock
from crmkit.plugin import AccessDenied, BadInput, Manifest, Refused, change, hookimpl
from crmkit.services.handover import HandOverRules, run
from crmkit.testing.making import AsUser, MakeCrm
from crmkit_sfa.assignment.assigning import assign, give, preview
from crmkit_sfa.assignment.deciding import Decision
from crmkit_sfa.assignment.entities import (
    Absence,
    Assignee,
    Assignment,
    AssignmentRule,
    Territory,
    TerritoryMember,
)
from crmkit_sfa.assignment.explaining import decisions, told, users_of
from crmkit_sfa.assignment.previewing import territory_preview
from crmkit_sfa.assignment.rebalancing import rebalance
from crmkit_sfa.assignment.specs import AssigneeQuestion
from crmkit_sfa.leads.entities import Lead
from plugins.sfa.tests.assignment.crews import captured, owners, rule, users


@pytest.fixture
def crm(make_crm: MakeCrm) -> Crm:
    return make_crm(plugins=[crmkit_sfa])


def test_whoever_is_away_full_frozen_or_departed_is_passed_over(crm: Crm) -> None:
    team = users(crm, "anna", "bert", "cleo")
    gone = users(crm, "dora", state="departed") | users(crm, "emil", state="frozen")
    rule(crm, *team.values(), *gone.values())
    with crm.session() as session:
        session.add(Absence(user_id=team["anna"].id, starts_on=date(2026, 3, 10), ends_on=date(2026, 3, 15)))
        session.add(Assignee(user_id=team["bert"].id, capacity=1))
    for number in range(3):
        captured(crm, number)
    assert owners(crm) == {"bert": 1, "cleo": 2}
    with crm.session(reads=True) as session:
        last = session.list(Assignment, order="-id")[0]
    skipped = {one["user"]: one["why"] for one in last.reasons[0]["skipped"]}
    assert skipped == {"anna": "absent", "bert": "full", "dora": "departed", "emil": "frozen"}


def test_the_first_rule_that_matches_and_finds_somebody_decides(crm: Crm) -> None:
    team = users(crm, "anna", "bert")
    rule(crm, team["anna"], name="german", filter="country = DE", position=1)
    rule(crm, team["bert"], name="rest", position=2)
    captured(crm, 1, country="DE")
    captured(crm, 2, country="FR")
    assert owners(crm) == {"anna": 1, "bert": 1}
    with crm.session() as session:
        session.add(Assignee(user_id=team["anna"].id, capacity=1))
    captured(crm, 3, country="DE")
    assert owners(crm) == {"anna": 1, "bert": 2}


def test_a_lead_without_anybody_waits_and_is_told_once(crm: Crm) -> None:
    rule(crm)
    lead = captured(crm)
    with crm.session() as session:
        ctx = crm.context(session, "sfa")
        (decision,) = assign(ctx, [session.get(Lead, lead.id)])
        assert (decision.kind, decision.user_id) == ("nobody", None)
        assert session.count(Assignment) == 1
        assert session.get(Lead, lead.id).assigned_at is None


def test_territories_and_skills(crm: Crm) -> None:
    team = users(crm, "anna", "bert", "cleo")
    with crm.session() as session:
        europe = Territory(name="Europe", filter="country in (DE, FR)")
        germany = Territory(name="Germany", parent_id=europe.id, filter="country = DE")
        big = Territory(name="Big", filter="estimated.amount >= 10000", priority=10)
        session.add(europe, germany, big)
        session.add(
            *[
                TerritoryMember(territory_id=territory.id, user_id=team[login].id)
                for territory, login in ((europe, "anna"), (germany, "bert"), (big, "cleo"))
            ]
        )
    rule(crm, by_territory=True)
    captured(crm, 1, country="FR")
    captured(crm, 2, country="DE")
    assert owners(crm) == {"anna": 1, "bert": 1}
    captured(crm, 3, country="CN")
    assert owners(crm)[""] == 1


def test_a_preview_writes_nothing(crm: Crm) -> None:
    lead = captured(crm)
    team = users(crm, "anna")
    rule(crm, *team.values())
    with crm.session() as session:
        found: list[Decision] = preview(crm.context(session, "sfa"), [session.get(Lead, lead.id)])
        assert [decision.user_id for decision in found] == [team["anna"].id]
        assert session.get(Lead, lead.id).owner_id is None


def test_it_takes_the_right_to_assign(crm: Crm, as_user: AsUser) -> None:
    captured(crm)
    clerk = as_user("sfa_lead read all")
    with crm.session(clerk) as session, pytest.raises(AccessDenied, match="assign"):
        assign(crm.context(session, "sfa"), session.list(Lead))


def test_a_filter_that_cannot_be_read_is_told_at_once(crm: Crm) -> None:
    with pytest.raises(BadInput, match="countri"):
        rule(crm, filter="countri = DE")


def test_a_skill_may_come_from_the_lead(crm: Crm) -> None:
    team = users(crm, "anna", "bert")
    with crm.session() as session:
        session.add(Assignee(user_id=team["bert"].id, skills=("ZH",)))
    rule(crm, *team.values(), skill_field="language")
    captured(crm, 1, language="zh")
    captured(crm, 2, language="zh")
    captured(crm, 3, language="fr")
    assert owners(crm) == {"bert": 2, "": 1}


def test_an_absence_counts_in_the_time_zone_of_the_user(crm: Crm, clock: FixedClock) -> None:
    clock.set(datetime(2026, 3, 15, 20, tzinfo=UTC))
    tokyo = users(crm, "aiko", timezone="Asia/Tokyo")["aiko"]
    berlin = users(crm, "bert", timezone="Europe/Berlin")["bert"]
    rule(crm, tokyo, berlin)
    with crm.session() as session:
        # In Tokyo it is the sixteenth already.
        session.add(
            *[
                Absence(user_id=user.id, starts_on=date(2026, 3, 16), ends_on=date(2026, 3, 16))
                for user in (tokyo, berlin)
            ]
        )
    captured(crm)
    assert owners(crm) == {"bert": 1}


def test_a_plugin_may_choose_and_it_counts_as_a_turn(make_crm: MakeCrm) -> None:
    class Chooser:
        manifest = Manifest(name="chooser", requires=("sfa",))

        @hookimpl
        def choose_sfa_assignee(self, ctx: Any, call: AssigneeQuestion) -> UUID | None:
            return call.candidates[-1] if call.rule is not None and call.lead.country == "CN" else None

    crm = make_crm(plugins=[crmkit_sfa, Chooser()])
    team = users(crm, "anna", "bert", "cleo")
    rule(crm, *team.values())
    captured(crm, 1, country="CN")
    assert owners(crm) == {"cleo": 1}
    for number in (2, 3):
        captured(crm, number)
    assert owners(crm) == {"anna": 1, "bert": 1, "cleo": 1}
    with crm.session(reads=True) as session:
        first = session.list(Assignment, order="at,id")[0]
    assert first.reasons[0]["result"] == "plugin"


def test_territories_of_a_day_to_come_are_shown_before(crm: Crm) -> None:
    team = users(crm, "anna", "bert")
    with crm.session() as session:
        old = Territory(name="All", valid_until=date(2026, 3, 31))
        new = Territory(name="North", filter="city = Hamburg", valid_from=date(2026, 4, 1))
        session.add(old, new)
        session.add(TerritoryMember(territory_id=old.id, user_id=team["anna"].id))
        session.add(TerritoryMember(territory_id=new.id, user_id=team["bert"].id))
    rule(crm, by_territory=True)
    captured(crm, city="Hamburg")
    assert owners(crm) == {"anna": 1}
    with crm.session() as session:
        (shown,) = territory_preview(crm.context(session, "sfa"), date(2026, 4, 1))
        assert session.count(Assignment) == 1
    assert (shown.today, shown.then, shown.owner, shown.would_get, shown.moves) == (
        "All",
        "North",
        "anna",
        "bert",
        True,
    )


def test_a_territory_is_not_part_of_itself(crm: Crm) -> None:
    with crm.session() as session:
        above = Territory(name="Europe")
        below = Territory(name="Germany", parent_id=above.id)
        session.add(above, below)
    with pytest.raises(Refused, match="part of it"), crm.session() as session:
        session.update(change(session.get(Territory, above.id), parent_id=below.id))


def test_what_was_decided_is_told_in_words(crm: Crm) -> None:
    team = users(crm, "anna", "bert")
    with crm.session() as session:
        session.add(Assignee(user_id=team["anna"].id, capacity=0))
    rule(crm, name="german", filter="country = DE", position=1)
    rule(crm, *team.values(), name="rest", method="load", position=2)
    lead = captured(crm)
    with crm.session() as session:
        ctx = crm.context(session, "sfa")
        give(ctx, session.get(Lead, lead.id), session.get(User, team["anna"].id), "she knows them")
    with crm.session(reads=True) as session:
        ctx = crm.context(session, "sfa")
        found = decisions(ctx, lead)
        names = users_of(ctx, found)
        lines = [[str(line) for line in told(one, names)] for one in found]
    assert lines == [
        ["given to Anna by hand; it was Bert's before", "note: she knows them"],
        [
            "given to Bert",
            "rule german is not about it",
            "rule rest: bert has the fewest open leads, 0, of 1",
            "passed over anna: has as many leads as may be",
        ],
    ]


def test_nobody_who_left_is_given_a_lead(crm: Crm) -> None:
    lead = captured(crm)
    gone = users(crm, "dora", state="departed")["dora"]
    with crm.session() as session, pytest.raises(Refused, match="dora is departed"):
        give(crm.context(session, "sfa"), session.get(Lead, lead.id), gone)


def test_rebalancing_is_shown_and_then_done(crm: Crm) -> None:
    team = users(crm, "anna", "bert", "cleo")
    away = users(crm, "dora", state="frozen")["dora"]
    made = rule(crm, *team.values(), away, active=False)
    now = crm.clock.now()
    owned = [("anna", 5), ("dora", 2)]
    with crm.session() as session:
        people = team | {"dora": away}
        for login, count in owned:
            session.add(*[Lead(name=f"{login} {n}", owner_id=people[login].id, assigned_at=now) for n in range(count)])
        session.add(Lead(name="working", status="working", owner_id=team["anna"].id, assigned_at=now))
    with crm.session() as session:
        ctx = crm.context(session, "sfa")
        shown = rebalance(ctx, rule=session.get(AssignmentRule, made.id), dry_run=True)
        assert session.count(Assignment, kind="rebalanced") == 0
        done = rebalance(ctx, rule=session.get(AssignmentRule, made.id))
    assert [(one.lead.id, one.taker.login) for one in done] == [(one.lead.id, one.taker.login) for one in shown]
    counted = owners(crm)
    assert counted["dora"] == 0
    assert max(counted[login] for login in team) - min(counted[login] for login in team) <= 1


def test_by_load_the_one_with_the_fewest_gets_it(crm: Crm) -> None:
    team = users(crm, "anna", "bert")
    with crm.session() as session:
        session.add(*[Lead(name=f"old {n}", owner_id=team["anna"].id, assigned_at=crm.clock.now()) for n in range(3)])
    rule(crm, *team.values(), method="load")
    for number in range(3):
        captured(crm, number)
    assert owners(crm) == {"anna": 3, "bert": 3}


def test_who_leaves_hands_over_leads_and_the_part_in_rules(crm: Crm) -> None:
    team = users(crm, "anna", "bert")
    rule(crm, team["anna"])
    captured(crm, 1)
    with crm.session() as session:
        services = crm.services_for(session)
        user = services.freeze(session.get(User, team["anna"].id))
    run(crm, crm.system, user.login, HandOverRules().with_rest("bert"))
    assert owners(crm) == {"bert": 1}
    captured(crm, 2)
    assert owners(crm) == {"bert": 2}
