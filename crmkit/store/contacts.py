"""The reads of contact figures: aggregates over what customers took part in, narrowed as every read of a session is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.customer import Customer
from crmkit.store.chunks import in_chunks
from crmkit.store.faults import faults_translated
from crmkit.store.timelines import refuse_hidden, visible_interactions

if TYPE_CHECKING:
    from crmkit.store.session import Session

NO_CONTACT = ("note",)
"""Kinds of interaction in which nobody is contacted."""

AUTOMATIC = ("auto-reply", "bounce")
"""Outcomes of what a machine answered."""


def contact_rows(
    session: Session, customers: Sequence[UUID], since: datetime | None, until: datetime
) -> tuple[Collection[UUID], list[Any]]:
    """Return which customers the actor sees, and rows: customer, channel, direction, count, first and last."""
    session.flush()
    session.heed_rights()
    refuse_hidden(session, "interaction", ("occurred_at", "channel", "direction", "kind", "status", "outcome"))
    refuse_hidden(session, "interaction_participant", ("customer_id", "occurred_at"))
    seen: set[UUID] = set()
    rows: list[Any] = []
    table = session.table(Customer)
    for chunk in in_chunks(customers):
        visible = [row[0] for row in session.execute(sa.select(table.c.id).where(table.c.id.in_(chunk)))]
        seen.update(visible)
        if visible:
            with faults_translated():
                rows += session.connection.execute(
                    _statement(session, visible, since, until), {"tenant": session.actor.tenant_id}
                )
    return seen, rows


def _statement(session: Session, customers: Sequence[UUID], since: datetime | None, until: datetime) -> sa.Select[Any]:
    link, table = session.database.tables["interaction_participant"], session.database.tables["interaction"]
    visible_link, visible = visible_interactions(session, link, table)
    period = [link.c.occurred_at <= until, *([link.c.occurred_at >= since] if since is not None else [])]
    return (
        sa.select(
            link.c.customer_id,
            table.c.channel,
            table.c.direction,
            # Once for each customer, in however many roles; earliest and latest are the same however often they come.
            sa.func.count(link.c.interaction_id.distinct()),
            sa.func.min(link.c.occurred_at),
            sa.func.max(link.c.occurred_at),
        )
        .join(table, table.c.id == link.c.interaction_id)
        .where(
            link.c.customer_id.in_(customers),
            *period,
            *visible_link,
            *visible,
            table.c.status == "completed",
            table.c.direction != "internal",
            table.c.kind.not_in(NO_CONTACT),
            table.c.outcome.not_in(AUTOMATIC),
        )
        .group_by(link.c.customer_id, table.c.channel, table.c.direction)
    )


def last_contacts_table(session: Session) -> sa.Subquery | None:
    """Return ``customer_id`` and ``last_contact`` of every customer that was in contact, to join to those that the actor
    sees; ``tenant`` is to be bound. None when the actor may not read what it rests on.
    """
    needed = {
        "interaction": {"occurred_at", "direction", "kind", "status", "outcome"},
        "interaction_participant": {"customer_id", "occurred_at"},
    }
    if any(session.hidden(entity) & names for entity, names in needed.items()):
        return None
    link, table = session.database.tables["interaction_participant"], session.database.tables["interaction"]
    visible_link, visible = visible_interactions(session, link, table)
    return (
        sa.select(link.c.customer_id, sa.func.max(link.c.occurred_at).label("last_contact"))
        .join(table, table.c.id == link.c.interaction_id)
        .where(
            link.c.customer_id.is_not(None),
            link.c.occurred_at <= session.clock.now(),
            *visible_link,
            *visible,
            table.c.status == "completed",
            table.c.direction != "internal",
            table.c.kind.not_in(NO_CONTACT),
            table.c.outcome.not_in(AUTOMATIC),
        )
        .group_by(link.c.customer_id)
        .subquery("contacts")
    )
