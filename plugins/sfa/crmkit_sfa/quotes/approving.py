"""Which discounts need somebody's approval, and whose."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from crmkit.plugin import ConfigError, msg
from crmkit_sfa.pricing.arithmetic import total_discount
from crmkit_sfa.quotes.entities import Quote, QuoteLine
from crmkit_sfa.quotes.permissions import PERMISSION
from crmkit_sfa.quotes.settings import ApprovalSettings
from crmkit_sfa.quotes.specs import ApprovalDecision, DiscountQuestion


def deepest_discount(quote: Quote, lines: Iterable[QuoteLine]) -> Decimal:
    """Return how far the cheapest line lies below its list price, all discounts together, in percent."""
    return max(
        (
            total_discount(
                line.unit_price.amount,
                None if line.list_price is None else line.list_price.amount,
                line.discount,
                quote.discount,
            )
            for line in lines
            if line.unit_price.amount > 0
        ),
        default=Decimal(0),
    )


def approval_needed(ctx: Any, quote: Quote, lines: Sequence[QuoteLine]) -> ApprovalDecision:
    """Return whether the actor needs an approval to send a quotation with these lines, and whose.

    Of the configured steps whose threshold is passed the highest counts, unless the actor has one of its exempt roles.
    """
    discount = deepest_discount(quote, lines)
    decision = ctx.hooks.choose("choose_sfa_approval", DiscountQuestion(quote, tuple(lines), discount))
    if isinstance(decision, ApprovalDecision):
        return decision
    passed = [step for step in ctx.config.quotes.approvals if discount > threshold(step)]
    if not passed:
        return ApprovalDecision(False)
    step = max(passed, key=threshold)
    if step.exempt and roles_of(ctx) & set(step.exempt):
        return ApprovalDecision(False)
    return ApprovalDecision(True, step.role)


def may_approve(ctx: Any, role: str) -> bool:
    """Return whether the actor may approve what needs this role, or any approver when it is empty."""
    if ctx.actor.everything:
        return True
    return role in roles_of(ctx) if role else bool(ctx.actor.has_permission(PERMISSION))


def roles_of(ctx: Any) -> set[str]:
    """Return the names of the actor's roles; the system has none."""
    user = ctx.actor.user_id
    if user is None:
        return set()
    with ctx.elevated("roles decide on approvals"):
        return {role.name for role in ctx.services.roles_of(user)}


def threshold(step: ApprovalSettings) -> Decimal:
    """Return the discount in percent above which a step counts; raises ConfigError for one that cannot be read."""
    try:
        found = Decimal(str(step.above))
    except InvalidOperation:
        found = Decimal(-1)
    if not 0 <= found <= 100:
        raise ConfigError(
            msg("plugins.sfa.quotes.approvals: above is {value}, expected a percentage from 0 to 100", value=step.above)
        )
    return found
