"""``crmkit sfa lead``: what people do with leads: take up, qualify, convert and take back, put aside, end, reopen."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from crmkit.command import (
    DAY,
    MONEY,
    command,
    find_customer,
    json_option,
    option,
    print_block,
    print_json,
    say,
    table,
    translated,
    wording,
    working,
)
from crmkit.plugin import Money, entity_info, msg
from crmkit_sfa.leads.commands import which

if TYPE_CHECKING:
    from crmkit_sfa.leads.qualifying import Answer


@command("work", help=wording("Take a lead up: it waits no longer."))
@which
def work(lead: str) -> None:
    from crmkit_sfa.leads.changing import take_up
    from crmkit_sfa.leads.finding import find_lead

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        done = take_up(ctx, find_lead(ctx, lead))
    say(msg("{name} is {status}", name=done.name, status=done.status))


@command("qualify", help=wording("Note which criteria a lead meets; with enough of them it is qualified."))
@which
@option(
    "--met", multiple=True, metavar="CRITERION", help=wording("A criterion that it meets; budget=text adds a note.")
)
@option("--not-met", multiple=True, metavar="CRITERION", help=wording("A criterion that it does not meet."))
@json_option
def qualify(lead: str, met: tuple[str, ...], not_met: tuple[str, ...], as_json: bool) -> None:
    from crmkit_sfa.leads.finding import find_lead
    from crmkit_sfa.leads.qualifying import qualify as note

    answers = [_answer(text, True) for text in met] + [_answer(text, False) for text in not_met]
    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        done, found = note(ctx, find_lead(ctx, lead), answers)
    if as_json:
        print_json(
            {"id": done.id, "status": done.status, "met": found.met, "needed": found.needed, "missing": found.missing}
        )
        return
    rows = [[answer.criterion, answer.met, answer.note] for answer in found.answers]
    headings = (wording("Criterion"), wording("Met"), wording("Note"))
    print_block(table([translated(heading) for heading in headings], rows))
    if found.passed:
        say(msg("{name} is qualified", name=done.name))
    else:
        say(msg("{name}: {met} of {needed} criteria are met", name=done.name, met=found.met, needed=found.needed))


def _answer(text: str, met: bool) -> Answer:
    from crmkit_sfa.leads.qualifying import Answer

    criterion, _, note = text.partition("=")
    return Answer(criterion.strip(), met, note.strip())


@command("convert", help=wording("Make customer, person and opportunity of a lead."))
@which
@option("--opportunity", default="", metavar="OPPORTUNITY", help=wording("Put it onto this opportunity instead."))
@option("--customer", default="", metavar="CUSTOMER", help=wording("The customer that it is of, where that is known."))
@option("--name", default="", metavar="TEXT", help=wording("What the opportunity is called."))
@option("--amount", type=MONEY, help=wording("What the opportunity is worth, such as `9000 EUR`."))
@option("--close", type=DAY, help=wording("The day it is expected to be decided."))
@option("--pipeline", default="", metavar="PIPELINE", help=wording("The pipeline; by default the configured one."))
@json_option
def convert(
    lead: str,
    opportunity: str,
    customer: str,
    name: str,
    amount: Money | None,
    close: date | None,
    pipeline: str,
    as_json: bool,
) -> None:
    from crmkit_sfa.leads.converting import convert as make
    from crmkit_sfa.leads.finding import find_lead
    from crmkit_sfa.leads.page import page_of
    from crmkit_sfa.opportunities.finding import find_opportunity

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        done = make(
            ctx,
            find_lead(ctx, lead),
            opportunity=find_opportunity(ctx, opportunity) if opportunity else None,
            customer=find_customer(session, customer) if customer else None,
            name=name,
            amount=amount,
            close_on=close,
            pipeline=pipeline,
        )
        page = page_of(ctx, done.lead)
    conversion = done.conversion
    if as_json:
        print_json(
            {
                "id": done.lead.id,
                "repeated": done.repeated,
                "opportunity_id": conversion.opportunity_id,
                "customer_id": conversion.customer_id,
                "person_id": conversion.person_id,
                "made": conversion.made,
            }
        )
        return
    told = {"name": done.lead.name, "opportunity": page.opportunity, "customer": page.customer}
    if done.repeated:
        say(msg("{name} was converted before: opportunity {opportunity} of {customer}", **told))
    else:
        say(msg("{name} became the opportunity {opportunity} of {customer}", **told))


@command("undo", help=wording("Take a conversion back; what was changed or used since stays."))
@which
@json_option
def undo(lead: str, as_json: bool) -> None:
    from crmkit_sfa.leads.finding import find_lead
    from crmkit_sfa.leads.undoing import undo as take_back

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        done = take_back(ctx, find_lead(ctx, lead))
    rows: list[list[Any]] = [[translated(entity_info(type(one)).label), _title(one), why] for one, why in done.stayed]
    if as_json:
        print_json(
            {
                "id": done.lead.id,
                "status": done.lead.status,
                "taken_back": [{"entity": entity_info(type(one)).name, "id": one.id} for one in done.taken_back],
                "stayed": [
                    {"entity": entity_info(type(one)).name, "id": one.id, "why": why.render()}
                    for one, why in done.stayed
                ],
            }
        )
        return
    if rows:
        headings = (wording("Stays"), wording("Name"), wording("Why"))
        print_block(table([translated(heading) for heading in headings], rows))
    say(
        msg(
            "{name} is {status} again; taken back: {count}",
            name=done.lead.name,
            status=done.lead.status,
            count=len(done.taken_back),
        )
    )


def _title(record: object) -> str:
    info = entity_info(type(record))
    return str(getattr(record, info.title, ""))


@command("recycle", help=wording("Put a lead aside until a day, on which it is new again."))
@which
@option("--on", "day", type=DAY, required=True, help=wording("The day on which it is taken up again."))
@option("--reason", default="", metavar="TEXT", help=wording("Why not now."))
def recycle(lead: str, day: date, reason: str) -> None:
    from crmkit_sfa.leads.changing import recycle as put_aside
    from crmkit_sfa.leads.finding import find_lead

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        done = put_aside(ctx, find_lead(ctx, lead), day, reason)
    say(msg("{name} is taken up again on {day}", name=done.name, day=str(done.recycle_on)))


@command("disqualify", help=wording("End a lead of which nothing will come."))
@which
@option("--reason", required=True, metavar="TEXT", help=wording("Why nothing will come of it."))
def disqualify(lead: str, reason: str) -> None:
    from crmkit_sfa.leads.changing import disqualify as end
    from crmkit_sfa.leads.finding import find_lead

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        done = end(ctx, find_lead(ctx, lead), reason)
    say(msg("{name} is disqualified: {reason}", name=done.name, reason=done.reason))


@command("reopen", help=wording("Make a recycled or disqualified lead new again."))
@which
def reopen(lead: str) -> None:
    from crmkit_sfa.leads.changing import reopen as open_again
    from crmkit_sfa.leads.finding import find_lead

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        done = open_again(ctx, find_lead(ctx, lead))
    say(msg("{name} is {status}", name=done.name, status=done.status))


@command("score", help=wording("Score open leads anew, by the rules of now."))
@json_option
def score(as_json: bool) -> None:
    from crmkit_sfa.leads.entities import Lead
    from crmkit_sfa.leads.scoring import scored
    from crmkit_sfa.leads.statuses import OPEN

    with working() as (crm, session):
        session.actor.require("sfa_lead", "update")
        before = {one.id: one.score for one in session.list(Lead, status=list(OPEN))}
        leads = session.list(Lead, id=list(before)) if before else []
        changed = [one for one in scored(crm.context(session, "sfa"), leads) if one.score != before[one.id]]
    if as_json:
        print_json({"leads": len(before), "changed": len(changed)})
    else:
        say(msg("{changed} of {count} open leads have another score", changed=len(changed), count=len(before)))


STEPS = (work, qualify, convert, undo, recycle, disqualify, reopen, score)
