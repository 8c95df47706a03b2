"""Taking leads in: once for each key, as another touch where the same asker has an open one, and never lost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from crmkit.core.customer import Customer
from crmkit.core.frozen import frozen
from crmkit.core.identity import IdentityClaim
from crmkit.plugin import BadInput, Context, change, msg
from crmkit_sfa.leads.belonging import bound, organizations_of
from crmkit_sfa.leads.details import LeadDetails, called, company_domain, key_of
from crmkit_sfa.leads.entities import Lead, LeadTouch
from crmkit_sfa.leads.same import same_asker
from crmkit_sfa.leads.scoring import scored
from crmkit_sfa.leads.statuses import OPEN, RESTING

CHUNK = 500
"""Addresses that are looked up at a time."""
MOST = 5_000
"""Leads that are looked at for one chunk of addresses."""


@frozen
class Captured:
    """A lead that somebody's coming forward led to. ``created``: it is new; else this is another touch on it.

    ``repeated``: this very touch was taken before, and nothing was written. ``hidden``: whoever takes it in may not read
    the lead; ``lead`` and ``touch`` hold what was told just now, and nothing of what is stored.
    """

    lead: Lead
    touch: LeadTouch
    created: bool
    repeated: bool = False
    hidden: bool = False


def capture(ctx: Context, *, separate: bool = False, keep: bool = False, **details: Any) -> Captured:
    """Take in that somebody came forward; ``details`` are those of ``LeadDetails``.

    Who asks is recognised as a customer or kept as a claim. Whoever has an open or recycled lead touches it again, unless
    ``separate``. ``keep`` assigns a new one to whoever enters it. Raises BadInput when nothing tells who asks or what for.
    """
    return taken(ctx, LeadDetails(**details), separate=separate, keep=keep)


def taken(ctx: Context, details: LeadDetails, *, separate: bool = False, keep: bool = False) -> Captured:
    """Take in what somebody told; see ``capture``."""
    values = details.values
    fresh = Lead(
        **values,
        custom=details.custom,
        lead_source=details.source,
        first_channel=details.channel,
        first_touch_at=details.at or ctx.clock.now(),
        email_key=key_of("email", details.email),
        phone_key=key_of("phone", details.phone, details.country),
    )
    if not called(change(fresh, name="")) and not details.name:
        if details.customer_id is None:
            raise BadInput(msg("a lead needs to tell who asks or what for: a name, company, address or interest"))
        fresh = change(fresh, name=ctx.session.get(Customer, details.customer_id).name)
    _one_at_a_time(ctx, details, fresh)
    if (known := _taken_before(ctx, details, fresh)) is not None:
        return known
    fresh = identified(ctx, fresh)
    found = None if separate else _open_lead(ctx, fresh)
    if found is not None:
        return _touched(ctx, found, fresh, details)
    if keep:
        fresh = change(fresh, assigned_at=ctx.clock.now())
    touch = _touch(ctx, fresh, details)
    _added(ctx, fresh, claimed(ctx, fresh, details.raw), touch)
    (lead,) = scored(ctx, [fresh])
    return Captured(lead, touch, created=True)


def _added(ctx: Context, fresh: Lead, known: Lead, touch: LeadTouch) -> None:
    """Add a lead with what is ``known`` of who asks, also where whoever takes it in may not read that."""
    if known.claim_id is None or ctx.session.find(IdentityClaim, id=known.claim_id) is not None:
        ctx.session.add(known, touch)
        return
    ctx.session.add(fresh, touch)
    with ctx.elevated("who asks is kept, whoever takes it in"):
        stored = ctx.session.get(Lead, fresh.id)
        # A dealer does not learn from its lead whom head office knows.
        customer_id = stored.customer_id if bound(ctx.actor) else known.customer_id
        ctx.session.update(change(stored, claim_id=known.claim_id, customer_id=customer_id))


def identified(ctx: Context, lead: Lead) -> Lead:
    """Return a lead with the customer who asks, as far as that is known to whoever takes it in."""
    if lead.customer_id is not None or lead.claim_id is not None:
        return lead
    who = ctx.services.identify(_evidence(ctx, lead), lead.first_channel)
    return lead if who.customer_id is None else change(lead, customer_id=who.customer_id)


def claimed(ctx: Context, lead: Lead, raw: Any) -> Lead:
    """Return a lead of nobody known with the claim that keeps who asks until somebody decides who it is.

    A name alone is no claim; the same address is the same one, whatever name it comes with.
    """
    if lead.customer_id is not None or lead.claim_id is not None or not (lead.email_key or lead.phone_key):
        return lead
    address = {"emails": [lead.email]} if lead.email_key else {"phones": [lead.phone], "country": lead.country}
    key = ctx.services.evidence(**address)
    with ctx.elevated("who asks is kept, whoever takes it in"):
        who, claim = ctx.services.recognise(_evidence(ctx, lead), lead.first_channel, raw, key)
    if claim is None:
        return lead if who.customer_id is None else change(lead, customer_id=who.customer_id)
    return change(lead, claim_id=claim.id, customer_id=claim.customer_id)


def recognised(ctx: Context, lead: Lead) -> Lead:
    """Return a lead that is stored with its customer or claim: who asks is looked up once."""
    if lead.customer_id is not None or lead.claim_id is not None or not (lead.email_key or lead.phone_key):
        return identified(ctx, lead)
    return claimed(ctx, lead, {})


def _evidence(ctx: Context, lead: Lead) -> Any:
    return ctx.services.evidence(
        emails=[lead.email] if lead.email else [],
        phones=[lead.phone] if lead.phone else [],
        name=lead.person or lead.company,
        domain="" if lead.person else company_domain(lead.email, lead.domain),
        street=lead.street,
        city=lead.city,
        postal_code=lead.postal_code,
        country=lead.country,
        kind="organization" if lead.company and not lead.person else None,
    )


def _one_at_a_time(ctx: Context, details: LeadDetails, lead: Lead) -> None:
    """Let those who take in the same asker, or the same touch, go one after the other; all in one order."""
    words: set[tuple[str, ...]] = {
        ("sfa_lead", kind, key) for kind, key in (("mail", lead.email_key), ("phone", lead.phone_key)) if key
    }
    if details.key:
        words.add(("sfa_lead", "touch", details.channel, _key(ctx, details)))
    if details.customer_id is not None:
        words.add(("sfa_lead", "customer", str(details.customer_id)))
    for named in sorted(words):
        ctx.services.take_turns(*named)


def _key(ctx: Context, details: LeadDetails) -> str:
    """Return the name under which a touch is kept: a dealer's are its own, so that guessing tells nothing of others."""
    own = ctx.actor.organization_id
    return details.key if own is None or not details.key else f"{own}:{details.key}"


