"""Sending quotations, and making the next revision of one that was sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from crmkit.core.customer import ContactPoint, Customer
from crmkit.plugin import BadInput, Refused, change, msg
from crmkit_sfa.quotes.entities import Quote, QuoteLine
from crmkit_sfa.quotes.states import SENDABLE, named
from crmkit_sfa.quotes.writing import lines_of

LANGUAGES = ("en", "zh")
"""The languages that documents are written in."""
_COPIED = (
    "number",
    "opportunity_id",
    "customer_id",
    "contact_id",
    "currency",
    "price_list_id",
    "tax_included",
    "discount",
    "language",
    "introduction",
    "terms",
    "owner_id",
    "team_id",
)
_COPIED_OF_LINES = (
    "position",
    "product_id",
    "description",
    "detail",
    "quantity",
    "unit",
    "unit_price",
    "list_price",
    "price_source",
    "price_list_id",
    "discount",
    "tax_category",
    "tax_rate",
)


def send_quote(ctx: Any, quote: Quote, *, valid_until: date | None = None) -> Quote:
    """Note that a quotation goes out today: from now on it stands, and the revision before it is superseded.

    It is valid for the configured number of days unless it says until when. Name and address of the recipient are those
    of now where it has none. Raises BadInput for one without lines, without a tax rate, or no longer valid; Refused for
    one that is no draft, whose discount needs an approval, or whose former revision was accepted meanwhile.
    """
    held: Quote = ctx.services.hold_records(Quote, [quote.id])[quote.id]
    if held.status not in SENDABLE:
        raise Refused(
            "sfa", msg("quotation {number} is {state}; only drafts are sent", number=named(held), state=held.status)
        )
    _check_lines(held, lines_of(ctx, held))
    today = ctx.today()
    until = valid_until or held.valid_until or today + timedelta(days=ctx.config.quotes.valid_days)
    if until < today:
        raise BadInput(msg("valid_until {value}: expected today or later", value=until))
    name, address = _recipient(ctx, held)
    before = _superseded(ctx, held)
    sent = change(
        held,
        status="sent",
        sent_at=ctx.clock.now(),
        quoted_on=held.quoted_on or today,
        valid_until=until,
        language=held.language or language_of(ctx, held),
        recipient=held.recipient or name,
        recipient_address=held.recipient_address or address,
        terms=held.terms or ctx.config.quotes.terms,
    )
    ctx.session.update(sent, *before)
    ctx.session.flush()
    stored: Quote = ctx.session.get(Quote, quote.id)
    return stored


def revise(ctx: Any, quote: Quote) -> Quote:
    """Make the next revision of a quotation that was sent, and return it: a draft with the same lines.

    The one before it can be accepted until the new one is sent. Raises Refused for one that was not sent, that was
    accepted, or that has a later revision.
    """
    held: Quote = ctx.services.hold_records(Quote, [quote.id])[quote.id]
    if held.status not in ("sent", "expired", "declined"):
        raise Refused("sfa", _not_revised(held))
    newest = ctx.session.list(Quote, number=held.number, order="-revision", limit=1)[0]
    if newest.revision > held.revision:
        raise Refused(
            "sfa", msg("quotation {number} has a later revision: {later}", number=named(held), later=named(newest))
        )
    made = Quote(revision=held.revision + 1, supersedes_id=held.id, **{name: getattr(held, name) for name in _COPIED})
    lines = [
        QuoteLine(quote_id=made.id, **{name: getattr(line, name) for name in _COPIED_OF_LINES})
        for line in lines_of(ctx, held)
    ]
    ctx.session.add(made, *lines)
    ctx.session.flush()
    stored: Quote = ctx.session.get(Quote, made.id)
    return stored


def language_of(ctx: Any, quote: Quote) -> str:
    """Return the language of a quotation's document: its own, else the customer's, else the configured one."""
    customer = ctx.session.get(Customer, quote.customer_id)
    for tag in (quote.language, customer.language):
        language = tag.partition("-")[0].partition("_")[0].lower()
        if language in LANGUAGES:
            return language
    configured = ctx.config.quotes.language
    return configured if configured in LANGUAGES else LANGUAGES[0]


def _check_lines(quote: Quote, lines: Sequence[QuoteLine]) -> None:
    if not lines:
        raise BadInput(msg("quotation {number} has no lines; add some before it is sent", number=named(quote)))
    for line in lines:
        if line.tax_rate is None:
            raise BadInput(
                msg(
                    "line {position}: no tax rate is known for {category}; set one, or give the line its rate",
                    position=line.position,
                    category=line.tax_category or line.description,
                )
            )


def _superseded(ctx: Any, quote: Quote) -> list[Quote]:
    """Return the revision before, superseded; an accepted one is not."""
    if quote.supersedes_id is None:
        return []
    former: Quote = ctx.services.hold_records(Quote, [quote.supersedes_id])[quote.supersedes_id]
    if former.status == "accepted":
        raise Refused("sfa", msg("quotation {number} was accepted meanwhile; make another one", number=named(former)))
    return [change(former, status="superseded")] if former.status != "superseded" else []


def _recipient(ctx: Any, quote: Quote) -> tuple[str, str]:
    customer = ctx.session.get(Customer, quote.customer_id)
    address = ctx.session.list(ContactPoint, customer_id=customer.id, kind="address", order="-preferred", limit=20)
    today = ctx.today()
    current = [one for one in address if one.valid_until is None or one.valid_until >= today]
    named_ = customer.legal_name or customer.name
    if quote.contact_id is not None:
        named_ = f"{named_}\n{ctx.session.get(Customer, quote.contact_id).name}"
    return named_, current[0].value if current else ""


def _not_revised(quote: Quote) -> Any:
    if quote.status == "accepted":
        return msg("quotation {number} was accepted; make another one", number=named(quote))
    return msg(
        "quotation {number} is {state}; only one that was sent is revised", number=named(quote), state=quote.status
    )
