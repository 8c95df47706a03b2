"""A customer with a hundred thousand interactions is read, merged and given back like any other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from crmkit.core.customer import Customer
from crmkit.core.interaction import Interaction, InteractionParticipant
from crmkit.core.values.money import Money
from crmkit.runtime.crm import Crm
from crmkit.services.customer_view import customer_view
from crmkit.services.interactions import contact_figures, timeline
from crmkit.services.merging import merge, preview, undo

MANY, BATCH = 100_000, 5_000
BEGIN = datetime(2020, 1, 1, tzinfo=UTC)


def fill(crm: Crm, customer: UUID, count: int) -> None:
    for start in range(0, count, BATCH):
        with crm.session() as session:
            for number in range(start, min(start + BATCH, count)):
                at = BEGIN + timedelta(minutes=number)
                made = Interaction(kind="purchase", subject=str(number), occurred_at=at, money=Money.of(1, "EUR"))
                session.add(made, InteractionParticipant(interaction_id=made.id, customer_id=customer, occurred_at=at))


def statements(crm: Crm, read: Any) -> tuple[Any, int]:
    """Return what ``read`` reads, and how many statements that takes."""
    asked: list[str] = []

    def note(*call: Any) -> None:
        asked.append(call[2])

    sa.event.listen(crm.database.engine, "before_cursor_execute", note)
    try:
        with crm.session(reads=True) as session:
            return read(session), len(asked)
    finally:
        sa.event.remove(crm.database.engine, "before_cursor_execute", note)


@pytest.mark.slow
def test_a_customer_with_100_000_interactions(crm: Crm) -> None:
    big, small, twin = Customer(name="Big"), Customer(name="Small"), Customer(name="Twin")
    with crm.session() as session:
        session.add(big, small, twin)
    fill(crm, big.id, MANY)
    fill(crm, small.id, 30)

    page, asked = statements(crm, lambda s: timeline(s, big.id, limit=20))
    assert [entry.title for entry in page.entries] == [str(MANY - 1 - place) for place in range(20)]
    assert asked == statements(crm, lambda s: timeline(s, small.id, limit=20))[1]
    deep = BEGIN + timedelta(minutes=10)
    assert [
        entry.title for entry in statements(crm, lambda s: timeline(s, big.id, until=deep, limit=2))[0].entries
    ] == [
        "10",
        "9",
    ]

    view, asked = statements(crm, lambda s: customer_view(s, str(big.id), crm.kinds))
    assert (view.value, dict(view.counts)) == ((Money.of(MANY, "EUR"),), {"purchase": MANY})
    assert asked == statements(crm, lambda s: customer_view(s, str(small.id), crm.kinds))[1]
    figures, _ = statements(crm, lambda s: contact_figures(s, [big.id]))
    assert (figures[big.id].contacts, figures[big.id].last_contact) == (MANY, BEGIN + timedelta(minutes=MANY - 1))

    with crm.session() as session:
        journal = merge(session, preview(session, twin.id, big.id))
    with crm.session(reads=True) as session:
        assert session.count(InteractionParticipant, customer_id=twin.id) == MANY
    with crm.session() as session:
        report = undo(session, journal.id)
        assert (report.left, session.count(InteractionParticipant, customer_id=big.id)) == ((), MANY)