def _taken_before(ctx: Context, details: LeadDetails, fresh: Lead) -> Captured | None:
    if not details.key:
        return None
    with ctx.elevated("the same touch is taken once, whoever took it"):
        touch = ctx.session.find(LeadTouch, channel=details.channel, external_key=_key(ctx, details))
    return None if touch is None else _told(ctx, touch, fresh, details, repeated=True)


def _told(ctx: Context, touch: LeadTouch, fresh: Lead, details: LeadDetails, *, repeated: bool = False) -> Captured:
    """Return a lead that there is, as far as whoever takes in a touch on it may read it."""
    lead = ctx.session.find(Lead, id=touch.lead_id)
    if lead is not None:
        return Captured(lead, touch, created=False, repeated=repeated)
    # Filled from other records, perhaps, which are not told either.
    said = change(fresh, customer_id=details.customer_id, claim_id=None, name=fresh.name or called(fresh))
    return Captured(said, _touch(ctx, said, details), created=False, repeated=repeated, hidden=True)


def _open_lead(ctx: Context, fresh: Lead) -> Lead | None:
    """Return the lead that this asker has already: an open one, else a recycled one; the newest of several."""
    with _view(ctx):
        found = _sharing(ctx, [fresh]).get(fresh.id, [])
    days = ctx.config.leads.merge_days
    since = ctx.clock.now() - timedelta(days=days) if days else None
    fitting = [
        lead
        for lead in found
        if same_asker(lead, fresh) and (since is None or lead.last_touch_at is None or lead.last_touch_at >= since)
    ]
    fitting.sort(key=lambda lead: (lead.status in OPEN, lead.last_touch_at or ctx.clock.now(), lead.id))
    return fitting[-1] if fitting else None


