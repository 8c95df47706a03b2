from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crmkit import Crm
from crmkit.testing.making import AsUser


@pytest.fixture
def as_user_of() -> Callable[..., Any]:
    """Adds a user with rights to a CRM and returns it as an actor."""

    def make(crm: Crm, *grants: str) -> Any:
        return AsUser(crm)(*grants)

    return make
