from __future__ import annotations

from typing import Any

import pytest

import crmkit_sfa
from crmkit import Crm
from crmkit.core.customer import Customer, CustomerRelation
from crmkit.plugin import (
    BadInput,
    Conflict,
    Manifest,
    NotFound,
    PluginError,
    RecordBatch,
    Refused,
    change,
    hookimpl,
)
from crmkit.testing.making import AsUser, MakeCrm, MakeCustomer
from crmkit_sfa.leads.capturing import capture
from crmkit_sfa.leads.changing import disqualify
from crmkit_sfa.leads.converting import convert
from crmkit_sfa.leads.entities import Lead, LeadConversion
from crmkit_sfa.leads.qualifying import Answer, qualify
from crmkit_sfa.leads.undoing import undo
from crmkit_sfa.opportunities.entities import Opportunity
from plugins.sfa.tests.leads.conversions import captured, converted, counts, undone

RECORDS = ("sfa_lead", "customer", "sfa_opportunity", "identity_claim")
PARTS = (
    *("sfa_lead_touch", "sfa_lead_conversion", "contact_point", "customer_relation", "sfa_opportunity_contact"),
    *("sfa_opportunity_line", "sfa_opportunity_history", "stage_track", "stage_transition"),
)


@pytest.fixture
def crm(make_crm: MakeCrm) -> Crm:
    return make_crm(plugins=[crmkit_sfa])


def test_converting_again_makes_nothing(crm: Crm) -> None:
    lead = captured(crm)
    first = converted(crm, lead)
    made = counts(crm)
    again = converted(crm, lead)
    assert (again.repeated, again.conversion.id) == (True, first.conversion.id)
    assert counts(crm) == made


def test_asking_for_something_else_is_a_conflict(crm: Crm, make_customer: MakeCustomer) -> None:
    lead = captured(crm)
    converted(crm, lead)
    with crm.session() as session:
        other = Opportunity(name="Another")
        session.add(other)
    with crm.session(reads=True) as session:
        other = session.get(Opportunity, other.id)
    with pytest.raises(Conflict, match="undo that first"):
        converted(crm, lead, opportunity=other)


def test_what_was_changed_since_stays_with_what_it_needs(crm: Crm) -> None:
    lead = captured(crm)
    done = converted(crm, lead)
    with crm.session() as session:
        deal = session.get(Opportunity, done.conversion.opportunity_id)
        session.update(change(deal, next_step="call"))
    back = undone(crm, lead)
    stayed = {type(record).__name__: str(why) for record, why in back.stayed}
    assert stayed["Opportunity"] == "it was changed since"
    assert stayed["Customer"] == "it is needed by what stays"
    made = counts(crm)
    assert converted(crm, lead).conversion.opportunity_id == deal.id
    assert counts(crm)["Opportunity"] == made["Opportunity"]


def test_it_goes_onto_an_opportunity_that_there_is(crm: Crm, make_customer: MakeCustomer) -> None:
    company = make_customer(name="Kestrel GmbH")
    with crm.session() as session:
        session.add(Opportunity(name="Pumps", customer_id=company.id))
    with crm.session(reads=True) as session:
        (deal,) = session.list(Opportunity)
    lead = captured(crm)
    done = converted(crm, lead, opportunity=deal)
    assert (done.conversion.opportunity_id, done.conversion.customer_id) == (deal.id, company.id)
    assert counts(crm)["Opportunity"] == 1
    undone(crm, lead)
    assert (counts(crm)["Opportunity"], counts(crm)["OpportunityContact"]) == (1, 0)


def test_a_lead_that_has_ended_is_not_converted(crm: Crm) -> None:
    lead = captured(crm)
    with crm.session() as session:
        disqualify(crm.context(session, "sfa"), session.get(Lead, lead.id), "no budget")
    with pytest.raises(Refused, match="disqualified"):
        converted(crm, lead)
    with crm.session(reads=True) as session:
        assert session.count(LeadConversion) == 0


def test_one_that_was_interrupted_leaves_nothing_and_is_done_once(make_crm: MakeCrm) -> None:
    class Faulty:
        manifest = Manifest(name="faulty")
        broken = True

        @hookimpl(specname="guard_records", entities=("sfa_lead_conversion",))
        def refuse(self, ctx: Any, call: RecordBatch) -> None:
            if self.broken:
                raise ConnectionError("gone")

    faulty = Faulty()
    crm = make_crm(plugins=[crmkit_sfa, faulty])
    lead = captured(crm)
    before = counts(crm)
    with pytest.raises(PluginError, match="gone"):
        converted(crm, lead)
    with crm.session(reads=True) as session:
        assert session.get(Lead, lead.id).status == "new"
    assert counts(crm) == before
    faulty.broken = False
    assert converted(crm, lead).repeated is False
    assert counts(crm)["Opportunity"] == 1


