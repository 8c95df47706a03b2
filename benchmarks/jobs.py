"""Background work, beside DBOS alone, which it is done with.

J1 a transactional job: CPU time of the worker's process for each, from queue to done. Ours adds a product through the write
path (checked, with audit entry and event), in the transaction that says that the job is done. DBOS alone runs a workflow
with one transactional step of its data source that inserts the same row into a bare table. Same database, same
settings of SQLite, same number of threads, same interval between two looks.

J2 enqueueing in a transaction: time of a session that adds that product and enqueues a job, beside the same session that
calls DBOS's ``enqueue_in_transaction``, for which DBOS has its tables in our database.

Each contender runs in a process of its own, since DBOS is one object for a process; they take turns, and each keeps its
best time.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, process_time, sleep
from typing import Any

import sqlalchemy as sa

from benchmarks.databases import postgres_address
from benchmarks.figures import Figure

JOBS, SMALL = 1_000, 60
TRANSACTIONS = 50
POLLING, SLOTS = 0.05, 8
ROOT = Path(__file__).resolve().parents[1]


def measure(small: bool) -> list[Figure]:
    """Return two figures per database: milliseconds of CPU for a job, and microseconds for enqueueing one."""
    count, turns, figures = (SMALL, 1, []) if small else (JOBS, 4, [])
    for database, address in (("SQLite", _sqlite), ("PostgreSQL", postgres_address)):
        best = {"ours": {"job": float("inf"), "enqueue": float("inf")}}
        best["alone"] = dict(best["ours"])
        for _ in range(turns):
            for contender, kept in best.items():
                with address() as place:
                    found = _run(contender, place, count)
                if found["done"] != count:
                    raise AssertionError(f"{contender}: {found['done']} of {count} jobs were done")
                for name in kept:
                    kept[name] = min(kept[name], found[name])
        for name, what, unit in (
            ("job", "J1 a transactional job", "ms"),
            ("enqueue", "J2 enqueue in a transaction", "us"),
        ):
            figures.append(
                Figure(
                    name=f"{what}, {database}",
                    ours=best["ours"][name],
                    beside="DBOS alone",
                    limit=best["alone"][name],
                    unit=unit,
                    at_most=1.2,
                )
            )
    return figures


@contextmanager
def _sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="crmkit-bench-") as folder:
        yield f"sqlite:///{folder}/crm.db"


def _run(contender: str, address: str, count: int) -> dict[str, float]:
    words = [sys.executable, "-m", "benchmarks.jobs", contender, address, str(count)]
    done = subprocess.run(words, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    found: dict[str, float] = json.loads(done.stdout)
    return found


# -- the contenders, each in a process of its own ---------------------------------------------------------------------


def _ours(address: str, count: int) -> dict[str, float]:
    from crmkit import Crm
    from crmkit.core.product import Product
    from crmkit.hooks.jobs import Job, JobDeclaration
    from crmkit.plugin import Manifest, hookimpl

    def work(ctx: Any, job: Job) -> None:
        ctx.session.add(Product(sku=f"J-{job.payload['number']}", name="Pump"))

    class Bench:
        manifest = Manifest(name="bench")

        @hookimpl
        def register_jobs(self, ctx: Any, call: Any) -> list[JobDeclaration]:
            return [JobDeclaration(name="bench.work", run=work)]

    # The core's own jobs have half of the places.
    settings = {"jobs": {"polling": POLLING, "concurrency": 2 * SLOTS}}
    with Crm.open(address, plugins=[Bench()], config=settings) as crm:

        def enqueue(number: int) -> None:
            with crm.session() as session:
                session.add(Product(sku=f"E-{number}", name="Pump"))
                session.enqueue("bench.work", {"number": number})

        enqueueing = _best_of(enqueue, count)
        worker = crm.jobs.worker()
        worker.start()
        started = process_time()
        worker.run(once=True)
        taken = process_time() - started
        worker.stop()
        done = len(crm.jobs.list(states=["done"], name="bench.work", limit=10 * count))
    return {"job": taken / count * 1e3, "enqueue": enqueueing, "done": done}


def _alone(address: str, count: int) -> dict[str, float]:
    from dbos import DBOS, DBOSClient, SQLAlchemyDatasource
    from sqlalchemy.engine import make_url

    from crmkit import Crm
    from crmkit.core.product import Product
    from crmkit.runtime.jobs.engine import _own_engine

    url = make_url(address)
    system = _own_engine(url)
    # On SQLite its own tables and those of the application are two files, as it is with us.
    apart = url.set(database=url.database.replace("crm.db", "app.db")) if system.dialect.name == "sqlite" else url
    application = _own_engine(apart)
    products = sa.Table(
        "bench_products", sa.MetaData(), sa.Column("sku", sa.String, primary_key=True), sa.Column("name", sa.String)
    )
    products.metadata.create_all(application)
    isolation: Any = "READ COMMITTED" if system.dialect.name == "postgresql" else "SERIALIZABLE"
    ran, lock = [0], threading.Lock()
    config: Any = {
        "name": "bench",
        "system_database_engine": system,
        "application_version": "bench",
        "use_listen_notify": False,
        "notification_listener_polling_interval_sec": 0.5,
        "log_level": "ERROR",
    }
    DBOS(config=config)
    source = SQLAlchemyDatasource.create(str(apart), engine=application)

    def insert(number: int) -> None:
        source.sql_session().execute(products.insert().values(sku=f"J-{number}", name="Pump"))

    @DBOS.workflow(name="bench.work")
    def work(number: int) -> None:
        source.run_tx_step({"name": "insert", "isolation_level": isolation}, insert, number)
        with lock:
            ran[0] += 1

    DBOS.listen_queues([])
    DBOS.launch()
    client = DBOSClient(system_database_engine=system, application_name="bench", lazy=True)
    crm = Crm.open(address, plugins=[])

    def enqueue(number: int) -> None:
        with crm.session() as session:
            session.add(Product(sku=f"E-{number}", name="Pump"))
            session.flush()
            options: Any = {"workflow_name": "bench.work", "queue_name": "bench", "app_version": "bench"}
            client.enqueue_in_transaction(session.connection, options, number)

    enqueueing = _best_of(enqueue, count)
    crm.close()
    DBOS.destroy()
    DBOS(config=config)
    DBOS.launch()
    DBOS.register_queue(
        "bench", worker_concurrency=SLOTS * 8, polling_interval_sec=POLLING, on_conflict="always_update"
    )
    started = process_time()
    deadline = perf_counter() + 300
    while ran[0] < count and perf_counter() < deadline:
        sleep(0.1)
    taken = process_time() - started
    DBOS.destroy()
    with application.connect() as connection:
        done = connection.scalar(sa.select(sa.func.count()).select_from(products).where(products.c.sku.like("J-%")))
    return {"job": taken / count * 1e3, "enqueue": enqueueing, "done": float(done or 0)}


def _best_of(act: Callable[[int], None], count: int) -> float:
    """Return the microseconds that ``act`` takes, in the best of several rounds, after ``count`` calls in all."""
    best, number, size = float("inf"), 0, max(1, min(TRANSACTIONS, count // 4))
    while number < count:
        started, upto = perf_counter(), min(number + size, count)
        for one in range(number, upto):
            act(one)
        best = min(best, (perf_counter() - started) / (upto - number))
        number = upto
    return best * 1e6


if __name__ == "__main__":
    contenders: dict[str, Callable[[str, int], dict[str, float]]] = {"ours": _ours, "alone": _alone}
    print(json.dumps(contenders[sys.argv[1]](sys.argv[2], int(sys.argv[3]))))
