"""``crmkit sfa opportunity``: what belongs to one, and its own values."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, get_args

import click

from crmkit.command import (
    DAY,
    MONEY,
    NUMBER,
    PERCENT,
    argument,
    find_customer,
    json_option,
    option,
    print_json,
    say,
    translated,
    user_named,
    wording,
    working,
)
from crmkit.plugin import Money, change, msg
from crmkit_sfa.opportunities.commands import opportunity, own_salesperson
from crmkit_sfa.opportunities.entities import BuyingRole, ForecastCategory

_which = argument("opportunity", help=wording("Its name, id or number in another system."))
STAGE = "stage"
"""The word that gives probability or forecast category back to the stage."""


@opportunity.command("set", help=wording("Change what is known of an opportunity."))
@_which
@option("--name", metavar="TEXT", help=wording("What it is called."))
@option(
    "--customer", metavar="CUSTOMER", help=wording("Whose it is: name, id, number in another system or mail address.")
)
@option("--amount", type=MONEY, help=wording("What it is worth, such as `1200 EUR`."))
@option("--close", type=DAY, help=wording("The day it is expected to be decided."))
@option("--probability", metavar="PERCENT", help=wording("How likely it is won; `stage` gives it back to the stage."))
@option(
    "--forecast",
    metavar="CATEGORY",
    help=wording("As what it counts in forecasts; `stage` gives it back to the stage."),
)
@option("--next-step", metavar="TEXT", help=wording("What is to be done next."))
@option("--on", "next_step_on", type=DAY, help=wording("When it is to be done."))
@option("--owner", metavar="LOGIN", help=wording("Whose it is to win."))
@json_option
def set_(
    opportunity: str,
    name: str | None,
    customer: str | None,
    amount: Money | None,
    close: date | None,
    probability: str | None,
    forecast: str | None,
    next_step: str | None,
    next_step_on: date | None,
    owner: str | None,
    as_json: bool,
) -> None:
    from crmkit_sfa.opportunities.entities import Opportunity
    from crmkit_sfa.opportunities.finding import find_opportunity

    given = {"name": name, "amount": amount, "close_on": close, "next_step": next_step, "next_step_on": next_step_on}
    values: dict[str, Any] = {field: value for field, value in given.items() if value is not None}
    if probability is not None:
        values["probability"] = _weighing(probability, PERCENT)
    if forecast is not None:
        values["forecast_category"] = _weighing(forecast, click.Choice(get_args(ForecastCategory)))
    with working() as (crm, session):
        found = find_opportunity(crm.context(session, "sfa"), opportunity)
        if customer is not None:
            values["customer_id"] = find_customer(session, customer).id
        if owner is not None:
            values["owner_id"] = own_salesperson(user_named(session, owner)).id
        if not values:
            raise click.UsageError(translated(wording("say what to change; see --help")))
        session.update(change(found, **values))
        session.flush()
        stored = session.get(Opportunity, found.id)
    if as_json:
        print_json({field: getattr(stored, field) for field in ("id", *values)})
    else:
        say(msg("{name}: changed", name=stored.name))


@opportunity.command("line", help=wording("Add a line: a product with quantity and price."))
@_which
@argument("product", help=wording("Its SKU or name."))
@option("--quantity", type=NUMBER, default="1", help=wording("How many; 1."))
@option("--price", type=MONEY, help=wording("The price of one; by default the product's."))
@option("--discount", type=PERCENT, default="0", help=wording("Less so many percent."))
@json_option
def line(
    opportunity: str, product: str, quantity: Decimal, price: Money | None, discount: Decimal, as_json: bool
) -> None:
    from crmkit_sfa.opportunities.entities import Opportunity, OpportunityLine
    from crmkit_sfa.opportunities.finding import find_opportunity
    from crmkit_sfa.pricing.assortment import add_with_product, product_for_sale

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        found = find_opportunity(ctx, opportunity)
        sold = product_for_sale(ctx, product)
        unit_price = price if price is not None else sold.price
        if unit_price is None:
            raise click.UsageError(translated(wording("the product has no price; give --price")))
        made = OpportunityLine(
            opportunity_id=found.id,
            position=session.count(OpportunityLine, opportunity_id=found.id) + 1,
            product_id=sold.id,
            description=sold.name,
            quantity=quantity,
            unit_price=unit_price,
            discount=discount,
        )
        add_with_product(ctx, made)
        session.flush()
        stored = session.get(Opportunity, found.id)
    if as_json:
        print_json({"id": made.id, "amount": stored.amount})
    else:
        say(msg("{name} is worth {amount}", name=stored.name, amount=str(stored.amount)))


@opportunity.command("person", help=wording("Note a person with a part in the buyer's decision."))
@_which
@argument("person", help=wording("The person: name, id, number in another system or mail address."))
@option("--role", type=click.Choice(get_args(BuyingRole)), default="other", help=wording("Which part; other."))
@option("--note", default="", metavar="TEXT", help=wording("What is to be known."))
@json_option
def person(opportunity: str, person: str, role: BuyingRole, note: str, as_json: bool) -> None:
    from crmkit_sfa.opportunities.entities import OpportunityContact
    from crmkit_sfa.opportunities.finding import find_opportunity

    with working() as (crm, session):
        found = find_opportunity(crm.context(session, "sfa"), opportunity)
        who = find_customer(session, person)
        made = OpportunityContact(opportunity_id=found.id, customer_id=who.id, role=role, note=note)
        session.add(made)
    if as_json:
        print_json({"id": made.id})
    else:
        say(msg("{person} takes part in {name} as {role}", person=who.name, name=found.name, role=translated(role)))


@opportunity.command("competitor", help=wording("Note who else wants the deal; again with the same name changes it."))
@_which
@argument("name", help=wording("What the competitor is called."))
@option("--threat", type=click.Choice(["low", "medium", "high"]), help=wording("How dangerous it is."))
@option("--price", type=MONEY, help=wording("What it asks for."))
@option("--outcome", type=click.Choice(["open", "won", "lost", "withdrawn"]), help=wording("How it ended for it."))
@option("--note", metavar="TEXT", help=wording("What is to be known."))
@json_option
def competitor(
    opportunity: str,
    name: str,
    threat: str | None,
    price: Money | None,
    outcome: str | None,
    note: str | None,
    as_json: bool,
) -> None:
    from crmkit_sfa.opportunities.entities import Competitor
    from crmkit_sfa.opportunities.finding import find_opportunity

    given: dict[str, Any] = {"threat": threat, "price": price, "outcome": outcome, "note": note}
    values = {field: value for field, value in given.items() if value is not None}
    with working() as (crm, session):
        found = find_opportunity(crm.context(session, "sfa"), opportunity)
        known = session.find(Competitor, opportunity_id=found.id, name=name)
        if known is None:
            known = Competitor(opportunity_id=found.id, name=name, **values)
            session.add(known)
        else:
            session.update(change(known, **values))
    if as_json:
        print_json({"id": known.id})
    else:
        say(msg("{competitor} wants {name} too", competitor=name, name=found.name))


def _weighing(text: str, read: click.ParamType[Any]) -> Any:
    """Return what is written by hand; None where it is given back to the stage."""
    return None if text == STAGE else read.convert(text, None, None)
