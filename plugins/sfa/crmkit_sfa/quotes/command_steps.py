"""``crmkit sfa quote``: approval of discounts, sending, revising and the customer's answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from crmkit.command import (
    DAY,
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
from crmkit.plugin import Message, msg
from crmkit_sfa.quotes.command_group import quote, which


@quote.command("request", help=wording("Ask for the approval of a discount."))
@which
@option("--reason", default="", metavar="TEXT", help=wording("Why the discount is asked for."))
@json_option
def request(quote: str, reason: str, as_json: bool) -> None:
    from crmkit_sfa.quotes.approvals import request_approval

    _step(quote, as_json, msg("{number} waits for approval"), lambda ctx, one: request_approval(ctx, one, reason))


@quote.command("waiting", help=wording("List the discounts that wait for your approval, the oldest first."))
@json_option
def waiting(as_json: bool) -> None:
    from crmkit.core.customer import Customer
    from crmkit.core.staff import User
    from crmkit_sfa.naming import names_of
    from crmkit_sfa.quotes.approvals import waiting_approvals
    from crmkit_sfa.quotes.states import named

    with working(reads=True) as (crm, session):
        ctx = crm.context(session, "sfa")
        found = [(session.masked(one), session.masked(about)) for one, about in waiting_approvals(ctx)]
        customers = names_of(ctx, Customer, [about.customer_id for _, about in found])
        users = names_of(ctx, User, [one.requested_by for one, _ in found])
    rows: list[dict[str, Any]] = [
        {
            "number": named(about),
            "customer": customers.get(about.customer_id, ""),
            "discount": one.discount,
            "net": about.net,
            "asked_by": users.get(one.requested_by, "") if one.requested_by else "",
            "asked_at": one.requested_at,
            "reason": one.reason,
        }
        for one, about in found
    ]
    if as_json:
        print_json(rows)
    elif not rows:
        say(msg("nothing waits for your approval"))
    else:
        headings = [wording("Quotation"), wording("Customer"), wording("Discount"), wording("Without tax")]
        headings += [wording("Asked by"), wording("Asked at"), wording("Why")]
        cells = [list(row.values()) for row in rows]
        print_block(table([translated(heading) for heading in headings], cells, right=(2, 3)))


@quote.command("approve", help=wording("Approve the discount that somebody else asks for."))
@which
@option("--comment", default="", metavar="TEXT", help=wording("Why."))
@json_option
def approve(quote: str, comment: str, as_json: bool) -> None:
    from crmkit_sfa.quotes.approvals import approve as approve_

    _step(quote, as_json, msg("{number} is approved and can be sent"), lambda ctx, one: approve_(ctx, one, comment))


@quote.command("reject", help=wording("Reject the discount that somebody else asks for."))
@which
@option("--comment", default="", metavar="TEXT", help=wording("Why."))
@json_option
def reject(quote: str, comment: str, as_json: bool) -> None:
    from crmkit_sfa.quotes.approvals import reject as reject_

    _step(quote, as_json, msg("{number} is a draft again"), lambda ctx, one: reject_(ctx, one, comment))


@quote.command("reopen", help=wording("Take a quotation back from approval, to change it."))
@which
@json_option
def reopen(quote: str, as_json: bool) -> None:
    from crmkit_sfa.quotes.approvals import reopen as reopen_

    _step(quote, as_json, msg("{number} is a draft again"), reopen_)


@quote.command("send", help=wording("Note that a quotation goes out: it stands from now on."))
@which
@option("--valid-until", type=DAY, help=wording("The last day on which it can be accepted."))
@json_option
def send(quote: str, valid_until: date | None, as_json: bool) -> None:
    from crmkit_sfa.quotes.sending import send_quote

    said = msg("{number} is sent: {gross}, valid until {day}")
    _step(quote, as_json, said, lambda ctx, one: send_quote(ctx, one, valid_until=valid_until))


@quote.command("revise", help=wording("Make the next revision of a quotation that was sent."))
@which
@json_option
def revise(quote: str, as_json: bool) -> None:
    from crmkit_sfa.quotes.sending import revise as revise_

    _step(quote, as_json, msg("{number} is the next revision"), revise_)


@quote.command("accept", help=wording("Note that the customer accepts a quotation."))
@which
@option("--by", default="", metavar="NAME", help=wording("Who said so."))
@option("--reason", default="", metavar="TEXT", help=wording("Why."))
@json_option
def accept(quote: str, by: str, reason: str, as_json: bool) -> None:
    from crmkit_sfa.quotes.deciding import accept as accept_

    _step(quote, as_json, msg("{number} is accepted: {gross}"), lambda ctx, one: accept_(ctx, one, by, reason))


@quote.command("decline", help=wording("Note that the customer declines a quotation."))
@which
@option("--by", default="", metavar="NAME", help=wording("Who said so."))
@option("--reason", default="", metavar="TEXT", help=wording("Why."))
@json_option
def decline(quote: str, by: str, reason: str, as_json: bool) -> None:
    from crmkit_sfa.quotes.deciding import decline as decline_

    _step(quote, as_json, msg("{number} is declined"), lambda ctx, one: decline_(ctx, one, by, reason))


def _step(quote: str, as_json: bool, said: Message, step: Callable[[Any, Any], Any]) -> None:
    """Take a step with a quotation and say where it stands then."""
    from crmkit_sfa.quotes.entities import Quote
    from crmkit_sfa.quotes.states import named
    from crmkit_sfa.quotes.writing import quote_named

    with working() as (crm, session):
        ctx = crm.context(session, "sfa")
        found = quote_named(ctx, quote)
        result = step(ctx, found)
        stored = result if isinstance(result, Quote) else session.get(Quote, found.id)
    if as_json:
        print_json({"id": stored.id, "number": named(stored), "status": stored.status, "gross": stored.gross})
    else:
        values = {"number": named(stored), "gross": shown_value(stored.gross), "day": stored.valid_until}
        say(Message(said.template, values))
