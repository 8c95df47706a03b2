"""``crmkit sfa receipt``: money that comes in, pays, is given back and written off."""

from __future__ import annotations

from datetime import date
from typing import Any

import click

from crmkit.command import (
    DAY,
    MONEY,
    argument,
    find_customer,
    json_option,
    option,
    print_block,
    print_json,
    say,
    shown_value,
    table,
    translated,
    wording,
    working,
)
from crmkit.plugin import BadInput, Money, msg
from crmkit_sfa.receipts.command_group import receipt, which

_METHODS = ("transfer", "card", "cash", "cheque", "direct_debit", "bill", "other")
_TO = wording("An order, or one of its instalments as in O-2026-00001/2; may be given again.")
_METHOD = wording("How the money moved.")


@receipt.command("record", help=wording("Record money that came in, and log the payment."))
@argument("customer", help=wording("Who paid: name, id, number in another system or mail address."))
@argument("amount", type=MONEY, help=wording("How much, as in '250 EUR'."))
@option("--on", "received_on", type=DAY, help=wording("The day it came in; by default today."))
@option("--method", type=click.Choice(_METHODS), default="transfer", show_default=True, help=_METHOD)
@option("--reference", default="", metavar="TEXT", help=wording("As the bank has it."))
@option("--key", default="", metavar="TEXT", help=wording("What the bank calls it; the same key is taken once."))
@option("--for", "targets", multiple=True, metavar="ORDER", help=_TO)
@option("--oldest", is_flag=True, help=wording("Pay what the customer owes in this currency, the oldest first."))
@json_option
def record_(
    customer: str, amount: Money, targets: tuple[str, ...], oldest: bool, as_json: bool, **details: Any
) -> None:
    from crmkit_sfa.receipts.allocating import allocate, allocate_oldest
    from crmkit_sfa.receipts.entities import Receipt
    from crmkit_sfa.receipts.finding import planned_named
    from crmkit_sfa.receipts.recording import record

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        told = record(ctx, find_customer(session, customer), amount, **details)
        if told.created and targets:
            planned = [one for target in targets for one in planned_named(ctx, target)]
            allocate(ctx, told.receipt, planned, allocated_on=told.receipt.received_on)
        elif told.created and oldest:
            allocate_oldest(ctx, told.receipt, allocated_on=told.receipt.received_on)
        stored = session.get(Receipt, told.receipt.id)
    if as_json:
        print_json({"created": told.created, "receipt": stored})
    elif not told.created:
        say(msg("{key} was recorded already, on {day}", key=stored.external_key, day=stored.received_on))
    else:
        say(
            msg(
                "recorded {amount}: {allocated} allocated, {credit} credit",
                amount=shown_value(stored.amount),
                allocated=shown_value(stored.allocated),
                credit=shown_value(stored.credit),
            )
        )


@receipt.command("allocate", help=wording("Let a receipt pay for orders, by default what is owed the longest."))
@which
@option("--to", "targets", multiple=True, metavar="ORDER", help=_TO)
@option("--amount", type=MONEY, help=wording("At most so much of the receipt."))
@option("--settled", type=MONEY, help=wording("What the bank made of it in the currency of the order."))
@json_option
def allocate_(
    receipt: str, targets: tuple[str, ...], amount: Money | None, settled: Money | None, as_json: bool
) -> None:
    from crmkit_sfa.receipts.allocating import allocate, allocate_oldest
    from crmkit_sfa.receipts.entities import Receipt
    from crmkit_sfa.receipts.finding import planned_named, receipt_named

    if not targets and (amount is not None or settled is not None):
        raise BadInput(msg("--amount and --settled need an order: --to"))
    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        found = receipt_named(ctx, receipt)
        if targets:
            planned = [one for target in targets for one in planned_named(ctx, target)]
            made = allocate(ctx, found, planned, amount, settled=settled)
        else:
            made = allocate_oldest(ctx, found)
        stored = session.get(Receipt, found.id)
    if as_json:
        print_json({"allocations": made, "receipt": stored})
    else:
        told = ", ".join(shown_value(one.settled) for one in made)
        say(msg("settled {amounts}; {credit} credit is left", amounts=told or "-", credit=shown_value(stored.credit)))


