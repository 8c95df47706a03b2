"""What people do with opportunities, quotations, orders, hand-offs and activities, as actions."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import attrs

from crmkit.core.staff import User
from crmkit.plugin import Action, ActionCall, BadInput, Context, Money, change, msg
from crmkit_sfa.activities.completing import NextStep, complete
from crmkit_sfa.opportunities.entities import Opportunity
from crmkit_sfa.opportunities.pipeline import pipeline_in_force, stage_settings
from crmkit_sfa.orders.entities import Order
from crmkit_sfa.orders.placing import confirm
from crmkit_sfa.quotes.deciding import accept, decline
from crmkit_sfa.quotes.entities import Quote
from crmkit_sfa.quotes.sending import revise, send_quote
from crmkit_sfa.transfers import handing
from crmkit_sfa.transfers.entities import Transfer
from crmkit_sfa.web.lead_actions import Receiver


@attrs.frozen(kw_only=True)
class Move:
    """Where an opportunity goes."""

    stage: str = attrs.field(metadata={"help": msg("The stage of its pipeline that it goes to.")})
    reason: str = attrs.field(default="", metadata={"help": msg("Why.")})
    amount: Money | None = attrs.field(default=None, metadata={"help": msg("What it is worth.")})


@attrs.frozen(kw_only=True)
class Win:
    """How an opportunity was won."""

    reason: str = attrs.field(default="", metadata={"help": msg("Why it was won.")})
    amount: Money | None = attrs.field(default=None, metadata={"help": msg("What it is worth.")})
    closed_on: date | None = attrs.field(default=None, metadata={"help": msg("The day it was won; today.")})


@attrs.frozen(kw_only=True)
class Loss:
    """How an opportunity was lost."""

    reason: str = attrs.field(validator=attrs.validators.min_len(1), metadata={"help": msg("Why it was lost.")})
    closed_on: date | None = attrs.field(default=None, metadata={"help": msg("The day it was lost; today.")})


@attrs.frozen(kw_only=True)
class Sending:
    """How a quotation goes out."""

    valid_until: date | None = attrs.field(
        default=None, metadata={"help": msg("The last day on which it can be accepted.")}
    )


@attrs.frozen(kw_only=True)
class Decision:
    """What the customer says of a quotation."""

    by: str = attrs.field(default="", metadata={"help": msg("Who decided.")})
    reason: str = attrs.field(default="", metadata={"help": msg("Why.")})


@attrs.frozen(kw_only=True)
class TransferAnswer:
    """What is said about a hand-off."""

    answer: str = attrs.field(default="", metadata={"help": msg("What the sender is told.")})


@attrs.frozen(kw_only=True)
class Completion:
    """How an activity went, and what comes next."""

    outcome: str = attrs.field(default="", metadata={"help": msg("What came of it.")})
    notes: str = attrs.field(default="", metadata={"help": msg("What was said and done.")})
    at: datetime | None = attrs.field(default=None, metadata={"help": msg("When it took place.")})
    next_subject: str = attrs.field(default="", metadata={"help": msg("What is to be done next.")})
    next_due_on: date | None = attrs.field(default=None, metadata={"help": msg("Until when that is to be done.")})


@attrs.frozen(kw_only=True)
class CompletedActivity:
    """A completed activity, the interaction that it logged, and what was planned next."""

    activity_id: UUID
    interaction_id: UUID
    next_id: UUID | None
    already: bool


def _moved(ctx: Context, one: Opportunity, stage: str, asked: Any) -> Opportunity:
    given = {name: getattr(asked, name, None) for name in ("reason", "amount", "closed_on")}
    ctx.session.update(change(one, stage=stage, **{name: value for name, value in given.items() if value}))
    ctx.session.flush()
    return ctx.session.get(Opportunity, one.id)


def _end(ctx: Context, one: Opportunity, category: str) -> str:
    """Return the stage of an opportunity's pipeline that is of a category; raises BadInput where there is none."""
    definition = pipeline_in_force(ctx, one.pipeline)
    for stage in definition.stages:
        if stage_settings(stage).category == category:
            return stage.name
    raise BadInput(msg("pipeline {pipeline} has no stage that is {category}", pipeline=one.pipeline, category=category))


def _move(ctx: Context, call: ActionCall) -> None:
    for one in call.records:
        _moved(ctx, one, call.input.stage, call.input)


def _win(ctx: Context, call: ActionCall) -> Opportunity:
    one = call.records[0]
    return _moved(ctx, one, _end(ctx, one, "won"), call.input)


def _lose(ctx: Context, call: ActionCall) -> None:
    for one in call.records:
        _moved(ctx, one, _end(ctx, one, "lost"), call.input)


def _hand_off(ctx: Context, call: ActionCall) -> Transfer:
    to = ctx.session.get(User, call.input.user_id)
    return handing.hand_off(ctx, call.records[0], to, note=call.input.note)


