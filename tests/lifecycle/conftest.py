from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from crmkit.core.customer import Customer
from crmkit.core.interaction import Interaction, InteractionParticipant
from crmkit.core.lifecycle import Relationship, StageTrack
from crmkit.core.lifecycle_definition import LifecycleDefinition
from crmkit.core.lifecycle_reading import lifecycle_from_data
from crmkit.core.values.clock import FixedClock
from crmkit.runtime.crm import Crm
from crmkit.services.lifecycle.defining import ensure_lifecycles
from crmkit.services.lifecycle.evaluating import Evaluation, evaluate_rules
from crmkit.store.session import Session

DAY = timedelta(days=1)


def lifecycle(*stages: Any, **details: Any) -> LifecycleDefinition:
    """A lifecycle of customers, called deal, whose stages are open unless they say otherwise."""
    tables = [{"name": s, "category": "open"} if isinstance(s, str) else {"category": "open", **s} for s in stages]
    return lifecycle_from_data({"name": "deal", "entity": "customer", "stages": tables, **details})


@pytest.fixture
def shop(crm: Crm) -> Crm:
    """A CRM where relationships of customers have their lifecycle."""
    with crm.session() as session:
        ensure_lifecycles(session, crm.lifecycles())
    return crm


@pytest.fixture
def customer() -> Callable[..., Customer]:
    return add_customer


def add_customer(session: Session, *purchases: datetime, line: str = "", name: str = "Zed") -> Customer:
    """Add a customer and its purchases."""
    made = Customer(name=name)
    session.add(made)
    for at in purchases:
        buy(session, made, at, line)
    session.flush()
    return made


def buy(session: Session, customer: Customer, at: datetime, line: str = "") -> None:
    """Log a purchase."""
    made = Interaction(kind="purchase", occurred_at=at, line_of_business=line)
    session.add(made, InteractionParticipant(interaction_id=made.id, customer_id=customer.id))


def related(session: Session, customer: Customer, since: datetime, line: str = "default") -> Relationship:
    """Give a customer a relationship, which starts its lifecycle."""
    made = Relationship(customer_id=customer.id, since=since.date(), line_of_business=line)
    session.add(made)
    session.flush()
    return made


def evaluate(crm: Crm, **details: Any) -> Evaluation:
    """Let the rules of the one lifecycle there is move what is due."""
    (done,) = evaluate_rules(crm, crm.system, **details)
    return done


def stage_of(crm: Crm, record: Any) -> str:
    with crm.session(reads=True) as session:
        return session.list(StageTrack, record_id=record.id)[0].stage


def noon(clock: FixedClock, days_ago: float) -> datetime:
    return clock.now() - days_ago * DAY
