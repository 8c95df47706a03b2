"""One's own jobs: seen and cancelled by whoever asked for them, and by nobody else; and steps that are known."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from crmkit.core.customer import Customer
from crmkit.core.errors import Conflict, NotFound
from crmkit.core.values.clock import FixedClock
from crmkit.hooks.jobs import Job, JobDeclaration, Retries
from crmkit.runtime.crm import Crm
from crmkit.testing.making import AsUser
from tests.conftest import OpenCrm
from tests.jobs.conftest import Plugin, add_customer


def services(crm: Crm, session: Any) -> Any:
    return crm.context(session, "loyalty").services


def test_each_user_sees_and_cancels_their_own_jobs_alone(open_crm: OpenCrm) -> None:
    crm = open_crm(Plugin(work=add_customer))
    as_user = AsUser(crm)
    anna, bob = as_user("* * all"), as_user("* * all")
    with crm.session(anna) as session:
        first, second = (session.enqueue("loyalty.work", {"name": name}) for name in ("First", "Second"))
    with crm.session(bob) as session:
        assert services(crm, session).own_jobs() == []
        for ask in (services(crm, session).own_job, services(crm, session).cancel_own_job):
            with pytest.raises(NotFound):
                ask(first)
    with crm.session(anna) as session:
        assert [job.id for job in services(crm, session).own_jobs()] == [second, first]
        assert services(crm, session).cancel_own_job(str(first)).state == "waiting"
        assert [job.id for job in services(crm, session).own_jobs(only_open=True)] == [second]
        with pytest.raises(Conflict):
            services(crm, session).cancel_own_job(first)
    assert [job.state for job in crm.jobs.run_due("loyalty")] == ["done"]
    with crm.session(anna, reads=True) as session:
        assert [one.name for one in session.list(Customer)] == ["Second"]
        assert services(crm, session).own_job(first).state == "cancelled"


def test_who_stands_in_for_somebody_sees_what_they_asked_for_themselves(open_crm: OpenCrm) -> None:
    crm = open_crm(Plugin(work=add_customer))
    as_user = AsUser(crm)
    anna, bob = as_user("* * all"), as_user("* * all")
    deputy = attrs.evolve(anna, deputy_id=bob.user_id, rights_version=None)
    with crm.session(anna) as session:
        own = session.enqueue("loyalty.work", {"name": "First"})
    with crm.session(deputy) as session:
        asked = session.enqueue("loyalty.work", {"name": "Second"})
        assert [job.id for job in services(crm, session).own_jobs()] == [asked]
        with pytest.raises(NotFound):
            services(crm, session).own_job(own)
    with crm.session(anna, reads=True) as session:
        assert [job.id for job in services(crm, session).own_jobs()] == [own]


def test_a_cancelling_that_is_rolled_back_cancels_nothing(open_crm: OpenCrm) -> None:
    crm = open_crm(Plugin(work=add_customer))
    anna = AsUser(crm)("* * all")
    with crm.session(anna) as session:
        id = session.enqueue("loyalty.work", {"name": "First"})
    with crm.session(anna) as session:
        services(crm, session).cancel_own_job(id)
        session.rollback()
    assert crm.jobs.show(id)[0].state == "waiting"


def test_a_job_asks_which_steps_are_done_without_doing_them(open_crm: OpenCrm, clock: FixedClock) -> None:
    seen: list[tuple[bool, bool]] = []

    def run(ctx: Any, job: Job) -> None:
        seen.append((ctx.steps.known("first"), ctx.steps.known("second")))
        ctx.steps.run("first", lambda: 1)
        if job.attempt == 1:
            raise ValueError("not yet")
        assert ctx.steps.run("second", lambda: 2) == 2

    crm = open_crm(Plugin(work=JobDeclaration(name="loyalty.work", run=run, retries=Retries(attempts=2))))
    with crm.session() as session:
        session.enqueue("loyalty.work")
    for _ in range(2):
        crm.jobs.run_due("loyalty")
        clock.advance(hours=1)
    assert seen == [(False, False), (True, False)]