def _accept_transfer(ctx: Context, call: ActionCall) -> Transfer:
    return handing.accept(ctx, call.records[0], answer=call.input.answer)


def _decline_transfer(ctx: Context, call: ActionCall) -> Transfer:
    return handing.decline(ctx, call.records[0], call.input.answer)


def _send(ctx: Context, call: ActionCall) -> Quote:
    return send_quote(ctx, call.records[0], valid_until=call.input.valid_until)


def _accept(ctx: Context, call: ActionCall) -> Quote:
    return accept(ctx, call.records[0], call.input.by, call.input.reason)


def _decline(ctx: Context, call: ActionCall) -> Quote:
    return decline(ctx, call.records[0], call.input.by, call.input.reason)


def _revise(ctx: Context, call: ActionCall) -> Quote:
    return revise(ctx, call.records[0])


def _confirm(ctx: Context, call: ActionCall) -> Order:
    return confirm(ctx, call.records[0])


def _complete(ctx: Context, call: ActionCall) -> CompletedActivity:
    asked: Completion = call.input
    due = {"due_on": asked.next_due_on} if asked.next_due_on else {}
    then = NextStep(subject=asked.next_subject, kind="task", details=due) if asked.next_subject else None
    done = complete(ctx, call.records[0], outcome=asked.outcome, notes=asked.notes, at=asked.at, then=then)
    return CompletedActivity(
        activity_id=done.activity.id,
        interaction_id=done.interaction.id,
        next_id=done.next.id if done.next is not None else None,
        already=done.already,
    )


DEAL_ACTIONS: list[Action] = [
    Action(
        "sfa.move_opportunity",
        msg("Move to a stage"),
        _move,
        help=msg("Move opportunities to another stage of their pipeline."),
        entity="sfa_opportunity",
        input=Move,
        bulk=True,
    ),
    Action(
        "sfa.win_opportunity",
        msg("Win"),
        _win,
        help=msg("Note that an opportunity is won."),
        entity="sfa_opportunity",
        input=Win,
        returns=Opportunity,
        available="category = open",
    ),
    Action(
        "sfa.lose_opportunity",
        msg("Lose"),
        _lose,
        help=msg("Note that opportunities are lost, and why."),
        entity="sfa_opportunity",
        input=Loss,
        available="category = open",
        bulk=True,
    ),
    Action(
        "sfa.hand_off_opportunity",
        msg("Hand off"),
        _hand_off,
        help=msg("Offer an opportunity to a colleague; it stays where it is until they accept it."),
        entity="sfa_opportunity",
        input=Receiver,
        returns=Transfer,
        available="category = open",
    ),
    Action(
        "sfa.accept_transfer",
        msg("Accept the hand-off"),
        _accept_transfer,
        help=msg("Take over what a colleague hands off."),
        entity="sfa_transfer",
        input=TransferAnswer,
        returns=Transfer,
        available="state = waiting",
    ),
    Action(
        "sfa.decline_transfer",
        msg("Decline the hand-off"),
        _decline_transfer,
        help=msg("Leave what a colleague hands off with them, and say why."),
        entity="sfa_transfer",
        input=TransferAnswer,
        returns=Transfer,
        available="state = waiting",
    ),
    Action(
        "sfa.send_quote",
        msg("Send"),
        _send,
        help=msg("Note that a quotation goes out: it stands from now on."),
        entity="sfa_quote",
        input=Sending,
        returns=Quote,
        available="status in (draft, approved)",
    ),
    Action(
        "sfa.accept_quote",
        msg("Accept"),
        _accept,
        help=msg("Note that the customer accepts a quotation; its opportunity gets its amount."),
        entity="sfa_quote",
        input=Decision,
        returns=Quote,
        available="status = sent",
    ),
    Action(
        "sfa.decline_quote",
        msg("Decline"),
        _decline,
        help=msg("Note that the customer declines a quotation, and why."),
        entity="sfa_quote",
        input=Decision,
        returns=Quote,
        available="status = sent",
    ),
    Action(
        "sfa.revise_quote",
        msg("Revise"),
        _revise,
        help=msg("Make the next revision of a quotation that was sent."),
        entity="sfa_quote",
        returns=Quote,
        available="status in (sent, declined, expired)",
    ),
    Action(
        "sfa.confirm_order",
        msg("Confirm"),
        _confirm,
        help=msg("Confirm an order: its purchase is logged, and its opportunity won where the configuration says so."),
        entity="sfa_order",
        returns=Order,
        available="status = draft",
    ),
    Action(
        "sfa.complete_activity",
        msg("Complete"),
        _complete,
        help=msg("Complete an activity: it is logged as an interaction, and the next step is planned."),
        entity="sfa_activity",
        input=Completion,
        returns=CompletedActivity,
        available="status = planned and recurring = false",
    ),
]