def test_who_is_known_is_used(crm: Crm, make_customer: MakeCustomer) -> None:
    company = make_customer(name="Kestrel GmbH", kind="organization")
    anna = make_customer(given_name="Anna", family_name="Berg", email="anna@kestrel.example")
    with crm.session() as session:
        session.add(CustomerRelation(from_id=anna.id, to_id=company.id, type="employed_by"))
    before = counts(crm)
    done = converted(crm, captured(crm, company=""))
    assert (done.conversion.customer_id, done.conversion.person_id) == (company.id, anna.id)
    assert counts(crm) == {**before, "Opportunity": 1, "OpportunityContact": 1}
    undone(crm, done.lead)
    assert counts(crm) == before


def test_a_lead_of_a_person_alone_makes_no_organization(crm: Crm) -> None:
    done = converted(crm, captured(crm, company=""))
    assert done.conversion.customer_id == done.conversion.person_id
    assert counts(crm)["Customer"] == 1


def test_fields_go_where_the_configuration_says(make_crm: MakeCrm) -> None:
    fields = [
        {"entity": "sfa_lead", "name": "budget_code"},
        {"entity": "sfa_opportunity", "name": "cost_centre"},
        {"entity": "customer", "name": "segment_code"},
    ]
    mapping = {
        "custom.budget_code": "opportunity.custom.cost_centre",
        "city": "organization.custom.segment_code",
        "interest": "opportunity.next_step",
    }
    config = {"custom_fields": fields, "plugins": {"sfa": {"leads": {"mapping": mapping}}}}
    crm = make_crm(plugins=[crmkit_sfa], config=config)
    done = converted(crm, captured(crm, custom={"budget_code": "B7"}, city="Hamburg"))
    with crm.session(reads=True) as session:
        (deal,) = session.list(Opportunity)
        company = session.get(Customer, done.conversion.customer_id)
    assert (deal.custom["cost_centre"], deal.next_step, deal.description) == ("B7", "40 pumps", "")
    assert company.custom["segment_code"] == "Hamburg"


def test_a_mapping_to_a_field_that_there_is_not_is_told(make_crm: MakeCrm) -> None:
    settings = {"leads": {"mapping": {"interest": "opportunity.descripton"}}}
    crm = make_crm(plugins=[crmkit_sfa], config={"plugins": {"sfa": settings}})
    lead = captured(crm)
    with pytest.raises(BadInput, match="did you mean description"):
        converted(crm, lead)
    assert counts(crm)["Customer"] == 0


def test_only_what_is_qualified_is_converted_where_that_is_wanted(make_crm: MakeCrm) -> None:
    settings = {"leads": {"only_qualified": True, "criteria_needed": 2}}
    crm = make_crm(plugins=[crmkit_sfa], config={"plugins": {"sfa": settings}})
    lead = captured(crm)

    def noted(*answers: Answer) -> str:
        with crm.session() as session:
            return qualify(crm.context(session, "sfa"), session.get(Lead, lead.id), answers)[0].status

    assert noted(Answer("budget", True, "40k"), Answer("need", False)) == "working"
    with pytest.raises(Refused, match="authority, need, timeline"):
        converted(crm, lead)
    with pytest.raises(BadInput, match="did you mean timeline"):
        noted(Answer("timelin", True))
    assert noted(Answer("timeline", True)) == "qualified"
    assert converted(crm, lead).lead.status == "converted"
    assert undone(crm, lead).lead.status == "qualified"


def test_a_salesperson_converts_own_leads_alone(crm: Crm, as_user: AsUser) -> None:
    grants = [f"{entity} * own" for entity in (*RECORDS, *PARTS)]
    anna, bert = as_user(*grants, login="anna"), as_user(*grants, login="bert")
    with crm.session(anna) as session:
        lead = capture(
            crm.context(session, "sfa"), keep=True, person="Carla Diaz", company="Kite AG", email="carla@kite.example"
        ).lead
    with crm.session(bert) as session, pytest.raises(NotFound):
        convert(crm.context(session, "sfa"), lead)
    with crm.session(anna) as session:
        done = convert(crm.context(session, "sfa"), session.get(Lead, lead.id))
    with crm.session(anna) as session:
        assert session.get(Opportunity, done.conversion.opportunity_id).owner_id == anna.user_id
        assert undo(crm.context(session, "sfa"), session.get(Lead, lead.id)).stayed == ()
