"""What happens while leads are saved; each hook gets all changes of a save at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from crmkit.core.entity import EMPTY
from crmkit.plugin import Change, Context, RecordBatch, Refuse, change, entity_info, hookimpl, msg
from crmkit_sfa.leads.belonging import bound
from crmkit_sfa.leads.entities import Lead, LeadConversion, LeadTouch
from crmkit_sfa.leads.statuses import NEXT, may_become

_FIRST = ("lead_source", "first_channel", "first_touch_at")
_TOLD = ("at", "channel", "external_key", "raw", "text")
_BOOKKEEPING = frozenset({"email_key", "phone_key", "touches", "score", "score_reasons", "waiting_since"})


@hookimpl(specname="derive_records", entities=("sfa_lead",))
def derive_leads(ctx: Context, call: RecordBatch) -> list[Any]:
    """Fill in what follows from a lead itself; one that comes without a touch gets its first."""
    changes = [c for c in call.changes if not c.deleted]
    leads = [_completed(ctx, c) for c in changes]
    return [*leads, *_first_touches(ctx, changes)]


def _completed(ctx: Context, c: Change) -> Lead:
    # What reads addresses is imported when a lead is saved: it would slow down every start.
    from crmkit_sfa.leads.details import called, key_of

    lead: Lead = c.after
    now = ctx.clock.now()
    values: dict[str, Any] = {
        "email_key": key_of("email", lead.email),
        "phone_key": key_of("phone", lead.phone, lead.country),
        "name": lead.name or called(lead),
    }
    if c.created:
        first = lead.first_touch_at or now
        values |= {"first_touch_at": first, "last_touch_at": lead.last_touch_at or first}
        values["touches"] = max(lead.touches, 1)
        values["first_channel"] = _channel(lead)
        if lead.status == "new":
            values["waiting_since"] = lead.waiting_since or now
    elif c.changed("status"):
        if lead.status == "new":
            # Found out earlier in this save; time goes on meanwhile.
            known = lead.waiting_since if c.changed("waiting_since") else None
            values["waiting_since"] = known or now
        else:
            values["waiting_since"] = None
            values["worked_at"] = lead.worked_at if c.changed("worked_at") else now
        if lead.status not in ("recycled", "new"):
            values["recycle_on"] = None
    if _given(ctx, c):
        values["assigned_at"] = now if lead.owner_id is not None else None
    return change(lead, **values)


def _given(ctx: Context, c: Change) -> bool:
    """Whether somebody says whose lead it is, so that no rule does: a user owns what the user enters until it is assigned.

    What a user of an organization of its own enters, as a dealer's does, stays with that organization.
    """
    if not c.created:
        return c.changed("owner_id") and not c.changed("assigned_at")
    if c.after.owner_id is None or c.after.assigned_at is not None:
        return False
    return bound(ctx.actor) or c.after.owner_id != ctx.actor.user_id


def _channel(lead: Lead) -> str:
    return lead.first_channel or ("import" if lead.source else "manual")


def _first_touches(ctx: Context, changes: Sequence[Change]) -> list[LeadTouch]:
    created = [c.after for c in changes if c.created]
    if not created:
        return []
    touched = {touch.lead_id for touch in ctx.session.peek_all(LeadTouch, "lead_id", [lead.id for lead in created])}
    return [_first_touch(ctx, lead) for lead in created if lead.id not in touched]


def _first_touch(ctx: Context, lead: Lead) -> LeadTouch:
    # Ids of customers stay out: nothing finds them in here when customers are merged.
    told = [info for info in entity_info(Lead).fields if not info.common and info.reference != "customer"]
    names = [info.name for info in told if info.name not in _BOOKKEEPING]
    raw = {name: str(value) for name in names if (value := getattr(lead, name)) not in (None, "", (), EMPTY)}
    return LeadTouch(
        lead_id=lead.id,
        at=lead.first_touch_at or ctx.clock.now(),
        channel=_channel(lead),
        lead_source=lead.lead_source,
        text=lead.interest,
        raw=raw | {"custom": dict(lead.custom)} if lead.custom else raw,
        source=lead.source,
    )


@hookimpl(specname="derive_records", entities=("identity_claim",))
def derive_leads_of_claims(ctx: Context, call: RecordBatch) -> list[Any]:
    """Who asked is known once the claim is resolved; open again, nobody knows."""
    decided = {c.after.id: c.after for c in call.changes if not c.created and c.changed("customer_id")}
    if not decided:
        return []
    with ctx.elevated("a lead learns who asked, whoever decided it"):
        leads = ctx.session.peek_all(Lead, "claim_id", list(decided))
    return [
        change(lead, customer_id=decided[lead.claim_id].customer_id)
        for lead in leads
        if lead.customer_id is None and decided[lead.claim_id].customer_id is not None
    ]


@hookimpl(specname="guard_records", entities=("sfa_lead",))
def guard_leads(ctx: Context, call: RecordBatch) -> Iterator[Refuse]:
    """Where a lead came from first stays; its status goes from one to another as it may."""
    changed = [c for c in call.changes if not c.created and not c.deleted]
    if ctx.services.rewrites_history():
        return
    for c in changed:
        for name in _FIRST:
            if getattr(c.before, name) and getattr(c.after, name) and c.changed(name):
                reason = msg(
                    "{field} of a lead stays what it was first: {value}", field=name, value=getattr(c.before, name)
                )
                yield Refuse(reason, c.after.id)
        if not may_become(c.before.status, c.after.status):
            may = ", ".join(sorted(NEXT[c.before.status]))
            reason = msg(
                "a lead that is {before} cannot become {after}; it can become {may}",
                before=c.before.status,
                after=c.after.status,
                may=may,
            )
            yield Refuse(reason, c.after.id)
    yield from _unconverted(ctx, [c for c in changed if c.changed("status")])


def _unconverted(ctx: Context, changes: Sequence[Change]) -> Iterator[Refuse]:
    """Refuse a status that says converted without a conversion, and one that takes it back beside it."""
    concerned = [c for c in changes if "converted" in (c.before.status, c.after.status)]
    if not concerned:
        return
    with ctx.elevated("what became of a lead counts, whoever may see that"):
        known = ctx.session.peek_all(LeadConversion, "lead_id", [c.after.id for c in concerned])
    done = {conversion.lead_id for conversion in known if conversion.state == "done"}
    for c in concerned:
        if (c.after.status == "converted") != (c.after.id in done):
            yield Refuse(msg("a lead is converted and taken back by converting it, not by its status"), c.after.id)


@hookimpl(specname="guard_records", entities=("sfa_lead_touch",))
def guard_lead_touches(ctx: Context, call: RecordBatch) -> Iterator[Refuse]:
    """What came in stays as it came."""
    if ctx.services.rewrites_history():
        return
    for c in call.changes:
        if c.before is None or c.deleted:
            continue
        if any(getattr(c.after, name) and c.changed(name) for name in _TOLD):
            yield Refuse(msg("what came in stays as it came; add another touch"), c.after.id)


@hookimpl(specname="guard_records", entities=("sfa_lead_conversion",))
def guard_lead_conversions(ctx: Context, call: RecordBatch) -> Iterator[Refuse]:
    """What a conversion made is noted by converting alone: undoing takes that back for whoever converted."""
    actor: Any = ctx.actor
    if actor.everything or ctx.services.rewrites_history():
        return
    for c in call.changes:
        if c.created or any(c.changed(name) for name in ("lead_id", "state", "before", "made")):
            yield Refuse(msg("what a lead became is noted by converting it and by undoing that"), c.after.id)
