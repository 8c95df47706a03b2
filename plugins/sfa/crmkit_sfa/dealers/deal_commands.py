"""``crmkit sfa deal``: register deals that dealers have found, and decide about them."""

from __future__ import annotations

from datetime import datetime
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
    say,
    table,
    translated,
    wording,
    working,
)
from crmkit.plugin import BadInput, Money, msg

if TYPE_CHECKING:
    from crmkit_sfa.dealers.entities import DealRegistration

STATES = ("submitted", "approved", "rejected", "withdrawn", "expired")
_REGISTRATION = wording("The id of the registration, as `list` shows it.")


@group("deal", help=wording("Register deals that dealers have found, and decide about them."))
def deal() -> None:
    pass


@deal.command("register", help=wording("Register a deal, so that it is protected for a time."))
@argument("company", help=wording("Who is to buy."))
@option("--dealer", default="", metavar="CUSTOMER", help=wording("For which dealer, where head office registers it."))
@option("--domain", default="", help=wording("Of the company's web site."))
@option("--contact", default="", help=wording("Whom the dealer speaks with."))
@option("--email", default="", help=wording("The contact's mail address."))
@option("--phone", default="", help=wording("The contact's telephone."))
@option("--country", default="", help=wording("The country, as in DE."))
@option("--product", default="", help=wording("What is to be bought."))
@option("--amount", default="", metavar="AMOUNT", help=wording("What it is worth, as in 12000 EUR."))
@option(
    "--close",
    "close_on",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help=wording("The expected day of decision."),
)
@option("--note", default="", metavar="TEXT", help=wording("What else there is to know."))
@json_option
def register_(company: str, dealer: str, amount: str, close_on: datetime | None, as_json: bool, **texts: str) -> None:
    from crmkit_sfa.dealers.registering import register

    with working() as (crm, session):
        whom = find_customer(session, dealer) if dealer else None
        money = _money(amount, crm.config.currency) if amount else None
        day = close_on.date() if close_on else None
        made = register(crm.context(session, "sfa"), company, dealer=whom, amount=money, close_on=day, **texts)
    _told(made, as_json)


@deal.command("list", help=wording("List registered deals that I may see, the newest first."))
@option("--state", type=click.Choice(STATES), help=wording("Only those in this state, such as submitted."))
@option("--limit", type=click.IntRange(1), default=50, show_default=True, help=wording("How many at most."))
@json_option
def list_(state: str | None, limit: int, as_json: bool) -> None:
    from crmkit.core.customer import Customer
    from crmkit_sfa.dealers.entities import DealConflict, DealRegistration
    from crmkit_sfa.naming import names_beside

    with working(reads=True) as (crm, session):
        ctx = crm.context(session, "sfa")
        equal: dict[str, Any] = {"state": state} if state else {}
        found = [session.masked(x) for x in session.list(DealRegistration, order="-created_at", limit=limit, **equal)]
        dealers = names_beside(ctx, Customer, [one.dealer_id for one in found])
        against: dict[Any, int] = {}
        for one in session.list(DealConflict, registration_id=[x.id for x in found]) if found else ():
            against[one.registration_id] = against.get(one.registration_id, 0) + 1
    if as_json:
        print_json(found)
        return
    headings = (
        wording("Registration"),
        wording("Dealer"),
        wording("Company"),
        wording("Amount"),
        wording("State"),
        wording("Protected until"),
        wording("In its way"),
        wording("Decision"),
    )
    rows = [
        (
            str(x.id),
            dealers.get(x.dealer_id, ""),
            x.company,
            x.amount,
            translated(x.state),
            x.protected_until,
            against.get(x.id, 0),
            x.decision,
        )
        for x in found
    ]
    print_block(table([translated(heading) for heading in headings], rows, right=(3, 6)))


@deal.command("show", help=wording("Show a registered deal: who is to buy what, and what was decided."))
@argument("registration", help=_REGISTRATION)
@json_option
def show(registration: str, as_json: bool) -> None:
    from crmkit_sfa.dealers.page import registration_page
    from crmkit_sfa.reporting.page import show_page

    show_page(lambda ctx: registration_page(ctx, registration), as_json)


@deal.command("conflicts", help=wording("Show what is in the way of a registered deal. Head office alone sees it."))
@argument("registration", help=_REGISTRATION)
@json_option
def conflicts(registration: str, as_json: bool) -> None:
    from crmkit_sfa.dealers.entities import DealConflict, DealRegistration
    from crmkit_sfa.naming import titles_of

    with working(reads=True) as (crm, session):
        one = session.get(DealRegistration, registration)
        found = session.list(DealConflict, registration_id=one.id)
        titles = titles_of(crm.context(session, "sfa"), [(x.entity, x.record_id) for x in found])
    if as_json:
        print_json(found)
    elif not found:
        say(msg("nothing is in its way"))
    else:
        headings = (wording("With"), wording("Record"), wording("Agrees in"), wording("Entity"))
        rows = [(translated(x.with_whom), titles.get(x.record_id, ""), x.matched, x.entity) for x in found]
        print_block(table([translated(heading) for heading in headings], rows))


@deal.command(
    "approve", help=wording("Protect a registered deal: a customer and an opportunity of the dealer come of it.")
)
@argument("registration", help=_REGISTRATION)
@option("--days", default=0, help=wording("How long it is protected; by default as configured."))
@option("--decision", default="", metavar="TEXT", help=wording("What the dealer is told."))
@option("--despite-conflicts", is_flag=True, help=wording("Although something is in its way."))
@json_option
def approve_(registration: str, days: int, decision: str, despite_conflicts: bool, as_json: bool) -> None:
    from crmkit_sfa.dealers.entities import DealRegistration
    from crmkit_sfa.dealers.registering import approve

    with working() as (crm, session):
        one = session.get(DealRegistration, registration)
        made = approve(
            crm.context(session, "sfa"), one, days=days, decision=decision, despite_conflicts=despite_conflicts
        )
    _told(made, as_json)


@deal.command("reject", help=wording("Refuse a registered deal and tell the dealer why."))
@argument("registration", help=_REGISTRATION)
@option("--decision", required=True, metavar="TEXT", help=wording("What the dealer is told."))
@json_option
def reject_(registration: str, decision: str, as_json: bool) -> None:
    from crmkit_sfa.dealers.entities import DealRegistration
    from crmkit_sfa.dealers.registering import reject

    with working() as (crm, session):
        made = reject(crm.context(session, "sfa"), session.get(DealRegistration, registration), decision)
    _told(made, as_json)


@deal.command("withdraw", help=wording("Take a registration back."))
@argument("registration", help=_REGISTRATION)
@json_option
def withdraw_(registration: str, as_json: bool) -> None:
    from crmkit_sfa.dealers.entities import DealRegistration
    from crmkit_sfa.dealers.registering import withdraw

    with working() as (crm, session):
        made = withdraw(crm.context(session, "sfa"), session.get(DealRegistration, registration))
    _told(made, as_json)


def _money(text: str, currency: str) -> Money:
    amount, _, code = text.strip().partition(" ")
    try:
        return Money.of(amount, code.strip() or currency)
    except (ValueError, ArithmeticError):
        raise BadInput(msg("amount {value}: expected a number and a currency, as in 12000 EUR", value=text)) from None


def _told(made: DealRegistration, as_json: bool) -> None:
    if as_json:
        print_json(made)
    else:
        click.echo(str(made.id))
        say(msg("{company}: {state}", company=made.company, state=translated(made.state)))
