"""What is known to go wrong with an engine in the background, each held off: in this process, with the real engine."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from crmkit.core.errors import ConfigError
from crmkit.core.values.ids import new_id
from crmkit.hooks.jobs import Job, JobDeclaration, Retries
from crmkit.runtime.crm import Crm
from crmkit.runtime.jobs import moving
from crmkit.runtime.jobs.engine import Handed
from crmkit.runtime.jobs.lanes import ON_SQLITE, Lanes, shares
from crmkit.runtime.jobs.worker import Worker
from tests.jobs.conftest import Plugin, add_customer, names, states
from tests.jobs.processes import wait_until

pytestmark = pytest.mark.timeout(600)

Open = Callable[..., Crm]
QUICK = {"jobs": {"polling": 0.05}}


@pytest.fixture
def working() -> Iterator[Callable[..., Worker]]:
    """Starts workers in this process; all are stopped in the end."""
    made: list[Worker] = []

    def start(crm: Crm, **options: Any) -> Worker:
        worker = crm.jobs.worker(**options)
        worker.start()
        made.append(worker)
        return worker

    yield start
    for worker in made:
        worker.stop(grace=2.0)


def finish(worker: Worker) -> None:
    worker.run(once=True)
    worker.stop()


def enqueue(crm: Crm, name: str, *payloads: dict[str, Any]) -> list[Any]:
    with crm.session() as session:
        return [session.enqueue(name, payload) for payload in payloads]


def test_many_applications_enqueue_and_one_process_has_one_worker(
    own_url: str, opened: Open, working: Callable[..., Worker]
) -> None:
    plugin = Plugin(add=add_customer)
    one, other = opened(own_url, plugin, config=QUICK), opened(own_url, plugin, config=QUICK)
    worker = working(one)
    enqueue(one, "loyalty.add", {"name": "Kestrel"})
    enqueue(other, "loyalty.add", {"name": "Kite"})
    with pytest.raises(ConfigError, match="this process has a worker already"):
        other.jobs.worker().start()
    assert one.jobs.health().alive == 1
    finish(worker)
    assert names(one) == ["Kestrel", "Kite"]
    # The next one is another process's, or this one's after the first has stopped.
    enqueue(one, "loyalty.add", {"name": "Merlin"})
    finish(working(other))
    assert names(one) == ["Kestrel", "Kite", "Merlin"]


def test_the_engine_has_a_database_connection_and_tables_of_its_own(
    own_url: str, opened: Open, working: Callable[..., Worker], tmp_path: Path
) -> None:
    crm = opened(own_url, Plugin(add=add_customer), config=QUICK)
    finish(working(crm))
    assert crm.schema_state().state == "current"
    with crm.database.engine.connect() as connection:
        ours = set(sa.inspect(connection).get_table_names())
    assert not [name for name in ours if "workflow" in name or "dbos" in name]
    url = make_url(own_url)
    if url.get_backend_name() == "sqlite":
        assert sorted(file.name for file in tmp_path.glob("*.db")) == ["crm-jobs.db", "crm.db"]
    else:
        with crm.database.engine.connect() as connection:
            assert "workflow_status" in sa.inspect(connection).get_table_names(schema="crmkit_dbos")


def test_a_job_that_uses_many_connections_does_not_starve_the_engine(
    own_url: str, opened: Open, working: Callable[..., Worker]
) -> None:
    def nested(ctx: Any, job: Job) -> None:
        for number in range(3):
            ctx.steps.transaction(f"step {number}", lambda step: step.session.flush())
        with crm.session(reads=True) as one, crm.session(reads=True) as other:
            one.connection, other.connection  # noqa: B018
        add_customer(ctx, job)

    crm = opened(own_url, Plugin(nested=nested), config=QUICK)
    enqueue(crm, "loyalty.nested", *({"name": f"c{n:02}"} for n in range(40)))
    finish(working(crm))
    assert names(crm) == [f"c{n:02}" for n in range(40)]


def test_a_plugin_that_hangs_leaves_the_others_their_places(
    own_url: str, opened: Open, working: Callable[..., Worker]
) -> None:
    release = threading.Event()
    crm = opened(
        own_url, Plugin("stuck", hang=lambda ctx, job: release.wait(60)), Plugin(add=add_customer), config=QUICK
    )
    enqueue(crm, "stuck.hang", *({} for _ in range(40)))
    worker = working(crm)
    try:
        wait_until(lambda: states(crm).get("running", 0) >= 2)
        enqueue(crm, "loyalty.add", {"name": "Kestrel"})
        wait_until(lambda: names(crm) == ["Kestrel"])
    finally:
        release.set()
    finish(worker)
    assert states(crm) == {"done": 41}


def test_a_job_that_hangs_is_given_up_and_its_place_goes_to_others(
    own_url: str, opened: Open, working: Callable[..., Worker]
) -> None:
    release = threading.Event()
    retries = Retries(attempts=1)
    hang = JobDeclaration(name="stuck.hang", run=lambda ctx, job: release.wait(60), timeout=0.5, retries=retries)
    settings = {"jobs": {"polling": 0.05, "concurrency": 2, "dead_after": 2.0}}
    crm = opened(own_url, Plugin("stuck", hang=hang, add=add_customer), config=settings)
    enqueue(crm, "stuck.hang", {})
    enqueue(crm, "stuck.add", {"name": "Kestrel"})
    worker = working(crm)
    try:
        wait_until(lambda: states(crm) == {"parked": 1, "done": 1})
        wait_until(lambda: crm.jobs.health().workers[0].hanging == 1)
    finally:
        release.set()
    assert names(crm) == ["Kestrel"]
    worker.stop()


class Together:
    """A job that takes a while and counts how many of it run at the same time: ``most``, so far."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._lock, self._now, self.most = seconds, threading.Lock(), 0, 0

    def work(self, ctx: Any, job: Job) -> None:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        threading.Event().wait(self._seconds)
        with self._lock:
            self._now -= 1


