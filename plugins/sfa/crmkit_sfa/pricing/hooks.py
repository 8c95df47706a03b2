"""What must not happen to prices; each hook gets all changes of a save at once."""

from __future__ import annotations

from collections.abc import Iterator

from crmkit.plugin import Context, CustomField, RecordBatch, Refuse, hookimpl, msg
from crmkit_sfa.pricing.entities import TAX_CATEGORY, PriceList


def product_fields() -> list[CustomField]:
    """Return what the plugin adds to products."""
    return [CustomField(entity="product", name=TAX_CATEGORY, label="Tax category", max_length=100)]


@hookimpl(specname="guard_records", entities=("sfa_price",))
def guard_prices(ctx: Context, call: RecordBatch) -> Iterator[Refuse]:
    """Refuse a price in another currency than that of its list, or below zero."""
    ids = {item.record.price_list_id for item in call.changes if not item.deleted}
    lists = {one.id: one for one in ctx.session.peek_all(PriceList, "id", list(ids))}
    for item in call.changes:
        price, its_list = item.record, lists.get(item.record.price_list_id)
        if item.deleted or its_list is None:
            continue
        if price.price.currency != its_list.currency:
            expected = msg("money in {currency}, as its price list", currency=its_list.currency)
            yield Refuse(msg("price {value}: expected {expected}", value=str(price.price), expected=expected), price.id)
        elif price.price.amount < 0:
            yield Refuse(
                msg("price {value}: expected {expected}", value=str(price.price), expected=msg("no negative amount")),
                price.id,
            )


@hookimpl(specname="guard_records", entities=("sfa_price_list",), fields=("currency",))
def guard_price_lists(ctx: Context, call: RecordBatch) -> Iterator[Refuse]:
    """Refuse another currency for a list that exists: its prices would mean something else."""
    for item in call.changes:
        if item.before is not None and item.changed("currency"):
            yield Refuse(
                msg("the currency of price list {name} stays; make another list", name=item.record.name), item.record.id
            )
