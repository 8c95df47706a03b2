"""Logs of plugins: what is old goes for good, and nothing but logs does."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from crmkit.core.customer import Customer
from crmkit.core.entity import Part, entity, field
from crmkit.core.errors import AccessDenied, ConfigError
from crmkit.core.values.clock import FixedClock
from crmkit.hooks.kinds import hookimpl
from crmkit.hooks.protocols import Context
from crmkit.hooks.setup import Setup
from crmkit.runtime.manifest import Manifest
from crmkit.testing.making import AsUser, MakeCrm


@entity("marina_tide", plugin="marina", access=(), title="height")
class Tide(Part):
    """How high the water was."""

    height: str = field(audited=False)
    seen_at: datetime = field(audited=False)


class Marina:
    manifest = Manifest(name="marina")

    @hookimpl
    def register_entities(self, ctx: Context, call: Setup) -> list[type]:
        return [Tide]


def test_old_rows_of_a_log_go_for_good(make_crm: MakeCrm, clock: FixedClock, database_url: str) -> None:
    crm = make_crm([Marina()], url=database_url)
    now = clock.now()
    with crm.session() as session:
        session.add(*[Tide(height=str(days), seen_at=now - timedelta(days=days)) for days in (1, 29, 31, 90)])
    with crm.session() as session:
        services = crm.services_for(session)
        assert services.forget_log(Tide, "seen_at", now - timedelta(days=30)) == 2
    with crm.session() as session:
        assert sorted(one.height for one in session.list(Tide, deleted=True)) == ["1", "29"]
        with pytest.raises(ConfigError, match="customer is no log"):
            crm.services_for(session).forget_log(Customer, "created_at", now)
    with crm.session(AsUser(crm)("* * all")) as session, pytest.raises(AccessDenied):
        crm.services_for(session).forget_log(Tide, "seen_at", now)