def test_no_more_than_eight_run_at_the_same_time_on_sqlite(
    own_url: str, opened: Open, working: Callable[..., Worker]
) -> None:
    together = Together(0.05)
    crm = opened(
        own_url,
        Plugin(count=together.work),
        Plugin("sales", count=together.work),
        config={"jobs": {"polling": 0.05, "concurrency": 32}},
    )
    for name in ("loyalty.count", "sales.count"):
        enqueue(crm, name, *({} for _ in range(40)))
    finish(working(crm))
    assert states(crm) == {"done": 80}
    assert 1 < together.most <= (ON_SQLITE if crm.database.dialect == "sqlite" else 32)


def test_a_job_of_limited_concurrency_runs_no_more_often_at_a_time(
    own_url: str, opened: Open, working: Callable[..., Worker]
) -> None:
    together = Together(0.02)
    crm = opened(
        own_url, Plugin(count=JobDeclaration(name="loyalty.count", run=together.work, concurrency=1)), config=QUICK
    )
    enqueue(crm, "loyalty.count", *({} for _ in range(8)))
    finish(working(crm))
    assert (states(crm), together.most) == ({"done": 8}, 1)


def test_jobs_run_in_their_order_where_one_runs_at_a_time(
    own_url: str, opened: Open, working: Callable[..., Worker]
) -> None:
    seen: list[int] = []
    crm = opened(
        own_url,
        Plugin(note=lambda ctx, job: seen.append(job.payload["n"])),
        config={"jobs": {"polling": 0.05, "concurrency": 1}},
    )
    enqueue(crm, "loyalty.note", *({"n": n} for n in range(100)))
    finish(working(crm))
    # Those taken in one look start together; each waits its turn before it runs.
    assert sorted(seen) == list(range(100))
    firsts = [seen.index(n) for n in range(0, 100, 20)]
    assert firsts == sorted(firsts)


def test_work_of_an_older_version_of_a_plugin_is_taken_by_the_newer(
    own_url: str, opened: Open, working: Callable[..., Worker]
) -> None:
    begun, release = threading.Event(), threading.Event()

    def old(ctx: Any, job: Job) -> None:
        ctx.steps.run("one", int)
        begun.set()
        release.wait(60)
        ctx.steps.run("two", int)

    before = opened(own_url, Plugin(add=old), config=QUICK)
    enqueue(before, "loyalty.add", *({"name": f"c{n}"} for n in range(5)))
    worker = working(before)
    assert begun.wait(60)
    worker.ask_to_stop()
    release.set()
    worker.stop()
    assert set(states(before)) == {"waiting"}
    after = opened(own_url, Plugin(add=add_customer), config=QUICK)
    finish(working(after))
    assert names(after) == [f"c{n}" for n in range(5)]


