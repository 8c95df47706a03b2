"""``crmkit sfa dealer``: offer leads to dealers, answer offers, see what becomes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from crmkit.command import (
    argument,
    find_customer,
    group,
    json_option,
    option,
    print_block,
    print_json,
    record_named,
    say,
    table,
    translated,
    user_named,
    wording,
    working,
)
from crmkit.plugin import BadInput, Context, msg

if TYPE_CHECKING:
    from crmkit_sfa.dealers.entities import DealerOffer

_DEALER = wording("The organization: its name, id, number in another system or mail address.")
_OFFER = wording("The id of the offer, as `offers` shows it.")


@group("dealer", help=wording("Work with dealers: offers of leads and deals, progress, scorecards, the exit."))
def dealer() -> None:
    pass


@dealer.command("add", help=wording("Make an organization our dealer."))
@argument("customer", help=_DEALER)
@option(
    "--manager", default="", metavar="LOGIN", help=wording("Who looks after it; gets back what it had when it leaves.")
)
@option("--note", default="", metavar="TEXT", help=wording("What else there is to know."))
@json_option
def add(customer: str, manager: str, note: str, as_json: bool) -> None:
    from crmkit_sfa.dealers.agreeing import add_dealer

    with working() as (crm, session):
        organization = find_customer(session, customer)
        whom = user_named(session, manager) if manager else None
        made = add_dealer(crm.context(session, "sfa"), organization, whom, note)
    _told(made, as_json, msg("{name} is our dealer", name=organization.name))


@dealer.command("show", help=wording("Show a dealer: who looks after it, its users, offers and registered deals."))
@argument("customer", help=_DEALER)
@json_option
def show(customer: str, as_json: bool) -> None:
    from crmkit_sfa.dealers.page import dealer_page
    from crmkit_sfa.reporting.page import Page, show_page

    def found(ctx: Context) -> Page:
        session: Any = ctx.session
        return dealer_page(ctx, find_customer(session, customer))

    show_page(found, as_json)


@dealer.command("user", help=wording("Make somebody a user of a dealer: it sees the dealer's records alone."))
@argument("customer", help=_DEALER)
@argument("login", help=wording("The login of the user."))
@json_option
def user(customer: str, login: str, as_json: bool) -> None:
    from crmkit_sfa.dealers.role import add_user

    with working() as (crm, session):
        organization = find_customer(session, customer)
        made = add_user(crm.context(session, "sfa"), organization, user_named(session, login))
    _told(made, as_json, msg("{login} is a user of {name}", login=login, name=organization.name))


@dealer.command("role", help=wording("Make the role for users of dealers, or show what it grants."))
@option("--name", default="", metavar="NAME", help=wording("Its name; by default the one in the configuration."))
@json_option
def role(name: str, as_json: bool) -> None:
    from crmkit_sfa.dealers.role import dealer_role

    with working() as (crm, session):
        made = dealer_role(crm.context(session, "sfa"), name)
    if as_json:
        print_json(made)
        return
    actions: dict[str, list[str]] = {}
    for row in made.grants:
        actions.setdefault(str(row["entity"]), []).append(str(row["action"]))
    headings = [translated(wording("Entity")), translated(wording("Grants"))]
    print_block(table(headings, [(entity, ", ".join(some)) for entity, some in actions.items()], title=made.name))


@dealer.command("offer", help=wording("Offer a lead or deal to a dealer, who sees its masked part until accepting it."))
@argument("record", help=wording("sfa_lead:NAME or sfa_opportunity:NAME, or with an id in place of the name."))
@argument("customer", help=_DEALER)
@option("--to", default="", metavar="LOGIN", help=wording("Which of its users; by default the first."))
@option("--region", default="", metavar="TEXT", help=wording("What the dealer is told of the region."))
@option("--interest", default="", metavar="TEXT", help=wording("What the dealer is told of what they want."))
@option("--message", default="", metavar="TEXT", help=wording("What you say to the dealer."))
@option("--hours", default=0, help=wording("Hours to answer; by default as configured."))
@json_option
def offer_(record: str, customer: str, to: str, hours: int, as_json: bool, **texts: str) -> None:
    from crmkit_sfa.dealers.offering import offer
    from crmkit_sfa.leads.entities import Lead
    from crmkit_sfa.opportunities.entities import Opportunity

    with working() as (crm, session):
        found = record_named(session, record)
        if not isinstance(found, Lead | Opportunity):
            raise BadInput(msg("{value}: expected a lead or an opportunity, as in sfa_lead:NAME", value=record))
        organization = find_customer(session, customer)
        whom = user_named(session, to) if to else None
        made = offer(crm.context(session, "sfa"), found, organization, to=whom, hours=hours, **texts)
    _answered(made, as_json, msg("offered to {name}", name=organization.name))


@dealer.command("offers", help=wording("List the offers that I may see, the newest first."))
@option("--open", "only_open", is_flag=True, help=wording("Only those that wait for an answer."))
@option("--limit", type=click.IntRange(1), default=50, show_default=True, help=wording("How many at most."))
@json_option
def offers(only_open: bool, limit: int, as_json: bool) -> None:
    from crmkit.core.customer import Customer
    from crmkit_sfa.dealers.entities import DealerOffer
    from crmkit_sfa.naming import names_beside

    with working(reads=True) as (crm, session):
        ctx = crm.context(session, "sfa")
        equal: dict[str, Any] = {"state": "offered"} if only_open else {}
        found = [session.masked(one) for one in session.list(DealerOffer, order="-offered_at", limit=limit, **equal)]
        dealers = names_beside(ctx, Customer, [one.dealer_id for one in found])
    if as_json:
        print_json(found)
        return
    headings = (
        wording("Offer"),
        wording("Dealer"),
        wording("State"),
        wording("Region"),
        wording("Product"),
        wording("Estimated value"),
        wording("Interest"),
        wording("Answer due"),
    )
    rows = [
        (
            str(one.id),
            dealers.get(one.dealer_id, ""),
            translated(one.state),
            one.region,
            one.product,
            one.estimated,
            one.interest[:80],
            one.expires_at,
        )
        for one in found
    ]
    print_block(table([translated(heading) for heading in headings], rows, right=(5,)))


@dealer.command(
    "show-offer", help=wording("Show an offer in full: what they want, what the sender says, and the answer.")
)
@argument("offer", help=_OFFER)
@json_option
def show_offer(offer: str, as_json: bool) -> None:
    from crmkit_sfa.dealers.page import offer_page
    from crmkit_sfa.reporting.page import show_page

    show_page(lambda ctx: offer_page(ctx, offer), as_json)


@dealer.command("accept", help=wording("Accept an offer: the lead or deal is yours from now on."))
@argument("offer", help=_OFFER)
@option("--to", default="", metavar="LOGIN", help=wording("The dealer's user, where head office accepts for it."))
@json_option
def accept_(offer: str, to: str, as_json: bool) -> None:
    from crmkit_sfa.dealers.entities import DealerOffer
    from crmkit_sfa.dealers.offering import accept

    with working() as (crm, session):
        whom = user_named(session, to) if to else None
        made = accept(crm.context(session, "sfa"), session.get(DealerOffer, offer), to=whom)
    _answered(made, as_json, msg("accepted"))


@dealer.command("decline", help=wording("Decline an offer and say why."))
@argument("offer", help=_OFFER)
@option("--reason", required=True, metavar="TEXT", help=wording("Why."))
@json_option
def decline_(offer: str, reason: str, as_json: bool) -> None:
    from crmkit_sfa.dealers.entities import DealerOffer
    from crmkit_sfa.dealers.offering import decline

    with working() as (crm, session):
        made = decline(crm.context(session, "sfa"), session.get(DealerOffer, offer), reason)
    _answered(made, as_json, msg("declined"))


@dealer.command("withdraw", help=wording("Take back an offer that is not answered."))
@argument("offer", help=_OFFER)
@json_option
def withdraw_(offer: str, as_json: bool) -> None:
    from crmkit_sfa.dealers.entities import DealerOffer
    from crmkit_sfa.dealers.offering import withdraw

    with working() as (crm, session):
        made = withdraw(crm.context(session, "sfa"), session.get(DealerOffer, offer))
    _answered(made, as_json, msg("withdrawn"))


@dealer.command("return", help=wording("Give an accepted lead or deal back, or take it back from the dealer."))
@argument("offer", help=_OFFER)
@option("--reason", required=True, metavar="TEXT", help=wording("Why."))
@json_option
def return_(offer: str, reason: str, as_json: bool) -> None:
    from crmkit_sfa.dealers.entities import DealerOffer
    from crmkit_sfa.dealers.offering import give_back

    with working() as (crm, session):
        made = give_back(crm.context(session, "sfa"), session.get(DealerOffer, offer), reason)
    _answered(made, as_json, msg("returned"))


@dealer.command(
    "end", help=wording("End the work with a dealer: users frozen, what is open comes back, history stays.")
)
@argument("customer", help=_DEALER)
@option("--heir", default="", metavar="LOGIN", help=wording("Who gets what is open; by default the dealer's manager."))
@option("--note", default="", metavar="TEXT", help=wording("Why, for the record."))
@json_option
def end(customer: str, heir: str, note: str, as_json: bool) -> None:
    from crmkit_sfa.dealers.ending import end_dealer

    with working() as (crm, session):
        whom = user_named(session, heir) if heir else None
        done = end_dealer(crm.context(session, "sfa"), find_customer(session, customer), heir=whom, note=note)
    if as_json:
        print_json(done)
        return
    say(
        msg(
            "{dealer} has left: {users} users frozen; {leads} leads, {deals} deals and {customers} customers are with {heir}",
            dealer=done.dealer,
            users=done.users,
            leads=done.leads,
            deals=done.deals,
            customers=done.customers,
            heir=done.heir,
        )
    )


def _told(record: Any, as_json: bool, text: Any) -> None:
    if as_json:
        print_json(record)
    else:
        say(text)


def _answered(made: DealerOffer, as_json: bool, text: Any) -> None:
    if as_json:
        print_json(made)
    else:
        click.echo(str(made.id))
        say(text)
