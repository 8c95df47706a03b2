from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from crmkit.core.access import Actor
from crmkit.core.staff import Role, RoleAssignment, User
from crmkit.runtime.crm import Crm


@pytest.fixture
def as_user_of() -> Callable[[Crm, list[dict[str, Any]]], Actor]:
    """Add a user with these grants to a CRM, and give it as an actor."""

    def make(crm: Crm, grants: list[dict[str, Any]]) -> Actor:
        login = f"user{uuid4().hex[:8]}"
        with crm.session() as session:
            user, role = User(login=login, name=login), Role(name=login, grants=tuple(grants))
            session.add(user, role, RoleAssignment(user_id=user.id, role_id=role.id))
        return crm.actor(login)

    return make
