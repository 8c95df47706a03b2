"""What a lead shows to people: its facts, its criteria, its touches and what it became."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import attrs

from crmkit.command import PageTable, wording
from crmkit.core.customer import Customer
from crmkit.core.frozen import frozen
from crmkit.core.staff import User
from crmkit.plugin import Context
from crmkit_sfa.leads.entities import Lead, LeadTouch
from crmkit_sfa.leads.qualifying import Checklist, checklist
from crmkit_sfa.opportunities.entities import Opportunity


@frozen
class LeadPage:
    """A lead as its reader may see it, with the names of what it refers to."""

    lead: Lead
    owner: str
    customer: str
    opportunity: str
    touches: tuple[LeadTouch, ...]
    criteria: Checklist

    def short(self) -> dict[str, Any]:
        """Return what a program needs to go on with."""
        one = self.lead
        return {
            "id": one.id,
            "name": one.name,
            "status": one.status,
            "owner": self.owner or None,
            "touches": one.touches,
        }

    def document(self) -> dict[str, Any]:
        """Return all of it for programs."""
        one = self.lead
        return {
            **self.short(),
            **{name: getattr(one, name) for name in _TOLD},
            "customer": self.customer or None,
            "opportunity": self.opportunity or None,
            "score_reasons": one.score_reasons,
            "criteria": [attrs.asdict(answer) for answer in self.criteria.answers],
            "came_forward": [
                {"at": touch.at, "channel": touch.channel, "text": touch.text, "raw": touch.raw}
                for touch in self.touches
            ],
        }

    def facts(self) -> Iterator[tuple[str, Any]]:
        """Yield labels and values."""
        one = self.lead
        yield from (
            (wording("Lead"), one.name),
            (wording("Status"), one.status),
            (wording("Owner"), self.owner),
            (wording("Person"), ", ".join(filter(None, (one.person, one.job_title)))),
            (wording("Company"), one.company),
            (wording("Mail"), one.email),
            (wording("Phone"), one.phone),
            (wording("Country"), one.country),
            (wording("Interest"), one.interest),
            (wording("Estimated value"), one.estimated),
            (wording("Score"), one.score if one.score_reasons else None),
            (wording("Source"), one.lead_source),
            (wording("First touch"), one.first_touch_at),
            (wording("Waits since"), one.waiting_since),
            (wording("Customer"), self.customer),
            (wording("Opportunity"), self.opportunity),
            (wording("Reason"), one.reason),
            (wording("Taken up again on"), one.recycle_on),
            (wording("Id"), one.id),
        )

    def tables(self) -> Iterator[PageTable]:
        """Yield the points of the score, the criteria and the touches."""
        reasons = [[reason["points"], reason["reason"]] for reason in self.lead.score_reasons]
        answers = [[answer.criterion, answer.met, answer.note] for answer in self.criteria.answers]
        touches = [[touch.at, touch.channel, touch.lead_source, touch.text] for touch in self.touches]
        known = any(answer.met is not None for answer in self.criteria.answers)
        headings = (wording("When"), wording("Channel"), wording("Source"), wording("What they said"))
        yield wording("How promising"), (wording("Points"), wording("Reason")), reasons, ()
        if known:
            yield wording("Criteria"), (wording("Criterion"), wording("Met"), wording("Note")), answers, ()
        yield wording("Came forward"), headings, touches, ()


_TOLD = (
    *("person", "job_title", "company", "email", "phone", "country", "interest", "estimated", "lead_source", "score"),
    *("first_touch_at", "last_touch_at", "waiting_since", "assigned_at", "worked_at", "reason", "recycle_on"),
)


def page_of(ctx: Context, lead: Lead) -> LeadPage:
    """Return the page of a lead, as its reader may see it."""
    lead = ctx.session.list(Lead, id=lead.id)[0]
    shown = ctx.session.masked(lead)
    owner = ctx.session.find(User, id=lead.owner_id) if lead.owner_id else None
    customer = ctx.session.find(Customer, id=lead.customer_id) if lead.customer_id else None
    deal = ctx.session.find(Opportunity, id=lead.opportunity_id) if lead.opportunity_id else None
    touches = ctx.session.list(LeadTouch, lead_id=lead.id, order="at,id")
    return LeadPage(
        lead=shown,
        owner=(owner.name or owner.login) if owner else "",
        customer=ctx.session.masked(customer).name if customer else "",
        opportunity=ctx.session.masked(deal).name if deal else "",
        touches=tuple(ctx.session.masked(touch) for touch in touches),
        criteria=checklist(ctx.config.leads, shown.answers),
    )


def owners_of(ctx: Context, leads: Sequence[Lead]) -> Mapping[UUID, str]:
    """Return the names of the owners of leads, with one query."""
    ids: Iterable[UUID] = {lead.owner_id for lead in leads if lead.owner_id is not None}
    found = list(ids)
    return {user.id: user.name or user.login for user in ctx.session.list(User, id=found)} if found else {}


def row_of(lead: Lead, owners: Mapping[UUID, str]) -> dict[str, Any]:
    """Return a lead as a row of a list."""
    return {
        "name": lead.name,
        "company": lead.company,
        "status": lead.status,
        "score": lead.score if lead.score_reasons else None,
        "estimated": lead.estimated,
        "touches": lead.touches,
        "owner": owners.get(lead.owner_id, "") if lead.owner_id else "",
        "last_touch_at": lead.last_touch_at,
        "id": lead.id,
    }
