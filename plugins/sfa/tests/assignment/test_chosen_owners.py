"""Whom somebody has chosen keeps a lead; the rules decide on those alone that nobody was chosen for."""

from __future__ import annotations

import attrs
import pytest

import crmkit_sfa
from crmkit import Crm
from crmkit.core.access import Actor
from crmkit.core.staff import User
from crmkit.plugin import change
from crmkit.testing.making import AsUser, MakeCrm
from crmkit_sfa.assignment.assigning import assign, waiting_for_assignment
from crmkit_sfa.assignment.entities import AssignmentMember, AssignmentRule
from crmkit_sfa.assignment.waiting import waiting
from crmkit_sfa.leads.capturing import capture
from crmkit_sfa.leads.entities import Lead
from crmkit_sfa.transfers.handing import accept, hand_off


@attrs.frozen
class House:
    """A rule gives every lead to Mia; Olga and Pia may do everything."""

    crm: Crm
    mia: Actor
    olga: Actor
    pia: Actor

    def now(self, lead: Lead) -> Lead:
        with self.crm.session(reads=True) as session:
            return session.get(Lead, lead.id)

    def ruled(self, lead: Lead) -> Lead:
        """Return a lead once the rules were asked again."""
        with self.crm.session() as session:
            ctx = self.crm.context(session, "sfa")
            assign(ctx, [*waiting_for_assignment(ctx), session.get(Lead, lead.id)])
        return self.now(lead)


@pytest.fixture
def house(make_crm: MakeCrm) -> House:
    crm = make_crm(plugins=[crmkit_sfa])
    as_user = AsUser(crm)
    mia, olga, pia = as_user("sfa_lead read own", login="mia"), as_user("* * all", login="olga"), as_user("* * all")
    with crm.session() as session:
        rule = AssignmentRule(name="all")
        session.add(rule, AssignmentMember(rule_id=rule.id, user_id=mia.user_id))
    return House(crm, mia, olga, pia)


@pytest.mark.parametrize("by", ["system", "colleague"])
def test_a_lead_that_comes_with_its_owner_stays_with_it(house: House, by: str) -> None:
    lead = Lead(person="Anna Berg", owner_id=house.olga.user_id)
    with house.crm.session(house.crm.system if by == "system" else house.pia) as session:
        session.add(lead)
    stored = house.ruled(lead)
    assert stored.owner_id == house.olga.user_id
    assert stored.assigned_at == house.crm.clock.now()


def test_a_lead_that_a_user_enters_is_assigned_all_the_same(house: House) -> None:
    with house.crm.session(house.olga) as session:
        captured = capture(house.crm.context(session, "sfa"), person="Anna Berg").lead
        added = Lead(person="Bert Berg")
        session.add(added)
    assert [house.now(lead).owner_id for lead in (captured, added)] == [house.mia.user_id] * 2


def test_a_lead_that_was_handed_off_is_with_whoever_accepted_it(house: House) -> None:
    lead = Lead(person="Anna Berg", owner_id=house.pia.user_id)
    with house.crm.session() as session:
        session.add(lead)
    with house.crm.session() as session:
        # As one that its owner entered, and that nobody has decided on.
        entered = change(session.get(Lead, lead.id), owner_id=house.pia.user_id, assigned_at=None)
        session.update(entered)
    with house.crm.session(house.pia) as session:
        to = session.get(User, house.olga.user_id)
        offered = hand_off(house.crm.context(session, "sfa"), session.get(Lead, lead.id), to)
    with house.crm.session(house.olga) as session:
        accept(house.crm.context(session, "sfa"), offered)
        (one,) = waiting(house.crm.context(session, "sfa"))
    assert (one.why, one.lead.owner_id) == ("untouched", house.olga.user_id)
    assert house.ruled(lead).owner_id == house.olga.user_id


def test_a_lead_that_is_taken_from_everybody_waits_for_the_rules(house: House) -> None:
    lead = Lead(person="Anna Berg", owner_id=house.olga.user_id)
    with house.crm.session() as session:
        session.add(lead)
    with house.crm.session(house.pia) as session:
        session.update(change(session.get(Lead, lead.id), owner_id=None))
    assert house.now(lead).assigned_at is None
    assert house.ruled(lead).owner_id == house.mia.user_id
