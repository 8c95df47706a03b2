from __future__ import annotations

from crmkit import Crm
from crmkit.core.identity import IdentityClaim
from crmkit_sfa.leads.capturing import Captured, capture
from crmkit_sfa.leads.entities import Lead, LeadTouch


def captured(crm: Crm, **details: object) -> Captured:
    with crm.session() as session:
        return capture(crm.context(session, "sfa"), **details)


def test_somebody_unknown_becomes_a_lead_with_a_claim(crm: Crm) -> None:
    made = captured(crm, person="Anna Berg", email="Anna@Kestrel.example", interest="40 pumps", source="fair")
    assert made.created
    with crm.session() as session:
        (lead,) = session.list(Lead)
        (touch,) = session.list(LeadTouch)
        (claim,) = session.list(IdentityClaim)
    assert (lead.name, lead.status, lead.claim_id, lead.customer_id) == ("Anna Berg", "new", claim.id, None)
    assert (lead.email_key, lead.touches, lead.lead_source) == ("anna@kestrel.example", 1, "fair")
    assert touch.raw["email"] == "Anna@Kestrel.example"
