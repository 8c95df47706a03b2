from __future__ import annotations

import pytest

import crmkit_sfa
from crmkit import Crm
from crmkit.testing.making import MakeCrm


@pytest.fixture(params=["sqlite", "postgresql"])
def crm(request: pytest.FixtureRequest, make_crm: MakeCrm) -> Crm:
    """A CRM with this plugin alone: in memory, and on PostgreSQL."""
    if request.param == "sqlite":
        return make_crm(plugins=[crmkit_sfa])
    return make_crm(plugins=[crmkit_sfa], url=request.getfixturevalue("postgres_url"))