@receipt.command("release", help=wording("Undo an allocation: its money is credit again."))
@argument("allocation", help=wording("The id of the allocation, as `show` tells it."))
@option("--reason", required=True, metavar="TEXT", help=wording("Why."))
@json_option
def release_(allocation: str, reason: str, as_json: bool) -> None:
    from crmkit_sfa.receipts.allocating import release_allocation
    from crmkit_sfa.receipts.entities import Allocation

    with working() as (crm, session):
        made = release_allocation(crm.context(session, "sfa"), session.get(Allocation, allocation), reason)
    if as_json:
        print_json(made)
    else:
        say(
            msg("nothing was left of it")
            if made is None
            else msg("released {amount}", amount=shown_value(-made.amount))
        )


@receipt.command("refund", help=wording("Give money of a receipt back, and log the refund."))
@which
@argument("amount", type=MONEY, help=wording("How much, as in '250 EUR'."))
@option("--reason", required=True, metavar="TEXT", help=wording("Why."))
@option(
    "--of",
    "target",
    default="",
    metavar="ORDER",
    help=wording("What it paid for, which is outstanding again; else credit."),
)
@option("--on", "refunded_on", type=DAY, help=wording("The day; by default today."))
@option("--method", type=click.Choice(_METHODS), default="transfer", show_default=True, help=_METHOD)
@option("--key", default="", metavar="TEXT", help=wording("A refund with the same key is given once."))
@json_option
def refund_(receipt: str, amount: Money, reason: str, target: str, as_json: bool, **details: Any) -> None:
    from crmkit_sfa.receipts.finding import one_planned, receipt_named
    from crmkit_sfa.receipts.recording import refund

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        if amount.amount <= 0:
            raise BadInput(
                msg(
                    "{field} is {value}, expected an amount above 0, to the minor unit of its currency",
                    field="amount",
                    value=str(amount),
                )
            )
        planned = one_planned(ctx, target) if target else None
        made = refund(ctx, receipt_named(ctx, receipt), amount, reason, planned=planned, **details)
    if as_json:
        print_json(made)
    else:
        say(msg("refunded {amount} on {day}", amount=shown_value(made.amount), day=made.refunded_on))


@receipt.command("write-off", help=wording("Write off a small difference; takes the permission sfa.write_off."))
@argument("planned", help=wording("The order with the number of the instalment, as in O-2026-00001/2."))
@option("--reason", required=True, metavar="TEXT", help=wording("Why."))
@option("--amount", type=MONEY, help=wording("How much; by default all that is outstanding."))
@json_option
def write_off_(planned: str, reason: str, amount: Money | None, as_json: bool) -> None:
    from crmkit_sfa.receipts.allocating import write_off
    from crmkit_sfa.receipts.finding import one_planned

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        made = write_off(ctx, one_planned(ctx, planned), reason, amount)
    if as_json:
        print_json(made)
    else:
        say(msg("written off: {amount}", amount=shown_value(made.amount)))


@receipt.command("list", help=wording("List receipts, the newest first."))
@option("--customer", default="", metavar="CUSTOMER", help=wording("Only this customer's."))
@option("--credit", is_flag=True, help=wording("Only those of which something is left."))
@option("--since", type=DAY, help=wording("Only those from this day on."))
@option("--limit", type=click.IntRange(1), default=50, metavar="N", help=wording("At most so many; 50."))
@json_option
def list_(customer: str, credit: bool, since: date | None, limit: int, as_json: bool) -> None:
    from crmkit_sfa.receipts.showing import listed

    with working(reads=True) as (crm, session):
        equal = {"customer_id": find_customer(session, customer).id} if customer else {}
        rows = listed(crm.context(session, "sfa"), credit=credit, since=since, limit=limit, equal=equal)
    if as_json:
        print_json(rows)
    elif not rows:
        say(msg("no receipt"))
    else:
        headings = [
            wording("Received on"),
            wording("Customer"),
            wording("Amount"),
            wording("Allocated"),
            wording("Refunded"),
        ]
        headings += [wording("Credit"), wording("Method"), wording("Reference")]
        names = ("received_on", "customer", "amount", "allocated", "refunded", "credit", "method", "reference")
        cells = [[row[name] for name in names] for row in rows]
        print_block(table([translated(heading) for heading in headings], cells, right=(2, 3, 4, 5)))


@receipt.command(
    "show", help=wording("Show a receipt: what it paid, in which currency, and what the exchange rates brought.")
)
@which
@json_option
def show(receipt: str, as_json: bool) -> None:
    from crmkit_sfa.receipts.finding import receipt_named
    from crmkit_sfa.receipts.showing import page_of
    from crmkit_sfa.reporting.page import show_page

    show_page(lambda ctx: page_of(ctx, receipt_named(ctx, receipt)), as_json)
