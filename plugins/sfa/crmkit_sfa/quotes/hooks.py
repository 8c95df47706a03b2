"""What happens while quotations are saved; each hook gets all changes of a save at once.

Sums and approvals are imported when something is saved: starting the program takes none of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crmkit.plugin import Change, Context, RecordBatch, Refuse, change, hookimpl, msg
from crmkit_sfa.quotes.entities import Quote, QuoteApproval, QuoteLine
from crmkit_sfa.quotes.permissions import PERMISSION
from crmkit_sfa.quotes.specs import DiscountQuestion
from crmkit_sfa.quotes.states import LINE_CONTENT, OFFERED, OPEN, PRICED, frozen, may_become, named, rewritten


@hookimpl(specname="derive_records", entities=("sfa_quote_line",))
def derive_quote_lines(ctx: Context, call: RecordBatch) -> list[Any]:
    """Keep the amounts of lines, and the sums of their quotations."""
    from crmkit_sfa.quotes.totals import recomputed

    return recomputed(ctx, {state.quote_id for c in call.changes for state in (c.before, c.after) if state is not None})


@hookimpl(
    specname="derive_records", entities=("sfa_quote",), fields=("discount", "tax_included", "currency", "customer_id")
)
def derive_quotes(ctx: Context, call: RecordBatch) -> list[Any]:
    """Keep the sums of quotations whose own discount, or way of taxing, changes."""
    from crmkit_sfa.quotes.totals import recomputed

    return recomputed(ctx, {c.record.id for c in call.changes})


@hookimpl(specname="derive_records", entities=("sfa_quote_approval",))
def derive_quote_approvals(ctx: Context, call: RecordBatch) -> list[Any]:
    """Note who asks and who decides: whoever does it, whatever the record says."""
    actor: Any = ctx.actor
    made = []
    for item in call.changes:
        request = item.record
        if item.before is None:
            made.append(change(request, requested_by=actor.user_id))
        elif item.changed("status"):
            made.append(change(request, decided_by=actor.user_id, decided_at=request.decided_at or ctx.clock.now()))
    return made


@hookimpl(specname="guard_records", entities=("sfa_quote",))
def guard_quotes(ctx: Context, call: RecordBatch) -> Iterator[Refuse]:
    """Refuse what must not become of a quotation: one that was sent stands, a discount may need an approval."""
    from crmkit_sfa.quotes.approving import may_approve

    if ctx.services.rewrites_history():
        return
    for item in call.changes:
        quote = item.record
        if quote.discount > 100:
            yield Refuse(_percentage("discount", quote.discount), quote.id)
        if item.before is None:
            if quote.status not in OPEN and not may_approve(ctx, ""):
                yield Refuse(msg("quotation {number} begins as a draft", number=quote.number), quote.id)
            continue
        yield from _against(ctx, item)


@hookimpl(specname="guard_records", entities=("sfa_quote_line",))
def guard_quote_lines(ctx: Context, call: RecordBatch) -> Iterator[Refuse]:
    """Refuse lines of a quotation that is no draft, and values that no line can have."""
    if ctx.services.rewrites_history():
        return
    ids = {state.quote_id for c in call.changes for state in (c.before, c.after) if state is not None}
    with ctx.elevated("a quotation stands as it was sent"):
        quotes = {one.id: one for one in ctx.session.peek_all(Quote, "id", sorted(ids))}
    for item in call.changes:
        line = item.record
        for id in {line.quote_id, line.quote_id if item.before is None else item.before.quote_id}:
            quote = quotes.get(id)
            # What comes together with a quotation of another state is how it was entered.
            if quote is not None and quote.status not in OPEN and quote.version > 0 and _says_else(item):
                yield Refuse(frozen(quote), line.id)
        if item.deleted:
            continue
        if line.discount > 100:
            yield Refuse(_percentage("discount", line.discount), line.id)
        if line.tax_rate is not None and line.tax_rate > 100:
            yield Refuse(_percentage("tax_rate", line.tax_rate), line.id)
        if line.quantity <= 0:
            yield Refuse(msg("quantity {value}: expected a number above zero", value=str(line.quantity)), line.id)
        quote = quotes.get(line.quote_id)
        if quote is not None and line.unit_price.currency != quote.currency:
            yield Refuse(
                msg(
                    "price {price}: expected money in {currency}, as its quotation",
                    price=str(line.unit_price),
                    currency=quote.currency,
                ),
                line.id,
            )


@hookimpl(specname="guard_records", entities=("sfa_quote_approval",))
def guard_quote_approvals(ctx: Context, call: RecordBatch) -> Iterator[Refuse]:
    """Refuse decisions of those who may not decide, and on one's own request; what was decided stands."""
    if ctx.services.rewrites_history():
        return
    for item in call.changes:
        request = item.record
        if item.before is None:
            if request.status != "waiting":
                yield Refuse(msg("an approval begins as a request that waits"), request.id)
            else:
                yield from _against_asking(ctx, request)
            continue
        if item.before.status != "waiting" or item.deleted:
            yield Refuse(msg("this request for approval was decided on; it stands"), request.id)
        elif request.status in ("approved", "rejected"):
            yield from _against_deciding(ctx, item)


