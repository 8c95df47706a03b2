"""Converting leads: to customer, person, relation and opportunity in one transaction, once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from crmkit.core.customer import Customer
from crmkit.core.frozen import frozen
from crmkit.core.identity import IdentityClaim
from crmkit.plugin import Conflict, Context, Money, Part, Refused, change, entity_info, msg
from crmkit_sfa.leads.changing import not_open
from crmkit_sfa.leads.details import first_line
from crmkit_sfa.leads.entities import Lead, LeadConversion
from crmkit_sfa.leads.mapping import mapped
from crmkit_sfa.leads.parties import Parties, new_record, parties
from crmkit_sfa.leads.qualifying import checklist
from crmkit_sfa.leads.statuses import OPEN, RESTING
from crmkit_sfa.opportunities.entities import Opportunity, OpportunityContact
from crmkit_sfa.pricing.assortment import add_with_product

NOTED = "what a lead became is noted, whoever converts it"
"""Why conversions are written with every right: whoever may change the lead converts it, and nobody writes them else."""


@frozen
class Converted:
    """What a lead became. ``repeated``: it was converted before, and nothing was made."""

    lead: Lead
    conversion: LeadConversion
    repeated: bool = False


def convert(
    ctx: Context,
    lead: Lead,
    *,
    opportunity: Opportunity | None = None,
    customer: Customer | None = None,
    name: str = "",
    amount: Money | None = None,
    close_on: date | None = None,
    pipeline: str = "",
) -> Converted:
    """Make customer, person, employment and opportunity of a lead, or put it onto an ``opportunity`` that there is.

    Who and what is known already is used. A lead that is converted already is told as it is. Raises Conflict when it
    became something else than is asked for, Refused for one that has ended or is not qualified where that is needed.
    """
    lead = ctx.services.hold_records(Lead, [lead.id])[lead.id]
    if lead.status == "converted":
        return _converted_before(ctx, lead, opportunity, customer)
    _require_convertible(ctx, lead)
    values = mapped(lead, ctx.config.leads.mapping)
    if opportunity is not None and customer is None and opportunity.customer_id is not None:
        customer = ctx.session.get(Customer, opportunity.customer_id)
    who = parties(ctx, lead, values, customer)
    made: list[Part] = list(who.made)
    ctx.session.add(*made)
    goal = opportunity or _left_over(ctx, lead)
    if goal is None:
        given = {**values["opportunity"], "name": name or _name(lead, who)}
        given |= {
            "customer_id": who.customer.id if who.customer else None,
            "owner_id": lead.owner_id,
            "team_id": lead.team_id,
        }
        asked = {"amount": amount, "close_on": close_on, "pipeline": pipeline or None}
        given |= {key: value for key, value in asked.items() if value is not None}
        goal = new_record(Opportunity(name=lead.name), given)
        made.append(goal)
        add_with_product(ctx, goal)
    made += _role(ctx, goal, who.person)
    _learn(ctx, lead, who)
    return _finished(ctx, lead, goal, who, made)


def _converted_before(
    ctx: Context, lead: Lead, opportunity: Opportunity | None, customer: Customer | None
) -> Converted:
    with ctx.elevated(NOTED):
        conversion = ctx.session.find(LeadConversion, lead_id=lead.id, state="done")
    if conversion is None:
        raise not_open(lead)
    elsewhere = opportunity is not None and opportunity.id != conversion.opportunity_id
    of_another = customer is not None and customer.id not in (conversion.customer_id, conversion.person_id)
    if elsewhere or of_another:
        raise Conflict(
            msg(
                "{lead} was converted to something else on {day}; undo that first",
                lead=lead.name,
                day=conversion.converted_at.date(),
            )
        )
    return Converted(lead, conversion, repeated=True)


def _require_convertible(ctx: Context, lead: Lead) -> None:
    if lead.status not in (*OPEN, *RESTING):
        raise not_open(lead)
    if ctx.config.leads.only_qualified and lead.status != "qualified":
        missing = ", ".join(checklist(ctx.config.leads, lead.answers).missing)
        reason = msg("{lead} is not qualified yet; it lacks {missing}", lead=lead.name, missing=missing)
        raise Refused("sfa", reason)


def _name(lead: Lead, who: Parties) -> str:
    about = first_line(lead.interest)
    whose = who.customer.name if who.customer is not None else lead.name
    return f"{whose}: {about}"[:200] if about else whose


def _left_over(ctx: Context, lead: Lead) -> Opportunity | None:
    """Return the opportunity that an earlier conversion made and its undoing left, so that none is made twice."""
    with ctx.elevated(NOTED):
        undone = ctx.session.list(LeadConversion, lead_id=lead.id, state="undone", order="-undone_at,-id")
    for conversion in undone:
        if conversion.opportunity_id is not None:
            left = ctx.session.find(Opportunity, id=conversion.opportunity_id, category="open")
            made = {entry["id"] for entry in conversion.made}
            if left is not None and str(left.id) in made:
                return left
    return None


def _role(ctx: Context, goal: Opportunity, person: Customer | None) -> list[Part]:
    if person is None:
        return []
    if goal.version > 0 and ctx.session.list(OpportunityContact, opportunity_id=goal.id, customer_id=person.id):
        return []
    role = OpportunityContact(opportunity_id=goal.id, customer_id=person.id)
    ctx.session.add(role)
    return [role]


def _learn(ctx: Context, lead: Lead, who: Parties) -> None:
    """Decide who the claim is, unless the new addresses have told that already."""
    known = who.person or who.organization
    if lead.claim_id is None or known is None:
        return
    with ctx.elevated("who asks is known once the lead is converted"):
        claim = ctx.session.find(IdentityClaim, id=lead.claim_id)
        if claim is not None and claim.state != "resolved":
            ctx.services.resolve_claim(claim, known.id)


def _finished(ctx: Context, lead: Lead, goal: Opportunity, who: Parties, made: Sequence[Part]) -> Converted:
    # Written and read again: hooks may have completed what was made, and its version is what undoing looks at.
    current = ctx.session.list(Lead, id=lead.id)[0]
    conversion = LeadConversion(
        lead_id=lead.id,
        converted_at=ctx.clock.now(),
        opportunity_id=goal.id,
        customer_id=who.customer.id if who.customer is not None else None,
        person_id=who.person.id if who.person is not None else None,
        before={"status": lead.status, "customer_id": _text(lead.customer_id), "recycle_on": _text(lead.recycle_on)},
    )
    with ctx.elevated(NOTED):
        ctx.session.add(conversion)
    ctx.session.update(
        change(
            current,
            status="converted",
            customer_id=conversion.customer_id,
            opportunity_id=goal.id,
            converted_at=conversion.converted_at,
        )
    )
    stored = ctx.session.list(Lead, id=lead.id)[0]
    with ctx.elevated(NOTED):
        told = ctx.session.list(LeadConversion, id=conversion.id)[0]
        ctx.session.update(change(told, made=_as_made(ctx, made)))
        return Converted(stored, ctx.session.list(LeadConversion, id=conversion.id)[0])


def _text(value: UUID | date | None) -> str | None:
    return None if value is None else str(value)


def _as_made(ctx: Context, made: Sequence[Part]) -> tuple[dict[str, Any], ...]:
    """Return what was made with its version and what refers to it now: more of either later means that it is in use."""
    with ctx.elevated("what was made is noted as it is, whoever may see it"):
        now = [ctx.session.list(type(record), id=record.id)[0] for record in made]
        uses = ctx.services.referring(now)
    return tuple(
        {
            "entity": entity_info(type(record)).name,
            "id": str(record.id),
            "version": record.version,
            "uses": dict(uses[record.id]),
        }
        for record in now
    )
