"""Leads that are converted and taken back, and what that leaves."""

from __future__ import annotations

from crmkit import Crm
from crmkit.core.customer import ContactPoint, Customer, CustomerRelation
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
