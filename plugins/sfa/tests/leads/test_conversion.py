from __future__ import annotations

from datetime import date

from crmkit import Crm
from crmkit.core.customer import ContactPoint, Customer, CustomerRelation
from crmkit.core.identity import IdentityClaim
from crmkit.plugin import Money
from crmkit_sfa.opportunities.entities import Opportunity, OpportunityContact
from plugins.sfa.tests.leads.conversions import captured, converted, counts, undone


def test_a_lead_becomes_customer_person_employment_and_opportunity(crm: Crm) -> None:
    lead = captured(crm)
    done = converted(crm, lead, close_on=date(2026, 6, 1))
    with crm.session(reads=True) as session:
        (deal,) = session.list(Opportunity)
        (relation,) = session.list(CustomerRelation)
        (role,) = session.list(OpportunityContact)
        company = session.get(Customer, relation.to_id)
        person = session.get(Customer, relation.from_id)
        (point,) = session.list(ContactPoint)
        (claim,) = session.list(IdentityClaim)
    assert (company.name, company.kind, person.name, person.kind) == (
        "Kestrel GmbH",
        "organization",
        "Anna Berg",
        "person",
    )
    assert (relation.type, relation.title, role.customer_id) == ("employed_by", "Buyer", person.id)
    assert (point.customer_id, point.normalized) == (person.id, "anna@kestrel.example")
    assert (deal.name, deal.amount, deal.lead_source) == ("Kestrel GmbH: 40 pumps", Money.of(9_000, "EUR"), "fair")
    assert (deal.customer_id, deal.close_on, deal.category) == (company.id, date(2026, 6, 1), "open")
    assert (done.lead.status, done.lead.opportunity_id, done.lead.customer_id) == ("converted", deal.id, company.id)
    assert (claim.state, claim.customer_id) == ("resolved", person.id)


def test_a_conversion_taken_back_leaves_nothing(crm: Crm) -> None:
    lead = captured(crm)
    before = counts(crm)
    converted(crm, lead)
    back = undone(crm, lead)
    assert back.stayed == ()
    assert counts(crm) == before
    assert (back.lead.status, back.lead.customer_id, back.lead.opportunity_id) == ("new", None, None)
    with crm.session(reads=True) as session:
        (claim,) = session.list(IdentityClaim)
    assert claim.state == "open"
    assert converted(crm, lead).repeated is False
    assert counts(crm)["Opportunity"] == before["Opportunity"] + 1