def _sharing(ctx: Context, leads: Sequence[Lead]) -> dict[UUID, list[Lead]]:
    """Return the open and resting leads that share a customer, claim, mail address or phone with some, by their ids."""
    found: dict[UUID, dict[UUID, Lead]] = defaultdict(dict)
    for name in ("customer_id", "claim_id", "email_key", "phone_key"):
        wanted: dict[Any, list[UUID]] = defaultdict(list)
        for lead in leads:
            if value := getattr(lead, name):
                wanted[value].append(lead.id)
        values = list(wanted)
        for at in range(0, len(values), CHUNK):
            asked: dict[str, Any] = {name: values[at : at + CHUNK]}
            for other in ctx.session.list(Lead, status=[*OPEN, *RESTING], order="-id", limit=MOST, **asked):
                for id in wanted[getattr(other, name)]:
                    if id != other.id:
                        found[id][other.id] = other
    return {id: list(others.values()) for id, others in found.items()}


def _view(ctx: Context) -> Any:
    """Look at the leads of all colleagues; a dealer's user looks at its own organization's alone."""
    from contextlib import nullcontext

    return nullcontext() if bound(ctx.actor) else ctx.elevated("the same asker is one lead, whoever has it")


def _touched(ctx: Context, lead: Lead, fresh: Lead, details: LeadDetails) -> Captured:
    """Add another touch to a lead, fill what it lacked, and have somebody look at it again."""
    with ctx.elevated("who comes forward again is heard, whoever has the lead"):
        lead = ctx.services.hold_records(Lead, [lead.id])[lead.id]
        touch = _touch(ctx, lead, details)
        missing = {name: value for name, value in details.values.items() if not getattr(lead, name) and name != "name"}
        custom = {**details.custom, **lead.custom}
        values: dict[str, Any] = {
            **missing,
            "custom": custom,
            "customer_id": lead.customer_id or fresh.customer_id,
            "claim_id": lead.claim_id or fresh.claim_id,
            "touches": lead.touches + 1,
            "last_touch_at": max(filter(None, (lead.last_touch_at, touch.at))),
            "waiting_since": lead.waiting_since or ctx.clock.now(),
        }
        if lead.status in RESTING:
            values |= {"status": "new", "reason": "", "recycle_on": None}
        ctx.session.add(touch)
        ctx.session.update(change(lead, **values))
        scored(ctx, [lead])
    return _told(ctx, touch, fresh, details)


def _touch(ctx: Context, lead: Lead, details: LeadDetails) -> LeadTouch:
    return LeadTouch(
        lead_id=lead.id,
        at=details.at or ctx.clock.now(),
        channel=details.channel or "manual",
        external_key=_key(ctx, details),
        lead_source=details.source,
        campaign=details.campaign,
        text=details.interest,
        raw=details.raw or {name: str(value) for name, value in details.values.items() if name != "customer_id"},
        interaction_id=details.interaction_id,
    )


def open_leads_alike(ctx: Context, leads: Sequence[Lead]) -> dict[UUID, UUID]:
    """Return, for leads that are stored, the open lead that the same asker had before, by the id of the later one."""
    shared = _sharing(ctx, leads)
    owners = [one.owner_id for lead in leads for one in (lead, *shared.get(lead.id, ()))]
    belongs = organizations_of(ctx, owners) if shared else {}
    found: dict[UUID, UUID] = {}
    for lead in leads:
        others = [one for one in shared.get(lead.id, ()) if one.id < lead.id and same_asker(one, lead)]
        own = belongs.get(lead.owner_id)
        # A dealer's lead joins one of its own alone: of others it knows nothing.
        earlier = [one.id for one in others if own is None or belongs.get(one.owner_id) == own]
        if earlier:
            found[lead.id] = min(earlier)
    return found
