"""Taking a conversion back: what it made goes, unless somebody has changed or used it since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from datetime import date
from typing import Any
from uuid import UUID

from crmkit.core.customer import ContactPoint, Customer, CustomerRelation
from crmkit.core.frozen import frozen
from crmkit.core.identity import IdentityClaim
from crmkit.core.interaction import InteractionParticipant
from crmkit.plugin import Context, Message, Part, Refused, change, entity_info, msg
from crmkit_sfa.leads.converting import NOTED
from crmkit_sfa.leads.entities import Lead, LeadConversion
from crmkit_sfa.opportunities.entities import Opportunity, OpportunityContact

# What needs something comes before it: a role needs its opportunity, that one its customer.
_KINDS: tuple[type[Part], ...] = (OpportunityContact, Opportunity, CustomerRelation, ContactPoint, Customer)
_NEEDS: Mapping[str, tuple[str, ...]] = {
    "sfa_opportunity_contact": ("opportunity_id", "customer_id"),
    "sfa_opportunity": ("customer_id",),
    "customer_relation": ("from_id", "to_id"),
    "contact_point": ("customer_id",),
}
_WHOLES: Mapping[str, tuple[str, ...]] = {
    "sfa_opportunity_contact": ("opportunity_id",),
    "customer_relation": ("from_id", "to_id"),
    "contact_point": ("customer_id",),
}


@frozen
class Undone:
    """What taking back a conversion did. ``stayed`` tells what was left, each with why."""

    lead: Lead
    conversion: LeadConversion
    taken_back: tuple[Part, ...]
    stayed: tuple[tuple[Part, Message], ...]


def undo(ctx: Context, lead: Lead) -> Undone:
    """Take the conversion of a lead back; what was changed or is used since stays, and is told as far as one may see it.

    Whoever converted the lead needs no right to delete for it: what goes is what that conversion made, as it made it, and
    nobody has used it. Others do. Raises Refused for a lead that is not converted, and AccessDenied.
    """
    lead = ctx.services.hold_records(Lead, [lead.id])[lead.id]
    with ctx.elevated(NOTED):
        conversion = ctx.session.find(LeadConversion, lead_id=lead.id, state="done")
    if lead.status != "converted" or conversion is None:
        raise Refused(
            "sfa", msg("{lead} is {status}; there is no conversion to undo", lead=lead.name, status=lead.status)
        )
    seen = {record.id for record in _still_there(ctx, conversion)}
    with ctx.elevated("nothing is taken back that somebody needs, whoever it is"):
        found = _still_there(ctx, conversion)
    stayed = _staying(ctx, conversion, found, seen)
    gone = [record for record in found if record.id not in stayed]
    left = [record for record in found if record.id in stayed]
    told = tuple((record, stayed[record.id]) for record in left if record.id in seen)
    before = conversion.before
    kept_customer = lead.customer_id if lead.customer_id in stayed else _id(before.get("customer_id"))
    with ctx.elevated(NOTED):
        noted_as = tuple({"entity": entity_info(type(one)).name, "id": str(one.id)} for one in left)
        ctx.session.update(change(conversion, state="undone", undone_at=ctx.clock.now(), stayed=noted_as))
    ctx.session.update(
        change(
            lead,
            status=before.get("status", "working"),
            customer_id=kept_customer,
            opportunity_id=None,
            converted_at=None,
            recycle_on=_day(before.get("recycle_on")),
        )
    )
    _forget_who(ctx, lead, {record.id for record in gone})
    own = {record.id for record in gone if _is_own(ctx, conversion, record)}
    ctx.session.delete(*[record for record in gone if record.id not in own])
    with ctx.elevated("takes back what one's own conversion made and nobody has used"):
        ctx.session.delete(*[record for record in gone if record.id in own])
    stored = ctx.session.list(Lead, id=lead.id)[0]
    with ctx.elevated(NOTED):
        noted = ctx.session.list(LeadConversion, id=conversion.id)[0]
    return Undone(stored, noted, tuple(gone), told)


def _is_own(ctx: Context, conversion: LeadConversion, record: Part) -> bool:
    """Whether the actor both converted the lead and made the record by that."""
    actor: Any = ctx.actor
    me = actor.acting_id
    return me is not None and me == conversion.created_by == record.created_by


def _still_there(ctx: Context, conversion: LeadConversion) -> list[Part]:
    """Return what the conversion made and is still there, what needs something before it."""
    by_kind = {entity_info(kind).name: kind for kind in _KINDS}
    wanted: dict[str, list[UUID]] = {}
    for entry in conversion.made:
        wanted.setdefault(entry["entity"], []).append(UUID(entry["id"]))
    found: list[Part] = []
    for name, kind in by_kind.items():
        if name in wanted:
            found += ctx.session.list(kind, id=wanted[name])
    return found


def _staying(ctx: Context, conversion: LeadConversion, found: Sequence[Part], seen: Set[UUID]) -> dict[UUID, Message]:
    """Return why records stay: not seen, changed, used by something new, needed by what stays, or a part of what stays."""
    made = {UUID(entry["id"]): entry for entry in conversion.made}
    with ctx.elevated("nothing is taken back that somebody needs, whoever it is"):
        uses = ctx.services.referring(found)
    stays: dict[UUID, Message] = {}
    for record in found:
        then = made[record.id]
        used = [entity for entity, count in uses[record.id].items() if count > then["uses"].get(entity, 0)]
        used = [entity for entity in used if entity not in ("sfa_lead_conversion", "sfa_lead")]
        if record.id not in seen:
            stays[record.id] = msg("it is not yours to take back")
        elif record.version != then["version"]:
            stays[record.id] = msg("it was changed since")
        elif used:
            stays[record.id] = msg("it is used since by {entities}", entities=", ".join(sorted(used)))
    for record in found:
        if record.id in stays:
            for needed in _named(record, _NEEDS):
                if needed in made:
                    stays.setdefault(needed, msg("it is needed by what stays"))
    for record in found:
        wholes = [whole for whole in _named(record, _WHOLES) if whole in made]
        if wholes and all(whole in stays for whole in wholes) and record.id not in stays:
            stays[record.id] = msg("it belongs to what stays")
    return stays


def _named(record: Part, by: Mapping[str, tuple[str, ...]]) -> list[UUID]:
    return [id for name in by.get(entity_info(type(record)).name, ()) if (id := getattr(record, name)) is not None]


def _forget_who(ctx: Context, lead: Lead, gone: set[UUID]) -> None:
    """Open the claim again when who it was goes: nobody knows any more who asks, and what was said keeps its claim."""
    if lead.claim_id is None:
        return
    with ctx.elevated("who asks is unknown again once the conversion is undone"):
        claim = ctx.session.find(IdentityClaim, id=lead.claim_id)
        if claim is None or claim.customer_id not in gone:
            return
        ctx.session.update(change(claim, state="open", customer_id=None))
        there = ctx.session.list(InteractionParticipant, claim_id=claim.id, customer_id=claim.customer_id)
        ctx.session.update(*[change(participant, customer_id=None) for participant in there])


def _id(text: Any) -> UUID | None:
    return UUID(text) if text else None


def _day(text: Any) -> date | None:
    return date.fromisoformat(text) if text else None
