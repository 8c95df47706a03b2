"""Interactions of records that came another way than by their use case, such as an import: many at once, each once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from crmkit.core.customer import Customer
from crmkit.core.frozen import frozen
from crmkit.core.interaction import Interaction, InteractionLine, InteractionLink, InteractionParticipant
from crmkit.plugin import Context, Money, change
from crmkit_sfa.orders.entities import Order, OrderLine
from crmkit_sfa.orders.moments import moment_of
from crmkit_sfa.orders.revenue import CHANNEL, purchase_key, record_of, subject_of
from crmkit_sfa.orders.totals import remaining


@frozen(kw_only=True)
class Told:
    """What is to be logged with a customer. ``link`` names the record that it is about; ``lines`` have no interaction yet."""

    kind: str
    key: str
    customer_id: UUID
    at: datetime
    direction: str
    subject: str
    money: Money | None
    link: tuple[str, UUID]
    source: str
    sum_lines: bool = False
    lines: Sequence[InteractionLine] = ()


def log_missing(ctx: Context, told: Iterable[Told]) -> int:
    """Log what is not logged yet and return how much that was, in as many queries for many as for few.

    What is about a customer who is gone, erased perhaps, is left out.
    """
    wanted = {one.key: one for one in told}
    if not wanted:
        return 0
    with ctx.elevated("what was placed and paid is logged whoever imports it"):
        known = ctx.session.list(Interaction, channel=CHANNEL, external_key=sorted(wanted))
        for stored in known:
            wanted.pop(stored.external_key, None)
        living = _living(ctx, [one.customer_id for one in wanted.values()])
        missing = [one for one in wanted.values() if one.customer_id in living]
        for one in missing:
            _add(ctx, one)
        ctx.session.flush()
    return len(missing)


def _living(ctx: Context, customers: Sequence[UUID]) -> set[UUID]:
    return {one.id for one in ctx.session.list(Customer, id=sorted(set(customers)))} if customers else set()


def _add(ctx: Context, one: Told) -> None:
    made = change(
        Interaction(kind=one.kind, occurred_at=one.at),
        direction=one.direction,
        channel=CHANNEL,
        external_key=one.key,
        subject=one.subject,
        money=one.money,
        sum_lines=one.sum_lines,
        source=one.source,
    )
    participant = InteractionParticipant(interaction_id=made.id, customer_id=one.customer_id, occurred_at=one.at)
    entity, record = one.link
    link = InteractionLink(interaction_id=made.id, entity=entity, record_id=record)
    ctx.session.add(made, participant, link, *[change(line, interaction_id=made.id) for line in one.lines])


def purchases_told(ctx: Context, orders: Sequence[Order]) -> list[Told]:
    """Return the purchases that placed orders are, with all their lines in one query."""
    ids = [one.id for one in orders]
    lines: dict[UUID, list[OrderLine]] = {id: [] for id in ids}
    for line in ctx.session.list(OrderLine, order_id=ids, order="position") if ids else ():
        if remaining(line) > 0:
            lines[line.order_id].append(line)
    return [
        Told(
            kind="purchase",
            key=purchase_key(one),
            customer_id=one.customer_id,
            at=moment_of(ctx, one.ordered_on),
            direction="inbound",
            subject=subject_of(one),
            money=one.net,
            link=("sfa_order", one.id),
            source=one.source,
            sum_lines=one.sum_lines and bool(lines[one.id]),
            lines=[record_of(one.id, number, line) for number, line in enumerate(lines[one.id], start=1)],
        )
        for one in orders
    ]
