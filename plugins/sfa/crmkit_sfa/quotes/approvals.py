"""Asking for a discount, and deciding on it: who, when and why are kept."""

from __future__ import annotations

from typing import Any

from crmkit.plugin import AccessDenied, NotFound, Refused, change, msg
from crmkit_sfa.quotes.approving import approval_needed, deepest_discount, may_approve
from crmkit_sfa.quotes.entities import ApprovalStatus, Quote, QuoteApproval
from crmkit_sfa.quotes.states import named
from crmkit_sfa.quotes.writing import lines_of, require_draft


def request_approval(ctx: Any, quote: Quote, reason: str = "") -> QuoteApproval:
    """Ask for the discount of a draft, which then waits for a decision and is not changed meanwhile.

    Raises Refused when it needs no approval.
    """
    draft = require_draft(ctx, quote.id)
    lines = lines_of(ctx, draft)
    needed = approval_needed(ctx, draft, lines)
    if not needed.needed:
        raise Refused("sfa", msg("quotation {number} needs no approval; send it", number=named(draft)))
    made = QuoteApproval(
        quote_id=draft.id,
        discount=deepest_discount(draft, lines),
        needed=needed.role,
        requested_at=ctx.clock.now(),
        reason=reason,
    )
    if not ctx.services.why(draft, "update").allowed:
        raise AccessDenied(msg("you may not change quotation {number}", number=named(draft)))
    # Whoever asks is named, also by those who may not look up users.
    with ctx.elevated("an approval is asked for"):
        ctx.session.add(made)
        ctx.session.update(change(draft, status="approval"))
    stored: QuoteApproval = ctx.session.get(QuoteApproval, made.id)
    return stored


def approve(ctx: Any, quote: Quote, comment: str = "") -> QuoteApproval:
    """Approve the discount that was asked for; the quotation can be sent then.

    Raises Refused for one's own request, for those who may not decide, and where nothing waits.
    """
    return _decided(ctx, quote, "approved", comment)


def reject(ctx: Any, quote: Quote, comment: str = "") -> QuoteApproval:
    """Reject the discount that was asked for; the quotation is a draft again. Raises Refused as ``approve`` does."""
    return _decided(ctx, quote, "rejected", comment)


def reopen(ctx: Any, quote: Quote) -> Quote:
    """Take a quotation back from approval, so that it can be changed; a request that still waits is withdrawn.

    Raises Refused for one that is neither waiting for approval nor approved.
    """
    held: Quote = ctx.services.hold_records(Quote, [quote.id])[quote.id]
    if held.status not in ("approval", "approved"):
        raise Refused(
            "sfa", msg("quotation {number} is {state}, not in approval", number=named(held), state=held.status)
        )
    for request in waiting_for(ctx, held):
        ctx.session.update(change(request, status="withdrawn"))
    ctx.session.update(change(held, status="draft"))
    ctx.session.flush()
    stored: Quote = ctx.session.get(Quote, quote.id)
    return stored


def waiting_for(ctx: Any, quote: Quote) -> list[QuoteApproval]:
    """Return the requests of a quotation that nobody has decided on."""
    found: list[QuoteApproval] = ctx.session.list(QuoteApproval, quote_id=quote.id, status="waiting")
    return found


def waiting_approvals(ctx: Any) -> list[tuple[QuoteApproval, Quote]]:
    """Return the requests that wait and that the actor may decide on, with their quotations, the oldest first."""
    requests = ctx.session.list(QuoteApproval, status="waiting", order="requested_at")
    mine = [one for one in requests if one.requested_by is None or one.requested_by != ctx.actor.user_id]
    mine = [one for one in mine if may_approve(ctx, one.needed)]
    ids = sorted({one.quote_id for one in mine})
    quotes = {one.id: one for one in ctx.session.list(Quote, id=ids)} if ids else {}
    return [(one, quotes[one.quote_id]) for one in mine if one.quote_id in quotes]


def _decided(ctx: Any, quote: Quote, status: ApprovalStatus, comment: str) -> QuoteApproval:
    held: Quote = ctx.services.hold_records(Quote, [quote.id])[quote.id]
    requests = waiting_for(ctx, held)
    if held.status != "approval" or not requests:
        raise NotFound(msg("nothing waits for approval on quotation {number}", number=named(held)))
    request = requests[0]
    if not may_approve(ctx, request.needed):
        role = request.needed or msg("somebody who may approve discounts")
        raise Refused("sfa", msg("this discount is decided on by {role}", role=role))
    # Who decides need not be one of those who may change quotations.
    with ctx.elevated("a discount was decided on"):
        ctx.session.update(change(request, status=status, comment=comment))
        ctx.session.update(change(held, status="approved" if status == "approved" else "draft"))
    stored: QuoteApproval = ctx.session.get(QuoteApproval, request.id)
    return stored
