"""What becomes of leads that nobody has tied to a customer yet when that customer is erased."""

from __future__ import annotations

from typing import Any

from crmkit.core.customer import ContactPoint
from crmkit.core.erasure import anonymised
from crmkit.hooks.personal_data import Erasing
from crmkit.plugin import Context, hookimpl
from crmkit_sfa.leads.entities import Lead, LeadTouch


@hookimpl(specname="derive_erasure")
def erase_leads(ctx: Context, call: Erasing) -> list[Any]:
    """Empty leads that came from the person's addresses and have no customer; those that have one go with it."""
    points = ctx.session.list(ContactPoint, customer_id=list(call.customers))
    leads: dict[Any, Lead] = {}
    for kind, field in (("email", "email_key"), ("phone", "phone_key")):
        keys = [point.normalized for point in points if point.kind == kind]
        if keys:
            leads |= {lead.id: lead for lead in ctx.session.list(Lead, customer_id=None, **{field: keys})}
    if not leads:
        return []
    touches = ctx.session.list(LeadTouch, lead_id=list(leads))
    whole: Any = ctx.session
    return [anonymised(whole.entity(type(record)), record) for record in (*leads.values(), *touches)]
