"""When somebody leaves: what is open passes to heirs, what is decided stays whom it is credited to."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest

from crmkit import Crm
from crmkit.core.customer import Customer
from crmkit.core.entity import EntityInfo
from crmkit.core.filter import parse
from crmkit.core.staff import User
from crmkit.core.values.clock import FixedClock
from crmkit.plugin import Money
from crmkit.services.handover import HandOverRules, holdings, run, undo
from crmkit.testing.making import AsUser
from crmkit_sfa.accounts.entities import AccountAction, AccountMember, AccountPlan
from crmkit_sfa.activities.entities import Activity
from crmkit_sfa.assignment.entities import Territory, TerritoryMember
from crmkit_sfa.leads.entities import Lead
from crmkit_sfa.opportunities.entities import Opportunity
from crmkit_sfa.quotes.entities import Quote
from crmkit_sfa.transfers.entities import Transfer
from crmkit_sfa.transfers.handing import accept, hand_off

HEIR = HandOverRules().with_rest("ben")


def test_open_business_passes_and_closed_deals_keep_their_credit(crm: Crm, clock: FixedClock) -> None:
    as_user = AsUser(crm)
    anna, ben = as_user("* * all", login="anna"), as_user("* * all", login="ben")
    mine = {"owner_id": anna.user_id}
    customer = Customer(name="Spree AG", kind="organization", **mine)
    about = {"customer_id": customer.id, **mine}
    deals = {stage: Opportunity(name=stage, stage=stage, **about) for stage in ("prospecting", "won", "lost")}
    lead = Lead(name="Pumps wanted", **mine)
    at = clock.now() + timedelta(days=1)
    tasks = {s: Activity(subject=s, status=s, starts_at=at, **mine) for s in ("planned", "cancelled")}  # type: ignore[arg-type]
    quote = Quote(number="Q-1", customer_id=customer.id, currency="EUR", **mine)
    territory = Territory(name="North")
    part = TerritoryMember(territory_id=territory.id, user_id=anna.user_id)
    member = AccountMember(customer_id=customer.id, user_id=anna.user_id, role="manager")
    plan = AccountPlan(name="2026", starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31), **about)
    action = AccountAction(plan_id=plan.id, name="Invite", user_id=anna.user_id)
    passing = [customer, deals["prospecting"], lead, tasks["planned"], quote, plan]
    staying = [deals["won"], deals["lost"], tasks["cancelled"]]
    with crm.session() as session:
        session.add(*passing, *staying, territory, part, member, action)
    with crm.session() as session:
        ctx = crm.context(session, "sfa")
        offered = hand_off(ctx, session.get(Lead, lead.id), session.get(User, ben.user_id))
        held = holdings(session, session.get(User, anna.user_id))
        assert {one.entity: one.total for one in held.owned}["sfa_opportunity"] == 1
    report = run(crm, crm.system, "anna", HEIR)
    assert (report.user.state, report.left) == ("departed", ())

    def owner(record: object) -> UUID:
        with crm.session(reads=True) as session:
            return session.get(type(record), record.id).owner_id  # type: ignore[attr-defined,no-any-return]

    assert [owner(record) for record in passing] == [ben.user_id] * len(passing)
    assert [owner(record) for record in staying] == [anna.user_id] * len(staying)
    with crm.session(reads=True) as session:
        users = [session.get(type(one), one.id).user_id for one in (part, member, action)]  # type: ignore[attr-defined]
        assert users == [ben.user_id] * 3
        assert session.get(Transfer, offered.id).owner_id == ben.user_id
    undo(crm, crm.system, report.handover.id)
    assert [owner(record) for record in passing] == [anna.user_id] * len(passing)


def test_a_hand_off_that_waits_for_who_left_waits_for_the_heir(crm: Crm) -> None:
    as_user = AsUser(crm)
    rights = ("sfa_opportunity * own", "sfa_transfer * own")
    anna, ben, cleo = (as_user(*rights, login=login) for login in ("anna", "ben", "cleo"))
    deal = Opportunity(name="Pumps", amount=Money.of("5", "EUR"), owner_id=cleo.user_id)
    with crm.session() as session:
        session.add(deal)
    with crm.session() as session:
        ctx = crm.context(session, "sfa")
        made = hand_off(ctx, session.get(Opportunity, deal.id), session.get(User, anna.user_id))
    run(crm, crm.system, "anna", HEIR)
    with crm.session(crm.actor("ben")) as session:
        accept(crm.context(session, "sfa"), session.get(Transfer, made.id))
    with crm.session(reads=True) as session:
        assert session.get(Opportunity, deal.id).owner_id == ben.user_id


def test_every_entity_that_is_credited_says_what_is_over(crm: Crm) -> None:
    told: list[EntityInfo] = [info for info in crm.registry if info.credited]
    assert {"sfa_opportunity", "sfa_order", "sfa_quote", "sfa_activity", "sfa_lead"} <= {info.name for info in told}
    for info in told:
        assert info.owned
        assert parse(info.over, crm.registry, info.name)


@pytest.mark.parametrize("stage", ["won", "lost"])
def test_whoever_has_only_decided_deals_owns_nothing_to_pass(crm: Crm, stage: str) -> None:
    anna = AsUser(crm)("* * all", login="anna")
    with crm.session() as session:
        session.add(Opportunity(name="Pumps", stage=stage, owner_id=anna.user_id))
    report = run(crm, crm.system, "anna", HandOverRules())
    assert report.user.state == "departed"