def _says_else(item: Change) -> bool:
    return item.before is None or item.deleted or rewritten(item.before, item.after, LINE_CONTENT)


def _against(ctx: Context, item: Change) -> Iterator[Refuse]:
    before, after = item.before, item.record
    if item.deleted:
        if before.status not in OPEN:
            yield Refuse(
                msg(
                    "quotation {number} is {state}; only drafts are deleted", number=named(before), state=before.status
                ),
                after.id,
            )
        return
    if not may_become(before.status, after.status):
        yield Refuse(
            msg(
                "quotation {number} is {before} and cannot become {after}",
                number=named(before),
                before=before.status,
                after=after.status,
            ),
            after.id,
        )
        return
    if before.status not in OPEN:
        priced = rewritten(before, after, PRICED)
        offered = rewritten(before, after, OFFERED) and before.status not in ("approval", "approved")
        if priced or offered:
            yield Refuse(frozen(before), after.id)
    if after.status != before.status and after.status in ("approval", "approved", "sent"):
        yield from _against_discount(ctx, before, after)


def _against_discount(ctx: Context, before: Quote, after: Quote) -> Iterator[Refuse]:
    from crmkit_sfa.quotes.approving import approval_needed, deepest_discount

    with ctx.elevated("discounts are approved on all lines of a quotation"):
        lines = tuple(ctx.session.peek_all(QuoteLine, "quote_id", [after.id]))
        asked = ctx.session.peek_all(QuoteApproval, "quote_id", [after.id])
    latest = max(asked, key=lambda one: (one.requested_at, one.id), default=None)
    if after.status == "approval":
        if latest is None or latest.status != "waiting":
            yield Refuse(msg("quotation {number}: nobody has asked for an approval", number=named(after)), after.id)
        return
    approved = latest is not None and latest.status == "approved" and before.status in ("approval", "approved")
    if after.status == "sent":
        ctx.hooks.guard("guard_sfa_discount", DiscountQuestion(after, lines, deepest_discount(after, lines)))
    if approved or (after.status == "sent" and not approval_needed(ctx, after, lines).needed):
        return
    reason = msg(
        "quotation {number}: a discount of {discount} % needs an approval",
        number=named(after),
        discount=str(deepest_discount(after, lines)),
    )
    yield Refuse(reason, after.id)


def _against_asking(ctx: Context, request: QuoteApproval) -> Iterator[Refuse]:
    """Refuse a request that names another discount or role than the quotation needs."""
    from crmkit_sfa.quotes.approving import approval_needed, deepest_discount

    with ctx.elevated("discounts are approved on all lines of a quotation"):
        lines = ctx.session.peek_all(QuoteLine, "quote_id", [request.quote_id])
        found = ctx.session.peek_all(Quote, "id", [request.quote_id])
    for quote in found:
        needed = approval_needed(ctx, quote, lines)
        if not needed.needed:
            yield Refuse(msg("quotation {number} needs no approval; send it", number=named(quote)), request.id)
        elif (request.needed, request.discount) != (needed.role, deepest_discount(quote, lines)):
            yield Refuse(msg("a request for approval names the discount and the role that it is about"), request.id)


def _against_deciding(ctx: Context, item: Change) -> Iterator[Refuse]:
    from crmkit_sfa.quotes.approving import may_approve

    request = item.record
    asker, deciding = request.requested_by, {ctx.actor.user_id, getattr(ctx.actor, "acting_id", None)}
    if asker is not None and asker in deciding:
        yield Refuse(msg("nobody decides on a discount that they asked for"), request.id)
    elif not may_approve(ctx, request.needed):
        role = request.needed or PERMISSION
        yield Refuse(msg("this discount is decided on by {role}", role=role), request.id)


def _percentage(name: str, value: object) -> Any:
    return msg("{name} {value}: expected a percentage from 0 to 100", name=name, value=str(value))
