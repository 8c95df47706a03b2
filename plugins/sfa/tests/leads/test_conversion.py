from __future__ import annotations

from datetime import date

from crmkit import Crm
from crmkit.core.customer import ContactPoint, Customer, CustomerRelation
from crmkit.core.identity import IdentityClaim
from crmkit.plugin import Money
from crmkit_sfa.leads.capturing import capture
from crmkit_sfa.leads.converting import Converted, convert
from crmkit_sfa.leads.entities import Lead
from crmkit_sfa.leads.undoing import Undone, undo
from crmkit_sfa.opportunities.entities import Opportunity, OpportunityContact

MADE = (Customer, ContactPoint, CustomerRelation, Opportunity, OpportunityContact)


def captured(crm: Crm, **details: object) -> Lead:
    told = {
        "person": "Anna Berg",
        "company": "Kestrel GmbH",
        "job_title": "Buyer",
        "email": "anna@kestrel.example",
        "interest": "40 pumps",
        "source": "fair",
        "estimated": Money.of(9_000, "EUR"),
    }
    with crm.session() as session:
        return capture(crm.context(session, "sfa"), **{**told, **details}).lead


def converted(crm: Crm, lead: Lead, **details: object) -> Converted:
    with crm.session() as session:
        return convert(crm.context(session, "sfa"), session.get(Lead, lead.id), **details)


def undone(crm: Crm, lead: Lead) -> Undone:
    with crm.session() as session:
        return undo(crm.context(session, "sfa"), session.get(Lead, lead.id))


def counts(crm: Crm) -> dict[str, int]:
    with crm.session(reads=True) as session:
        return {kind.__name__: session.count(kind) for kind in MADE}


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
