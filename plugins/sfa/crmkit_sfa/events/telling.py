"""Which domain events a change is. Records that come from another system as they stand there are no news."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from crmkit.plugin import Change, Context, DomainEvent
from crmkit_sfa.events import declared
from crmkit_sfa.events.payloads import (
    DealEnded,
    DealReopened,
    LeadAssigned,
    LeadConverted,
    OrderTold,
    QuoteDecided,
    ThresholdCrossed,
    TransferAnswered,
)
from crmkit_sfa.opportunities.big_deals import crossings
from crmkit_sfa.opportunities.entities import Category
from crmkit_sfa.orders.entities import PLACED


def deal_events(ctx: Context, changes: Sequence[Change]) -> Iterator[DomainEvent]:
    """Yield what changes of opportunities are: won, lost, reopened, a threshold crossed."""
    living = list(_living(changes))
    for c in living:
        one = c.after
        was: Category = "open" if c.before is None else c.before.category
        if one.category == was or (c.created and one.source):
            continue
        if was != "open" and one.category == "open":
            told = DealReopened(
                customer_id=one.customer_id, owner_id=one.owner_id, pipeline=one.pipeline, stage=one.stage, was=was
            )
            yield declared.DEAL_REOPENED.of(one, told)
        else:
            event = declared.DEAL_WON if one.category == "won" else declared.DEAL_LOST
            yield event.of(one, _ended(c))
    about = {c.after.id: c.after for c in living}
    for alert in crossings(ctx, living):
        one = about[alert.opportunity_id]
        crossed = ThresholdCrossed(
            customer_id=one.customer_id,
            owner_id=one.owner_id,
            direction=alert.direction,
            threshold=alert.threshold,
            team=alert.team,
            amount=one.amount,
        )
        yield declared.BIG_DEAL_CROSSED.of(one, crossed, key=str(alert.id))


def quote_events(changes: Sequence[Change]) -> Iterator[DomainEvent]:
    """Yield what changes of quotations are: accepted, declined."""
    events = {"accepted": declared.QUOTE_ACCEPTED, "declined": declared.QUOTE_DECLINED}
    for c in _living(changes):
        if c.changed("status") and c.after.status in events:
            one = c.after
            names = ("number", "revision", "customer_id", "opportunity_id", "owner_id", "net", "gross")
            yield events[one.status].of(one, QuoteDecided(**_taken(one, names)))


def order_events(changes: Sequence[Change]) -> Iterator[DomainEvent]:
    """Yield what changes of orders are: placed, cancelled after that."""
    for c in _living(changes):
        placed = c.before is not None and c.before.status in PLACED
        if c.after.status in PLACED and not placed and not (c.created and c.after.source):
            yield declared.ORDER_PLACED.of(c.after, _order(c.after))
        elif c.after.status == "cancelled" and placed:
            yield declared.ORDER_CANCELLED.of(c.after, _order(c.after))


def lead_events(changes: Sequence[Change]) -> Iterator[DomainEvent]:
    """Yield what changes of leads are: converted, assigned."""
    for c in _living(changes):
        if c.before is None:
            continue
        one = c.after
        if one.status == "converted" and c.before.status != "converted":
            names = ("customer_id", "opportunity_id", "owner_id", "lead_source")
            yield declared.LEAD_CONVERTED.of(one, LeadConverted(**_taken(one, names)))
        if one.owner_id != c.before.owner_id:
            told = LeadAssigned(from_id=c.before.owner_id, to_id=one.owner_id, team_id=one.team_id)
            yield declared.LEAD_ASSIGNED.of(one, told)


def transfer_events(changes: Sequence[Change]) -> Iterator[DomainEvent]:
    """Yield what changes of hand-offs are: accepted, declined."""
    events = {"accepted": declared.TRANSFER_ACCEPTED, "declined": declared.TRANSFER_DECLINED}
    for c in _living(changes):
        one = c.after
        if c.before is not None and one.state != c.before.state and one.state in events:
            told = TransferAnswered(
                kind=one.kind,
                entity=one.entity,
                record_id=one.record_id,
                from_id=one.from_user_id,
                to_id=one.to_user_id,
                to_team_id=one.to_team_id,
            )
            yield events[one.state].of(one, told)


def _living(changes: Sequence[Change]) -> Iterator[Change]:
    return (c for c in changes if not c.deleted and c.after.deleted_at is None)


def _ended(c: Change) -> DealEnded:
    names = ("customer_id", "owner_id", "team_id", "pipeline", "stage", "amount", "opened_on", "closed_on", "reason")
    return DealEnded(from_stage="" if c.before is None else c.before.stage, **_taken(c.after, names))


def _order(one: Any) -> OrderTold:
    names = ("number", "customer_id", "opportunity_id", "quote_id", "owner_id", "ordered_on", "net", "gross")
    return OrderTold(**_taken(one, names))


def _taken(one: Any, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(one, name) for name in names}
