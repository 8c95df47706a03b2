"""Steps: each is done once; what a step writes and its being done are one transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crmkit.core.customer import Customer
from crmkit.core.errors import ConfigError
from crmkit.core.values.clock import FixedClock
from crmkit.hooks.jobs import Job, JobDeclaration, Retries
from crmkit.runtime.crm import Crm
from crmkit.runtime.jobs.executing import execute
from crmkit.runtime.jobs.states import put_back
from tests.conftest import OpenCrm
from tests.jobs.conftest import Plugin, names, states


def add(ctx: Any, name: str) -> str:
    ctx.session.add(Customer(name=name, kind="organization"))
    return name.upper()


def enqueued(crm: Crm, **payload: Any) -> Any:
    with crm.session() as session:
        return session.enqueue("loyalty.work", payload)


def work(run: Callable[[Any, Job], object], **details: Any) -> Plugin:
    return Plugin(work=JobDeclaration(name="loyalty.work", run=run, **details))


def give_up(crm: Crm, job: Job) -> None:
    """Do what others do when a worker gives no sign of life."""
    jobs = crm.database.table("background_jobs")
    with crm.database.connection(tenant=crm.system.tenant_id) as connection:
        assert put_back(connection, jobs, job.id, 0, crm.clock.now(), lost=True)
        connection.commit()


def test_steps_that_are_done_are_not_repeated(open_crm: OpenCrm, clock: FixedClock) -> None:
    calls: list[Any] = []

    def run(ctx: Any, job: Job) -> None:
        number = ctx.steps.run("ask", lambda: calls.append("ask") or 42)
        first = ctx.steps.transaction("first", add, "First")
        second = ctx.steps.transaction("second", add, "Second")
        calls.append((job.attempt, number, first, second))
        if job.attempt < 3:
            raise ValueError("not yet")
        ctx.session.add(Customer(name="Last", kind="organization"))

    crm = open_crm(work(run, retries=Retries(attempts=3, pause=60.0)))
    enqueued(crm)
    for expected in ("waiting", "waiting", "done"):
        assert [job.state for job in crm.jobs.run_due("loyalty")] == [expected]
        clock.advance(hours=1)
    assert calls == ["ask", *[(attempt, 42, "FIRST", "SECOND") for attempt in (1, 2, 3)]]
    assert names(crm) == ["First", "Last", "Second"]


def test_a_failing_step_leaves_nothing_and_those_before_it_stay(open_crm: OpenCrm) -> None:
    def run(ctx: Any, job: Job) -> None:
        ctx.steps.transaction("first", add, "First")

        def broken(step: Any) -> None:
            add(step, "Second")
            raise ValueError("broken")

        ctx.steps.transaction("second", broken)

    crm = open_crm(work(run, retries=Retries(attempts=1)))
    id = enqueued(crm)
    (ran,) = crm.jobs.run_due("loyalty")
    assert (ran.state, ran.error.partition("\n")[0]) == ("parked", "ValueError: broken")
    assert names(crm) == ["First"]
    job, steps = crm.jobs.show(id)
    assert [(step.name, step.result) for step in steps] == [("first", "FIRST")]
    assert "test_steps.py" in job.error


def test_results_have_their_json_form_the_first_time_too(open_crm: OpenCrm, clock: FixedClock) -> None:
    seen: list[Any] = []

    def run(ctx: Any, job: Job) -> None:
        seen.append(ctx.steps.run("one", lambda: {"at": clock.now(), "parts": (1, 2)}))
        if job.attempt == 1:
            raise ValueError("again")

    crm = open_crm(work(run))
    enqueued(crm)
    crm.jobs.run_due("loyalty")
    clock.advance(hours=1)
    crm.jobs.run_due("loyalty")
    assert seen == [{"at": "2026-03-15T12:00:00Z", "parts": [1, 2]}] * 2


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (lambda ctx: [ctx.steps.run("one", int), ctx.steps.run("one", int)], "step one comes twice in one job"),
        (lambda ctx: [ctx.session.add(Customer(name="A")), ctx.steps.run("one", int)], "belongs to the end of the job"),
        (lambda ctx: [ctx.jobs.enqueue("loyalty.work"), ctx.steps.run("one", int)], "belongs to the end of the job"),
        (lambda ctx: ctx.steps.run("", int), "has 1 to 200 characters"),
        (lambda ctx: ctx.steps.run("one", object), "step one: its result has no form in JSON"),
        (lambda ctx: ctx.session.rollback(), "does not roll back"),
    ],
    ids=["twice", "written", "enqueued", "unnamed", "result", "rollback"],
)
def test_what_steps_refuse(open_crm: OpenCrm, body: Callable[[Any], Any], expected: str) -> None:
    crm = open_crm(work(lambda ctx, job: body(ctx), retries=Retries(attempts=1)))
    enqueued(crm)
    (ran,) = crm.jobs.run_due("loyalty")
    assert ran.state == "parked"
    assert expected in ran.error
    assert names(crm) == []


def test_reading_before_a_step_is_fine_and_what_was_read_is_read_anew(open_crm: OpenCrm) -> None:
    counts: list[int] = []

    def run(ctx: Any, job: Job) -> None:
        counts.append(ctx.session.count(Customer))
        ctx.steps.transaction("first", add, "First")
        counts.append(ctx.session.count(Customer))

    crm = open_crm(work(run))
    enqueued(crm)
    assert [job.state for job in crm.jobs.run_due("loyalty")] == ["done"]
    assert counts == [0, 1]


def test_a_commit_of_the_function_is_part_of_the_job(open_crm: OpenCrm) -> None:
    def run(ctx: Any, job: Job) -> None:
        add(ctx, "First")
        ctx.session.commit()
        raise ValueError("after the commit")

    crm = open_crm(work(run, retries=Retries(attempts=1)))
    enqueued(crm)
    crm.jobs.run_due("loyalty")
    assert names(crm) == []


def test_a_step_of_a_start_that_was_given_up_is_undone(open_crm: OpenCrm) -> None:
    """A live worker that counts as dead: another one has begun the job anew before it comes to its second step."""
    inner: list[Any] = []

    def run(ctx: Any, job: Job) -> None:
        ctx.steps.transaction("one", add, "One")
        if not inner:
            inner.append(None)
            give_up(crm, job)
            inner[0] = execute(crm, job.id, "another")
        ctx.steps.transaction("two", add, "Two")

    crm = open_crm(work(run))
    id = enqueued(crm)
    assert execute(crm, id, "first") is None
    assert inner == [("done", "")]
    assert names(crm) == ["One", "Two"]


def test_the_end_of_a_job_that_was_given_up_is_undone(open_crm: OpenCrm) -> None:
    depth = [0]
    states_inside: list[str] = []

    def run(ctx: Any, job: Job) -> None:
        ctx.steps.transaction("one", add, "One")
        depth[0] += 1
        if depth[0] == 1:
            give_up(crm, job)
            states_inside.append(str(execute(crm, id, "another")))
        add(ctx, "End")

    crm = open_crm(work(run))
    id = enqueued(crm)
    assert execute(crm, id, "first") is None
    assert states_inside == ["('done', '')"]
    assert names(crm) == ["End", "One"]
    assert states(crm) == {"done": 1}


def test_a_cancelled_job_that_runs_keeps_what_is_committed_and_no_more(open_crm: OpenCrm) -> None:
    def run(ctx: Any, job: Job) -> None:
        ctx.steps.transaction("one", add, "One")
        crm.jobs.cancel(job.id)
        add(ctx, "End")

    crm = open_crm(work(run))
    enqueued(crm)
    assert crm.jobs.run_due("loyalty") == []
    assert (names(crm), states(crm)) == (["One"], {"cancelled": 1})


def test_progress_is_seen_while_the_job_runs(open_crm: OpenCrm) -> None:
    seen: list[Any] = []

    def run(ctx: Any, job: Job) -> None:
        ctx.progress(3, 10, "half way")
        seen.append(crm.jobs.show(job.id)[0].progress)
        ctx.session.count(Customer)
        ctx.progress(4, 10)
        ctx.steps.transaction("one", add, "One")
        seen.append(crm.jobs.show(job.id)[0].progress)

    crm = open_crm(work(run))
    id = enqueued(crm)
    assert [job.state for job in crm.jobs.run_due("loyalty")] == ["done"]
    assert seen == [(3, 10, "half way"), (4, 10, "")]
    assert crm.jobs.show(id)[0].progress == (4, 10, "")


def test_a_worker_that_stops_gets_the_job_back_at_the_next_step(open_crm: OpenCrm) -> None:
    stopping = [False]
    calls: list[str] = []

    def run(ctx: Any, job: Job) -> None:
        ctx.steps.run("one", lambda: calls.append("one"))
        stopping[0] = not stopping[0]
        ctx.steps.run("two", lambda: calls.append("two"))

    crm = open_crm(work(run))
    id = enqueued(crm)
    assert execute(crm, id, "a", stopping=lambda: stopping[0]) == ("waiting", "")
    stopping[0] = False
    assert execute(crm, id, "b") == ("done", "")
    assert calls == ["one", "two"]
    assert crm.jobs.show(id)[0].attempts == 0


def test_steps_are_refused_names_that_are_too_long(open_crm: OpenCrm) -> None:
    def run(ctx: Any, job: Job) -> None:
        with pytest.raises(ConfigError, match="1 to 200 characters"):
            ctx.steps.run("s" * 201, int)

    crm = open_crm(work(run))
    enqueued(crm)
    assert [job.state for job in crm.jobs.run_due("loyalty")] == ["done"]
