"""Long work is known for a configured time after it has ended, and goes then with its files; what is open stays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import attrs
import pytest

from crmkit import Crm
from crmkit.core.customer import Customer
from crmkit.core.errors import AccessDenied, ConfigError
from crmkit.core.journal import AuditEntry
from crmkit.core.values.ids import new_id
from crmkit.plugin import Job
from crmkit.testing.making import AsUser, MakeCustomer
from crmkit_web.work.declared import forget_work
from crmkit_web.work.entities import Work
from crmkit_web.work.spool import RESULT, spool_of
from plugins.web.tests.conftest import Api

FULL = pytest.mark.parametrize("crm", ["sqlite", "postgresql"], indirect=True)
ONE = pytest.mark.parametrize("crm", ["sqlite"], indirect=True)


def rows(crm: Crm) -> int:
    """Count what stands in the table, deleted or not."""
    import sqlalchemy as sa

    table = crm.database.tables["web_work"]
    with crm.database.connection(reads=True, tenant=crm.system.tenant_id) as connection:
        mine = sa.select(sa.func.count()).where(table.c.tenant_id == crm.system.tenant_id)
        return int(connection.scalar(mine) or 0)


def forget(crm: Crm) -> None:
    """Do the job alone, so that nothing else that is due is done."""
    with crm.session() as session:
        services, config = crm.context(session, "web").services, crm.plugin_config("web")
        ctx = SimpleNamespace(clock=crm.clock, crm=crm, session=session, services=services, config=config)
        forget_work(ctx, Job(id=new_id(), name="web.forget_work", payload={}))


@FULL
def test_ended_work_goes_when_its_time_is_over(
    crm: Crm, api: Api, run_jobs: Callable[..., Any], make_customer: MakeCustomer, clock: Any, spool: Path
) -> None:
    make_customer(name="Kestrel")
    done = api.post("/exports", {"entity": "customer"}).json()["id"]
    run_jobs("web")
    clock.advance(days=20)
    later = api.post("/exports", {"entity": "customer"}).json()["id"]
    run_jobs("web")
    waiting = api.post("/exports", {"entity": "customer"}).json()["id"]
    clock.advance(days=11)
    files = spool_of(crm).of(UUID(done))
    files.put(RESULT, "late.csv", b"left over")
    forget(crm)
    assert [api.get(f"/exports/{id}").status_code for id in (done, later, waiting)] == [404, 200, 200]
    assert rows(crm) == 2
    assert not files.folder.exists()
    # Who exported what is told by the audit log for as long as that is kept.
    with crm.session(reads=True) as session:
        told = session.list(AuditEntry, record_id=UUID(done), order="id")
    assert [one.action for one in told][:1] + [one.action for one in told][-1:] == ["created", "deleted"]
    clock.advance(days=40)
    forget(crm)
    assert [api.get(f"/exports/{id}").status_code for id in (later, waiting)] == [404, 200]
    assert api.get(f"/exports/{waiting}").json()["state"] == "waiting"


@ONE
def test_it_is_due_by_itself(
    crm: Crm, api: Api, run_jobs: Callable[..., Any], make_customer: MakeCustomer, clock: Any
) -> None:
    make_customer(name="Kestrel")
    api.post("/exports", {"entity": "customer"})
    run_jobs("web")
    clock.advance(days=31)
    run_jobs("web")
    assert rows(crm) == 0


@ONE
def test_only_bookkeeping_of_plugins_goes_for_good(crm: Crm, as_user: AsUser, make_customer: MakeCustomer) -> None:
    kestrel = make_customer(name="Kestrel")
    with crm.session() as session:
        services = crm.context(session, "web").services
        assert services.forget_records([]) == 0
        with pytest.raises(ConfigError, match="no bookkeeping"):
            services.forget_records([session.get(Customer, kestrel.id)])
    made = Work(id=kestrel.id, kind="export", state="done", ended_at=crm.clock.now())
    with crm.session() as session:
        session.add(attrs.evolve(made))
    with crm.session(as_user("web_work * all")) as session, pytest.raises(AccessDenied):
        crm.context(session, "web").services.forget_records([made])
    assert rows(crm) == 1
