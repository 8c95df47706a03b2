"""A few customers with purchases, calls and addresses, and ways to ask for their names."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.grouping import Segment, SegmentMember
from crmkit.core.interaction import Interaction, InteractionParticipant
from crmkit.core.values.clock import FixedClock
from crmkit.runtime.crm import Crm
from crmkit.services.segments import create_segment, members, refresh
from crmkit.store.session import Session

Names = Callable[[str], list[str]]


def log(session: Session, customer: Customer, at: datetime, kind: str = "purchase") -> Interaction:
    """Log an interaction of a customer."""
    made = Interaction(kind=kind, occurred_at=at)
    session.add(made, InteractionParticipant(interaction_id=made.id, customer_id=customer.id))
    return made


@pytest.fixture
def people(crm: Crm, clock: FixedClock) -> dict[str, Customer]:
    """Anna of Berlin bought three times lately, Bo of Lyon twice, Cy of Köln long ago; Di never did."""
    now = clock.now()
    made = {
        name: Customer(name=name, country=country, industry=industry)
        for name, country, industry in (
            ("Anna", "DE", "retail"),
            ("Bo", "FR", "retail"),
            ("Cy", "DE", "trade"),
            ("Di", "CN", ""),
        )
    }
    with crm.session() as session:
        session.add(*made.values())
        for name, days in (("Anna", (1, 20, 89)), ("Bo", (5, 6)), ("Cy", (200, 201, 202))):
            for day in days:
                log(session, made[name], now - timedelta(days=day))
        for name, city, country in (("Anna", "Berlin", "DE"), ("Bo", "Lyon", "FR"), ("Cy", "Köln", "DE")):
            point = ContactPoint(customer_id=made[name].id, kind="address", city=city, country=country)
            session.add(point)
    return made


@pytest.fixture
def names(crm: Crm) -> Names:
    """A function that returns the names of who is in a segment."""

    def named(segment: str) -> list[str]:
        with crm.session(reads=True) as session:
            return sorted(record.name for record in members(session, segment).records)

    return named


def stored(crm: Crm, segment: Segment) -> set[Any]:
    """Return the ids of the members that are kept of a segment."""
    with crm.session(reads=True) as session:
        return {member.record_id for member in session.list(SegmentMember, segment_id=segment.id)}


def watched(crm: Crm, name: str, filter: str, **details: Any) -> Segment:
    """Make a watched segment and refresh it."""
    with crm.session() as session:
        made = create_segment(session, name, filter, watched=True, **details)
        session.flush()
        refresh(session, made)
    return made
