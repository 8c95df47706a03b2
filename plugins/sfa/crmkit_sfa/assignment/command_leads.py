"""``crmkit sfa lead``: leads that wait, and giving one to somebody."""

from __future__ import annotations

from crmkit.command import (
    argument,
    command,
    json_option,
    option,
    print_block,
    print_json,
    say,
    table,
    translated,
    user_named,
    wording,
    working,
)
from crmkit.plugin import msg
from crmkit_sfa.leads.commands import which


@command("waiting", help=wording("List leads that nobody has or that their owner has not taken up, the longest first."))
@option("--late", is_flag=True, help=wording("Only those that wait too long."))
@option("--owner", default="", metavar="LOGIN", help=wording("Only this user's."))
@option("--told", default="", metavar="LOGIN", help=wording("Only those that were escalated to this user."))
@json_option
def waiting(late: bool, owner: str, told: str, as_json: bool) -> None:
    from crmkit_sfa.assignment.entities import LeadEscalation
    from crmkit_sfa.assignment.waiting import waiting as those_waiting
    from crmkit_sfa.leads.page import owners_of

    with working(reads=True) as (crm, session):
        ctx = crm.context(session, "sfa")
        now = ctx.clock.now()
        found = those_waiting(ctx)
        if owner:
            id = user_named(session, owner).id
            found = [one for one in found if one.lead.owner_id == id]
        if told:
            known = session.list(LeadEscalation, user_id=user_named(session, told).id)
            there = {(one.lead_id, one.waiting_since) for one in known}
            found = [one for one in found if (one.lead.id, one.since) in there]
        if late:
            found = [one for one in found if one.levels_due(now)]
        owners = owners_of(ctx, [one.lead for one in found])
        rows = [
            {
                "lead": session.masked(one.lead).name,
                "why": one.why,
                "owner": owners.get(one.lead.owner_id, "") if one.lead.owner_id else "",
                "since": one.since,
                "due": one.due[0] if one.due else None,
                "levels": one.levels_due(now),
                "id": one.lead.id,
            }
            for one in found
        ]
    if as_json:
        print_json(rows)
    elif not rows:
        say(msg("no lead waits"))
    else:
        words = {"unassigned": translated(wording("unassigned")), "untouched": translated(wording("untouched"))}
        headings = (
            *(wording("Lead"), wording("Why"), wording("Owner"), wording("Waits since")),
            *(wording("Too long from"), wording("Escalations"), wording("Id")),
        )
        shown = [[row["lead"], words[str(row["why"])], *list(row.values())[2:]] for row in rows]
        print_block(table([translated(heading) for heading in headings], shown, right=(5,)))


@command("give", help=wording("Give a lead to a user by hand."))
@which
@argument("login", help=wording("Who gets it."))
@option("--note", default="", metavar="TEXT", help=wording("Why."))
def give(lead: str, login: str, note: str) -> None:
    from crmkit_sfa.assignment.assigning import give as give_to
    from crmkit_sfa.leads.finding import find_lead

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        user = user_named(session, login)
        done = give_to(ctx, find_lead(ctx, lead), user, note)
    say(msg("{lead} goes to {user}", lead=done.name, user=user.name or user.login))


@command("escalate", help=wording("Escalate the leads that wait too long now; the worker does it by itself."))
@json_option
def escalate(as_json: bool) -> None:
    from crmkit.core.staff import User
    from crmkit_sfa.assignment.assigning import require_assign
    from crmkit_sfa.assignment.escalating import escalate as rise
    from crmkit_sfa.leads.entities import Lead

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        require_assign(ctx)
        made = rise(ctx)
        names = {user.id: user.login for user in session.list(User)}
        leads = {one.id: one.name for one in session.list(Lead, id=[one.lead_id for one in made])} if made else {}
    rows = [
        {
            "lead": leads.get(one.lead_id, ""),
            "why": one.why,
            "level": one.level,
            "told": names.get(one.user_id, "") if one.user_id else "",
            "id": one.lead_id,
        }
        for one in made
    ]
    if as_json:
        print_json(rows)
    elif not rows:
        say(msg("no lead waits too long"))
    else:
        headings = (wording("Lead"), wording("Why"), wording("Level"), wording("Told"), wording("Id"))
        print_block(table([translated(heading) for heading in headings], [list(row.values()) for row in rows]))


LEAD_STEPS = (waiting, give, escalate)