def test_what_the_engine_forgot_is_handed_over_again(
    own_url: str, opened: Open, working: Callable[..., Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process died between the two databases, or one of them was restored from a copy."""
    crm = opened(own_url, Plugin(add=add_customer), config=QUICK)
    ids = enqueue(crm, "loyalty.add", {"name": "queued"}, {"name": "running"})
    jobs = crm.database.table("background_jobs")
    with crm.database.connection(tenant=crm.system.tenant_id) as connection:
        values = {"dispatch": 1, "moved_at": crm.clock.now(), "started_at": crm.clock.now(), "worker": "gone"}
        for id, state in zip(ids, ("queued", "running"), strict=True):
            connection.execute(jobs.update().where(jobs.c.id == id).values(state=state, **values))
        connection.commit()
    monkeypatch.setattr(moving, "SETTLED", 0.0)
    finish(working(crm))
    assert names(crm) == ["queued", "running"]


def test_a_worker_takes_the_name_that_it_had(own_url: str, opened: Open) -> None:
    from crmkit.runtime.jobs.presence import Presence

    crm = opened(own_url)

    def join(pid: int, name: str = "") -> Presence:
        made = Presence(crm, name, 8)
        made.pid = pid
        made.join()
        return made

    alive, gone = os.getppid(), 2**22 + 1
    one = join(alive)
    first, second = f"{one.host}:1", f"{one.host}:2"
    assert (one.id, join(gone).id) == (first, second)
    # One that died without a word: its process is gone. Or it had the number that this one has.
    assert join(os.getpid()).id == second
    assert join(os.getpid()).id == second
    assert join(1).id == f"{one.host}:3"
    one.leave()
    assert join(alive).id == first
    assert join(alive, "machine").id == "machine"


def test_a_database_in_memory_has_no_worker() -> None:
    with Crm.open(plugins=[Plugin(add=add_customer)]) as crm:
        with pytest.raises(ConfigError, match=r"in memory has no workers"):
            crm.jobs.worker().start()
        with crm.session() as session:
            session.enqueue("loyalty.add", {"name": "Kestrel"})
        assert [job.state for job in crm.jobs.run_due("loyalty")] == ["done"]


def test_places_are_shared_out() -> None:
    assert shares({"a", "b", "c"}, 8) == {"a": 2, "b": 2, "c": 2}
    assert shares({str(n) for n in range(12)}, 8) == dict.fromkeys(map(str, range(12)), 1)
    lanes = Lanes({"a": 1, "b": 1}, 2)
    assert lanes.enter("a")
    assert lanes.enter("b")
    lanes.leave("a")
    assert lanes.enter("a")
    lanes.close()
    assert not lanes.enter("b")


def test_a_hand_over_of_a_job_that_is_gone_does_nothing(
    own_url: str, opened: Open, working: Callable[..., Worker]
) -> None:
    crm = opened(own_url, Plugin(add=add_customer), config=QUICK)
    worker = working(crm)
    ghost = Handed(new_id(), "loyalty.add", 1)
    worker._engine.hand_over([ghost, ghost])
    wait_until(lambda: worker._engine.under_way([ghost]) == set())
    assert (names(crm), states(crm)) == ([], {})
    worker.stop()


def test_no_more_is_handed_over_than_the_engine_needs(
    own_url: str, opened: Open, working: Callable[..., Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "AHEAD", 10)
    monkeypatch.setattr(moving, "BATCH", 10)
    release = threading.Event()
    crm = opened(
        own_url, Plugin("stuck", hang=lambda ctx, job: release.wait(60)), Plugin(add=add_customer), config=QUICK
    )
    enqueue(crm, "stuck.hang", *({} for _ in range(100)))
    worker = working(crm)
    try:
        wait_until(lambda: states(crm).get("running", 0) >= 2)
        enqueue(crm, "loyalty.add", {"name": "Kestrel"})
        wait_until(lambda: names(crm) == ["Kestrel"])
        assert states(crm)["waiting"] >= 50
    finally:
        release.set()
    finish(worker)
    assert states(crm) == {"done": 101}


def test_the_engine_forgets_what_is_over(own_url: str, opened: Open, working: Callable[..., Worker]) -> None:
    crm = opened(own_url, Plugin(add=add_customer), config=QUICK)
    ids = enqueue(crm, "loyalty.add", *({"name": f"c{n}"} for n in range(3)))
    worker = working(crm)
    worker.run(once=True)
    handed = [Handed(id, "loyalty.add", 1) for id in ids]
    wait_until(lambda: worker._engine.under_way(handed) == set())
    assert worker._engine.forget((datetime.now(UTC) - timedelta(hours=1)).isoformat()) == 0
    # The core's own schedules have jobs, too, when a minute passes.
    assert worker._engine.forget((datetime.now(UTC) + timedelta(hours=1)).isoformat()) >= 3
    names = {f"{id}.1" for id in ids}
    assert names.isdisjoint(workflow.workflow_id for workflow in worker._engine._list())


def test_the_engine_is_imported_by_workers_alone() -> None:
    program = (
        "import sys; from crmkit import Crm; crm = Crm.open(plugins=[]); crm.jobs.health(); "
        "print([name for name in ('dbos', 'croniter', 'yaml') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_row_that_somebody_holds_is_left_for_the_next_time(own_url: str, opened: Open) -> None:
    class Withdrawn:
        def __init__(self) -> None:
            self.names: list[str] = []

        def withdraw(self, names: Any) -> None:
            self.names.extend(names)

    crm, engine = opened(own_url, Plugin(add=add_customer)), Withdrawn()
    (id,) = enqueue(crm, "loyalty.add", {"name": "Kestrel"})
    jobs, tenant = crm.database.table("background_jobs"), crm.system.tenant_id
    with crm.database.connection(tenant=tenant) as connection:
        connection.execute(jobs.update().where(jobs.c.id == id).values(state="running", dispatch=1, worker="gone"))
        connection.commit()
    held: Any = engine
    if crm.database.dialect == "postgresql":
        with crm.database.connection(tenant=tenant) as holder:
            holder.execute(sa.select(jobs.c.id).where(jobs.c.id == id).with_for_update())
            assert moving.take_back(crm, {(id, 1)}, held, lost=True) == (0, 1)
        assert engine.names == []
    assert moving.take_back(crm, {(id, 1)}, held, lost=True) == (1, 0)
    assert (states(crm), engine.names) == ({"waiting": 1}, [f"{id}.1"])
