"""What a quotation's document says, as plain texts in the language of its reader: the same for HTML and PDF."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from crmkit.core.customer import Customer
from crmkit.core.frozen import frozen
from crmkit.core.staff import User
from crmkit.plugin import AccessDenied, Money, msg
from crmkit_sfa.pricing.arithmetic import TaxSum, taxes_by_rate
from crmkit_sfa.pricing.figures import grouped
from crmkit_sfa.quotes.documents.labels import shown_amount, shown_day, words_of
from crmkit_sfa.quotes.entities import Quote, QuoteLine
from crmkit_sfa.quotes.sending import language_of
from crmkit_sfa.quotes.settings import SellerSettings
from crmkit_sfa.quotes.specs import DocumentRequest, DocumentSection
from crmkit_sfa.quotes.states import LINE_CONTENT, OFFERED, PRICED, named
from crmkit_sfa.quotes.writing import lines_of

_ZERO = Decimal(0)
_TOLD = frozenset((*PRICED, *OFFERED, *LINE_CONTENT)) - {"list_price", "supersedes_id", "opportunity_id", "sent_at"}


@frozen
class DocumentLine:
    """One line of the table; ``values`` are its cells behind the description."""

    position: str
    description: str
    detail: str
    values: tuple[str, ...]


@frozen
class DocumentSum:
    """One line under the table: what it is, and how much; the last one counts."""

    label: str
    amount: str
    strong: bool = False


@frozen
class QuoteDocument:
    """All that stands on a quotation, in the order it is read."""

    language: str
    title: str
    number: str
    notice: str
    seller: str
    seller_lines: tuple[str, ...]
    recipient_lines: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    introduction: str
    before: tuple[DocumentSection, ...]
    headings: tuple[str, ...]
    lines: tuple[DocumentLine, ...]
    sums: tuple[DocumentSum, ...]
    prices: str
    terms_title: str
    terms: str
    after: tuple[DocumentSection, ...]
    footer: tuple[str, ...]
    page: str


def quote_document(ctx: Any, quote: Quote, language: str = "") -> QuoteDocument:
    """Return what the document of a quotation says, by default in the language of the quotation or its customer.

    Plugins add sections by ``collect_sfa_quote_document``. Raises AccessDenied for an actor who may not read all of it.
    """
    _require_all(ctx)
    lines = lines_of(ctx, quote)
    chosen = language or language_of(ctx, quote)
    sections: list[DocumentSection] = ctx.hooks.collect(
        "collect_sfa_quote_document", DocumentRequest(quote, tuple(lines), chosen)
    )
    words, seller = words_of(chosen), ctx.config.quotes.seller
    recipient = quote.recipient or ctx.session.get(Customer, quote.customer_id).name
    return QuoteDocument(
        language=chosen,
        title=words("title"),
        number=named(quote),
        notice=_notice(quote, words),
        seller=seller.name,
        seller_lines=_seller_lines(seller, words),
        recipient_lines=(*recipient.splitlines(), *quote.recipient_address.splitlines()),
        facts=_facts(ctx, quote, chosen, words),
        introduction=quote.introduction,
        before=tuple(one for one in sections if one.place == "before"),
        headings=_headings(words, lines),
        lines=tuple(_line(at, line, any(one.discount for one in lines)) for at, line in enumerate(lines, 1)),
        sums=_sums(quote, lines, words),
        prices=words("prices_gross" if quote.tax_included else "prices_net", currency=quote.currency),
        terms_title=words("terms"),
        terms=quote.terms or ctx.config.quotes.terms,
        after=tuple(one for one in sections if one.place == "after"),
        footer=(words("bank"), *seller.bank.splitlines()) if seller.bank else (),
        page=words("page"),
    )


def _require_all(ctx: Any) -> None:
    """Refuse a document with gaps to those who may not read some of its fields."""
    hidden = sorted({*ctx.session.hidden(Quote), *ctx.session.hidden(QuoteLine)} & _TOLD)
    if hidden:
        raise AccessDenied(msg("the document tells {fields}, which you may not read", fields=", ".join(hidden)))


def _notice(quote: Quote, words: Callable[..., str]) -> str:
    if quote.status in ("draft", "approval", "approved"):
        return words("draft")
    return words(quote.status) if quote.status in ("superseded", "expired") else ""


def _seller_lines(seller: SellerSettings, words: Callable[..., str]) -> tuple[str, ...]:
    named_ = (
        (words("tax_number"), seller.tax_number),
        (words("phone"), seller.phone),
        (words("email"), seller.email),
        (words("website"), seller.website),
    )
    return (*seller.address.splitlines(), *[f"{label}: {value}" for label, value in named_ if value])


def _facts(ctx: Any, quote: Quote, language: str, words: Callable[..., str]) -> tuple[tuple[str, str], ...]:
    owner = ctx.session.find(User, id=quote.owner_id) if quote.owner_id is not None else None
    facts = (
        (words("number"), quote.number),
        (words("revision"), str(quote.revision) if quote.revision > 1 else ""),
        (words("date"), shown_day(quote.quoted_on or ctx.today(), language)),
        (words("valid_until"), shown_day(quote.valid_until, language)),
        (words("our_contact"), owner.name if owner is not None else ""),
    )
    return tuple((label, value) for label, value in facts if value)


def _headings(words: Callable[..., str], lines: Sequence[QuoteLine]) -> tuple[str, ...]:
    keys = ["position", "description", "quantity", "unit", "unit_price", "discount", "tax_rate", "amount"]
    if not any(line.discount for line in lines):
        keys.remove("discount")
    return tuple(words(key) for key in keys)


def _line(position: int, line: QuoteLine, with_discount: bool) -> DocumentLine:
    rate = line.tax_rate
    values = [grouped(line.quantity), line.unit, shown_amount(line.unit_price)]
    if with_discount:
        values.append(f"{grouped(line.discount)} %" if line.discount else "")
    values += ["" if rate is None else f"{grouped(rate)} %", shown_amount(line.amount)]
    return DocumentLine(str(position), line.description, line.detail, tuple(values))


def _sums(quote: Quote, lines: Sequence[QuoteLine], words: Callable[..., str]) -> tuple[DocumentSum, ...]:
    unit = quote.currency
    total = sum((line.amount.amount for line in lines if line.amount is not None), _ZERO)
    base = quote.gross if quote.tax_included else quote.net
    charged = base.amount if base is not None else _ZERO
    sums = []
    if quote.discount:
        sums.append(DocumentSum(words("subtotal"), shown_amount(Money(total, unit))))
        reduction = Money(charged - total, unit)
        sums.append(DocumentSum(words("reduction", percent=grouped(quote.discount)), shown_amount(reduction)))
    if not quote.tax_included:
        sums.append(DocumentSum(words("net"), shown_amount(quote.net)))
        sums += [
            _tax(tax, unit, words("tax", percent=grouped(tax.rate), net=shown_amount(Money(tax.net, unit))))
            for tax in _taxes(lines)
        ]
    strong = DocumentSum(f"{words('gross')} {unit}", shown_amount(quote.gross), strong=True)
    if not quote.tax_included:
        return (*sums, strong)
    inside = [_tax(tax, unit, words("tax_inside", percent=grouped(tax.rate))) for tax in _taxes(lines)]
    return (*sums, strong, *inside)


def _taxes(lines: Sequence[QuoteLine]) -> tuple[TaxSum, ...]:
    priced = [
        (line.tax_rate or _ZERO, line.net.amount, line.tax.amount)
        for line in lines
        if line.net is not None and line.tax is not None
    ]
    return tuple(tax for tax in taxes_by_rate(priced) if tax.rate)


def _tax(tax: TaxSum, currency: str, label: str) -> DocumentSum:
    return DocumentSum(label, shown_amount(Money(tax.tax, currency)))
