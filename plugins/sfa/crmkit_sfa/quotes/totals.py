"""The sums of quotations, kept while they are drafts: each line and the whole, whoever writes them and by which way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from crmkit.core.customer import Customer
from crmkit.core.product import Product
from crmkit.plugin import Money, change
from crmkit_sfa.pricing.arithmetic import DocumentAmounts, LineTerms, document_amounts
from crmkit_sfa.pricing.choosing import rate_for
from crmkit_sfa.pricing.entities import TaxRate
from crmkit_sfa.pricing.finding import tax_category
from crmkit_sfa.quotes.entities import Quote, QuoteLine
from crmkit_sfa.quotes.states import OPEN


def recomputed(ctx: Any, quote_ids: Iterable[UUID]) -> list[Any]:
    """Return the drafts among quotations, and their lines, whose sums or tax rates are no longer right, with new ones.

    Quotations that are entered in a later state, as an import does, are summed once, with the lines they come with.
    """
    lines: dict[UUID, list[QuoteLine]] = {}
    with ctx.elevated("a quotation is the sum of all its lines"):
        found = ctx.session.peek_all(Quote, "id", sorted(set(quote_ids)))
        quotes = [one for one in found if one.status in OPEN or one.version == 0]
        if not quotes:
            return []
        for line in ctx.session.peek_all(QuoteLine, "quote_id", [one.id for one in quotes]):
            lines.setdefault(line.quote_id, []).append(line)
    taxed = _with_rates(ctx, quotes, lines)
    changed: list[Any] = []
    for quote in quotes:
        before = sorted(lines.get(quote.id, ()), key=lambda one: (one.position, one.id))
        if any(one.unit_price.currency != quote.currency for one in before):
            # The guard says so.
            continue
        after = [taxed.get(one.id, one) for one in before]
        sums = amounts_of(ctx, quote, after)
        changed += _written(quote, before, after, sums)
    return changed


def amounts_of(ctx: Any, quote: Quote, lines: Sequence[QuoteLine]) -> DocumentAmounts:
    """Return the amounts of a quotation with these lines; a line without a tax rate counts as free of tax."""
    terms = [LineTerms(one.quantity, one.unit_price.amount, one.discount, one.tax_rate or Decimal(0)) for one in lines]
    return document_amounts(
        terms,
        quote.currency,
        discount=quote.discount,
        tax_included=quote.tax_included,
        tax_rounding=ctx.config.pricing.tax_rounding,
    )


def _written(quote: Quote, before: Sequence[QuoteLine], lines: Sequence[QuoteLine], sums: DocumentAmounts) -> list[Any]:
    unit = quote.currency
    made: list[Any] = []
    for old, line, amounts in zip(before, lines, sums.lines, strict=True):
        new = change(
            line,
            amount=Money(amounts.amount, unit),
            net=Money(amounts.net, unit),
            tax=Money(amounts.tax, unit),
            gross=Money(amounts.gross, unit),
        )
        if new != old:
            made.append(new)
    after = change(quote, net=Money(sums.net, unit), tax=Money(sums.tax, unit), gross=Money(sums.gross, unit))
    return [*made, after] if after != quote else made


def _with_rates(ctx: Any, quotes: Sequence[Quote], lines: dict[UUID, list[QuoteLine]]) -> dict[UUID, QuoteLine]:
    """Return lines that had no tax rate with what the tax table says, and with the tax category of their product."""
    missing = [(quote, line) for quote in quotes for line in lines.get(quote.id, ()) if line.tax_rate is None]
    if not missing:
        return {}
    with ctx.elevated("tax rates count for everybody"):
        rates = ctx.session.peek_all(TaxRate)
        products = _by_id(ctx, Product, [line.product_id for _, line in missing if line.product_id])
        customers = _by_id(ctx, Customer, [quote.customer_id for quote, _ in missing])
    made: dict[UUID, QuoteLine] = {}
    for quote, line in missing:
        category = line.tax_category or tax_category(products.get(line.product_id) if line.product_id else None)
        customer = customers.get(quote.customer_id)
        country = (customer.country if customer else "") or ctx.config.pricing.country
        found = rate_for(rates, country, category, quote.quoted_on or ctx.today())
        # Where nobody keeps tax rates, there is no tax; where somebody does, an unknown one stays to be filled in.
        rate = found.rate if found else None if rates else Decimal(0)
        made[line.id] = change(line, tax_category=category, tax_rate=rate)
    return made


def _by_id(ctx: Any, entity: type[Any], ids: Sequence[UUID]) -> dict[UUID, Any]:
    return {one.id: one for one in ctx.session.peek_all(entity, "id", sorted(set(ids)))} if ids else {}
