"""Somebody who leaves, and who takes over: Anna hands over to Ben, Cleo and Dora."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from crmkit.core.customer import Customer
from crmkit.core.handover import HandOver
from crmkit.core.staff import User
from crmkit.runtime.crm import Crm
from crmkit.services.handover.holdings import owned_entities
from tests.store.staff import Staff, make_staff


@pytest.fixture
def staff(crm: Crm) -> Staff:
    return make_staff(crm)


def owners(crm: Crm) -> dict[tuple[str, UUID], tuple[UUID | None, UUID | None]]:
    """Return owner and team of every living record that has them, but for the hand-overs themselves."""
    with crm.session(reads=True) as session:
        return {
            (info.name, record.id): (record.owner_id, record.team_id)
            for info in owned_entities(crm.registry)
            for record in session.list(info.cls)
            if not isinstance(record, HandOver) or record.owner_id is not None
        }


def add_customers(staff: Staff, login: str, count: int, **values: Any) -> list[Customer]:
    """Store customers of a user, in the user's team."""
    user = staff.users[login]
    made = [
        Customer(
            name=f"{login} {number}",
            kind="organization",
            **{"owner_id": user.id, "team_id": user.team_id, **values},
        )
        for number in range(count)
    ]
    with staff.crm.session() as session:
        session.add(*made)
    return made


def reread(crm: Crm, user: User) -> User:
    """Return a user as stored now."""
    with crm.session(reads=True) as session:
        return session.get(User, user.id)
