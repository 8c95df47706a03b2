"""What people do with leads, as actions."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import attrs

from crmkit.core.customer import Customer
from crmkit.core.staff import User
from crmkit.plugin import Action, ActionCall, Context, Money, msg
from crmkit_sfa.assignment.assigning import assign, give
from crmkit_sfa.leads.changing import disqualify, recycle, reopen, take_up
from crmkit_sfa.leads.converting import convert
from crmkit_sfa.leads.entities import Lead
from crmkit_sfa.leads.qualifying import Answer, qualify
from crmkit_sfa.leads.undoing import undo
from crmkit_sfa.opportunities.entities import Opportunity

_OPEN = "status in (new, working, qualified)"


@attrs.frozen(kw_only=True)
class Criteria:
    """What is known of a lead, by the criteria that the configuration names."""

    met: tuple[str, ...] = attrs.field(default=(), metadata={"help": msg("Criteria that it meets.")})
    not_met: tuple[str, ...] = attrs.field(default=(), metadata={"help": msg("Criteria that it does not meet.")})


@attrs.frozen(kw_only=True)
class Qualified:
    """How far a lead is qualified."""

    lead_id: UUID
    status: str
    met: int
    needed: int
    missing: tuple[str, ...]


@attrs.frozen(kw_only=True)
class Conversion:
    """What becomes of a lead, beyond what it says itself."""

    name: str = attrs.field(default="", metadata={"help": msg("What the opportunity is called.")})
    amount: Money | None = attrs.field(default=None, metadata={"help": msg("What the opportunity is worth.")})
    close_on: date | None = attrs.field(default=None, metadata={"help": msg("The day it is expected to be decided.")})
    pipeline: str = attrs.field(default="", metadata={"help": msg("The pipeline; by default the configured one.")})
    opportunity_id: UUID | None = attrs.field(
        default=None, metadata={"reference": "sfa_opportunity", "help": msg("Put it onto this opportunity instead.")}
    )
    customer_id: UUID | None = attrs.field(
        default=None,
        metadata={"reference": "customer", "help": msg("The customer that it is of, where that is known.")},
    )


@attrs.frozen(kw_only=True)
class ConvertedLead:
    """What a lead became. ``repeated``: it was converted before, and nothing was made."""

    lead_id: UUID
    opportunity_id: UUID | None
    customer_id: UUID | None
    person_id: UUID | None
    repeated: bool


@attrs.frozen(kw_only=True)
class Undone:
    """What was taken back of a conversion, and how much stayed because it is in use."""

    lead_id: UUID
    status: str
    taken_back: int
    stayed: int


@attrs.frozen(kw_only=True)
class Reason:
    """Why something is done."""

    reason: str = attrs.field(validator=attrs.validators.max_len(200), metadata={"help": msg("Why.")})


@attrs.frozen(kw_only=True)
class Aside:
    """Until when something is put aside."""

    on: date = attrs.field(metadata={"help": msg("The day on which it is taken up again.")})
    reason: str = attrs.field(default="", metadata={"help": msg("Why not now.")})


@attrs.frozen(kw_only=True)
class Receiver:
    """Who gets something."""

    user_id: UUID = attrs.field(metadata={"reference": "user", "label": msg("User"), "help": msg("Who gets it.")})
    note: str = attrs.field(default="", metadata={"help": msg("Why.")})


@attrs.frozen(kw_only=True)
class AssignedLead:
    """Whose a lead is now."""

    lead_id: UUID
    owner_id: UUID | None


@attrs.frozen(kw_only=True)
class AssignedLeads:
    """Whose leads are now, in the order in which they were named."""

    leads: tuple[AssignedLead, ...]


def _take_up(ctx: Context, call: ActionCall) -> Lead:
    return take_up(ctx, call.records[0])


def _qualify(ctx: Context, call: ActionCall) -> Qualified:
    given = [Answer(one, True) for one in call.input.met] + [Answer(one, False) for one in call.input.not_met]
    lead, found = qualify(ctx, call.records[0], given)
    return Qualified(
        lead_id=lead.id, status=lead.status, met=found.met, needed=found.needed, missing=tuple(found.missing)
    )


def _convert(ctx: Context, call: ActionCall) -> ConvertedLead:
    asked: Conversion = call.input
    done = convert(
        ctx,
        call.records[0],
        opportunity=ctx.session.get(Opportunity, asked.opportunity_id) if asked.opportunity_id else None,
        customer=ctx.session.get(Customer, asked.customer_id) if asked.customer_id else None,
        name=asked.name,
        amount=asked.amount,
        close_on=asked.close_on,
        pipeline=asked.pipeline,
    )
    return ConvertedLead(
        lead_id=done.lead.id,
        opportunity_id=done.conversion.opportunity_id,
        customer_id=done.conversion.customer_id,
        person_id=done.conversion.person_id,
        repeated=done.repeated,
    )


def _undo(ctx: Context, call: ActionCall) -> Undone:
    done = undo(ctx, call.records[0])
    return Undone(
        lead_id=done.lead.id, status=done.lead.status, taken_back=len(done.taken_back), stayed=len(done.stayed)
    )


def _disqualify(ctx: Context, call: ActionCall) -> None:
    for lead in call.records:
        disqualify(ctx, lead, call.input.reason)


def _recycle(ctx: Context, call: ActionCall) -> None:
    for lead in call.records:
        recycle(ctx, lead, call.input.on, call.input.reason)


def _reopen(ctx: Context, call: ActionCall) -> Lead:
    return reopen(ctx, call.records[0])


def _assign(ctx: Context, call: ActionCall) -> AssignedLeads:
    assign(ctx, call.records, anew=True)
    return _owners(ctx, call)


def _give(ctx: Context, call: ActionCall) -> AssignedLeads:
    user = ctx.session.get(User, call.input.user_id)
    for lead in call.records:
        give(ctx, lead, user, call.input.note)
    return _owners(ctx, call)


def _owners(ctx: Context, call: ActionCall) -> AssignedLeads:
    ctx.session.flush()
    # Whoever gives a lead away may not see it any more; whose it is now is no secret to them.
    with ctx.elevated("who gave leads away learns whose they are"):
        now = {one.id: one.owner_id for one in ctx.session.list(Lead, id=[lead.id for lead in call.records])}
    return AssignedLeads(leads=tuple(AssignedLead(lead_id=lead.id, owner_id=now.get(lead.id)) for lead in call.records))


LEAD_ACTIONS: list[Action] = [
    Action(
        "sfa.take_up_lead",
        msg("Take up"),
        _take_up,
        help=msg("Take a lead up: it waits no longer."),
        entity="sfa_lead",
        returns=Lead,
        available=_OPEN,
    ),
    Action(
        "sfa.qualify_lead",
        msg("Qualify"),
        _qualify,
        help=msg("Note which criteria a lead meets; with enough of them it is qualified."),
        entity="sfa_lead",
        input=Criteria,
        returns=Qualified,
        available=_OPEN,
    ),
    Action(
        "sfa.convert_lead",
        msg("Convert"),
        _convert,
        help=msg("Make customer, person and opportunity of a lead, in one step."),
        entity="sfa_lead",
        input=Conversion,
        returns=ConvertedLead,
        available="status in (new, working, qualified, recycled, converted)",
    ),
    Action(
        "sfa.undo_conversion",
        msg("Undo the conversion"),
        _undo,
        help=msg("Take a conversion back; what was changed or used since stays."),
        entity="sfa_lead",
        returns=Undone,
        available="status = converted",
        destructive=True,
    ),
    Action(
        "sfa.disqualify_lead",
        msg("Disqualify"),
        _disqualify,
        help=msg("End leads of which nothing will come."),
        entity="sfa_lead",
        input=Reason,
        available="status in (new, working, qualified, recycled)",
        bulk=True,
    ),
    Action(
        "sfa.recycle_lead",
        msg("Put aside"),
        _recycle,
        help=msg("Put leads aside until a day, on which they are new again."),
        entity="sfa_lead",
        input=Aside,
        available="status in (new, working, qualified, recycled)",
        bulk=True,
    ),
    Action(
        "sfa.reopen_lead",
        msg("Reopen"),
        _reopen,
        help=msg("Make a recycled or disqualified lead new again."),
        entity="sfa_lead",
        returns=Lead,
        available="status in (recycled, disqualified)",
    ),
    Action(
        "sfa.assign_leads",
        msg("Assign by the rules"),
        _assign,
        help=msg("Assign leads by the rules of assignment."),
        entity="sfa_lead",
        returns=AssignedLeads,
        available=_OPEN,
        bulk=True,
    ),
    Action(
        "sfa.give_leads",
        msg("Give to somebody"),
        _give,
        help=msg("Give leads to a user by hand."),
        entity="sfa_lead",
        input=Receiver,
        returns=AssignedLeads,
        available=_OPEN,
        bulk=True,
    ),
]
