"""Jobs that fail: pauses that grow, parked failures, and what people do about them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.customer import Customer
from crmkit.core.errors import AccessDenied, BadInput, Conflict, DatabaseUnavailable, NotFound
from crmkit.core.messages import msg
from crmkit.core.values.clock import FixedClock
from crmkit.hooks.jobs import Job, JobDeclaration, Retries
from crmkit.runtime.crm import Crm
from crmkit.runtime.jobs import executing
from crmkit.runtime.jobs.executing import execute, fail_slow
from crmkit.runtime.jobs.keeping import require_manager
from crmkit.runtime.jobs.states import claim
from crmkit.testing.making import AsUser
from tests.conftest import OpenCrm
from tests.jobs.conftest import Plugin, add_customer, names, states


def broken(ctx: Any, job: Job) -> None:
    ctx.session.add(Customer(name="Half", kind="organization"))
    ctx.session.flush()
    raise ValueError(f"attempt {job.attempt}")


def failing(**details: Any) -> Plugin:
    return Plugin(work=JobDeclaration(name="loyalty.work", run=broken, **details))


def enqueued(crm: Crm, **payload: Any) -> Any:
    with crm.session() as session:
        return session.enqueue("loyalty.work", payload)


def test_attempts_are_made_after_pauses_that_grow_then_the_job_is_parked(open_crm: OpenCrm, clock: FixedClock) -> None:
    crm = open_crm(failing(retries=Retries(attempts=4, pause=10, factor=3, longest=60)))
    id = enqueued(crm)
    for pause in (10, 30, 60):
        begun = clock.now()
        (ran,) = crm.jobs.run_due("loyalty")
        job, _ = crm.jobs.show(id)
        assert (ran.state, job.state, job.run_at) == ("waiting", "waiting", begun + timedelta(seconds=pause))
        clock.advance(seconds=pause - 1)
        assert crm.jobs.run_due("loyalty") == []
        clock.advance(seconds=1)
    (ran,) = crm.jobs.run_due("loyalty")
    assert (ran.state, ran.error.partition("\n")[0]) == ("parked", "ValueError: attempt 4")
    clock.advance(days=30)
    assert crm.jobs.run_due("loyalty") == []
    assert (names(crm), crm.jobs.health().parked) == ([], 1)


def test_a_parked_job_is_retried_with_all_of_its_attempts_or_discarded(open_crm: OpenCrm, clock: FixedClock) -> None:
    crm = open_crm(failing(retries=Retries(attempts=1)))
    one, other = enqueued(crm, secret="x"), enqueued(crm, secret="x")
    crm.jobs.run_due("loyalty")
    assert crm.jobs.retry(one) == 1
    assert crm.jobs.show(one)[0].attempts == 0
    assert [job.id for job in crm.jobs.run_due("loyalty")] == [one]
    assert crm.jobs.discard(one, other) == 2
    assert states(crm) == {"discarded": 2}
    assert [(job.payload, job.error) for job in crm.jobs.list()] == [({}, "")] * 2


def test_what_is_not_there_or_not_parked_is_neither_retried_nor_discarded(open_crm: OpenCrm) -> None:
    crm = open_crm(failing())
    id = enqueued(crm)
    with pytest.raises(Conflict, match="is waiting, not parked"):
        crm.jobs.retry(id)
    with pytest.raises(NotFound, match="no job with id"):
        crm.jobs.discard(uuid4())
    with pytest.raises(BadInput):
        crm.jobs.show("nonsense")
    with pytest.raises(NotFound):
        crm.jobs.show(uuid4())
    with pytest.raises(BadInput, match="job state late: expected one of waiting"):
        crm.jobs.list(states=["late"])
    assert crm.jobs.cancel(id) == 1
    with pytest.raises(Conflict, match="is cancelled, not still to be done"):
        crm.jobs.cancel(id)
    assert (states(crm), crm.jobs.run_due("loyalty")) == ({"cancelled": 1}, [])


def test_a_database_that_is_away_is_no_attempt(open_crm: OpenCrm) -> None:
    def run(ctx: Any, job: Job) -> None:
        raise DatabaseUnavailable(msg("away"))

    crm = open_crm(Plugin(work=run))
    id = enqueued(crm)
    with pytest.raises(DatabaseUnavailable):
        execute(crm, id, "here")
    job, _ = crm.jobs.show(id)
    assert (job.state, job.attempts) == ("running", 0)


def test_a_job_that_takes_too_long_counts_as_failed_and_what_it_still_writes_is_undone(
    open_crm: OpenCrm, clock: FixedClock
) -> None:
    found: list[Any] = []

    def slow(ctx: Any, job: Job) -> None:
        if job.attempt == 1:
            clock.advance(seconds=601)
            found.append(fail_slow(crm))
        ctx.session.add(Customer(name=f"attempt {job.attempt}", kind="organization"))

    retries = Retries(attempts=2, pause=0)
    crm = open_crm(Plugin(work=JobDeclaration(name="loyalty.work", run=slow, timeout=600, retries=retries)))
    id = enqueued(crm)
    assert execute(crm, id, "here") is None
    job, _ = crm.jobs.show(id)
    assert (found, job.state, job.error) == ([1], "waiting", "it took longer than 600 seconds")
    crm.jobs.run_due("loyalty")
    assert names(crm) == ["attempt 2"]


def test_a_job_that_kills_its_workers_is_parked_in_the_end(open_crm: OpenCrm) -> None:
    crm = open_crm(Plugin(work=add_customer))
    id = enqueued(crm, name="Kestrel")
    jobs = crm.database.table("background_jobs")
    with crm.database.connection(tenant=crm.system.tenant_id) as connection:
        connection.execute(jobs.update().where(jobs.c.id == id).values(state="queued", dispatch=1))
        for _ in range(executing.MOST_LOSSES):
            assert claim(connection, jobs, id, "w", crm.clock.now(), dispatch=1) is not None
        connection.commit()
    result = execute(crm, id, "w", dispatch=1)
    assert result == ("parked", f"its worker died {executing.MOST_LOSSES} times while it ran")
    assert names(crm) == []


def test_jobs_of_a_plugin_that_is_missing_wait_for_it(open_crm: OpenCrm) -> None:
    plugin = Plugin(add=add_customer)
    crm = open_crm(plugin)
    with crm.session() as session:
        id = session.enqueue("loyalty.add", {"name": "Kestrel"})
    without = open_crm()
    assert without.jobs.run_due() == []
    assert execute(without, id, "here") is None
    (queue,) = without.jobs.health().queues
    assert (queue.plugin, queue.waiting, queue.unknown) == ("loyalty", 1, 1)
    assert crm.jobs.show(id)[0].attempts == 0
    assert [job.state for job in open_crm(plugin).jobs.run_due()] == ["done"]


def test_a_plugin_that_changed_goes_on_with_the_steps_that_are_done(open_crm: OpenCrm, clock: FixedClock) -> None:
    calls: list[str] = []

    def old(ctx: Any, job: Job) -> None:
        ctx.steps.run("ask", lambda: calls.append("ask of the old") or 1)
        raise ValueError("a fault of the old version")

    def new(ctx: Any, job: Job) -> None:
        ctx.steps.run("prepare", lambda: calls.append("prepare of the new"))
        assert ctx.steps.run("ask", lambda: calls.append("ask of the new")) == 1

    enqueued(crm := open_crm(Plugin(work=old)))
    assert [job.state for job in crm.jobs.run_due("loyalty")] == ["waiting"]
    clock.advance(hours=1)
    assert [job.state for job in open_crm(Plugin(work=new)).jobs.run_due("loyalty")] == ["done"]
    assert calls == ["ask of the old", "prepare of the new"]


def test_one_plugin_that_raises_leaves_the_others_theirs(open_crm: OpenCrm) -> None:
    crm = open_crm(failing(), Plugin("sales", add=add_customer))
    with crm.session() as session:
        session.enqueue("loyalty.work")
        session.enqueue("sales.add", {"name": "Kestrel"})
    assert [job.state for job in crm.jobs.run_due()] == ["waiting", "done"]
    assert names(crm) == ["Kestrel"]


def test_what_an_ended_job_was_given_is_forgotten_and_later_the_job(open_crm: OpenCrm, clock: FixedClock) -> None:
    crm = open_crm(Plugin(add=add_customer))
    with crm.session() as session:
        session.enqueue("loyalty.add", {"name": "Kestrel"})
        later = session.enqueue("loyalty.add", {"name": "Kite"}, delay=timedelta(days=400))
    crm.jobs.run_due("loyalty")
    assert [job.payload for job in crm.jobs.list(states=["done"])] == [{}]
    clock.advance(days=29)
    crm.jobs.run_due()
    assert len(crm.jobs.list(name="loyalty.add")) == 2
    clock.advance(days=2)
    crm.jobs.run_due()
    assert [job.id for job in crm.jobs.list(name="loyalty.add")] == [later]
    steps = crm.database.table("background_steps")
    with crm.database.connection(reads=True, tenant=crm.system.tenant_id) as connection:
        assert connection.scalar(sa.select(sa.func.count()).where(steps.c.tenant_id == crm.system.tenant_id)) == 0


def test_jobs_are_looked_at_by_those_who_may(crm: Crm) -> None:
    as_user = AsUser(crm)
    require_manager(crm.system)
    require_manager(as_user("* jobs.manage all"))
    with pytest.raises(AccessDenied, match=r"it takes the permission jobs\.manage"):
        require_manager(as_user("customer read all"))


@given(
    st.builds(
        Retries,
        pause=st.floats(0, 100),
        factor=st.floats(1, 10),
        longest=st.floats(0, 10_000),
    ),
    st.integers(1, 2_000),
)
def test_pauses_never_shrink_and_never_pass_the_longest(retries: Retries, failed: int) -> None:
    assert retries.pause_after(failed) <= retries.pause_after(failed + 1) <= retries.longest
