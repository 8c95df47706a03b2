"""Importing contacts, beside the least that such an import must do: read the file and insert the same rows.

100,000 contacts with a mail address each, of which 5 % repeat an earlier address in other case and 1 % are no address.
The baseline is ``csv.reader`` and, per table and 1,000 rows, one ``executemany`` of sqlite3 or one COPY of psycopg, into
the same tables with the same indexes: the customer and contact point rows, and one audit row for each of them. Nothing
is checked, matched or compared there. Each contender runs in a process of its own, which tells its peak of memory.
"""

from __future__ import annotations

import csv
import json
import random
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import perf_counter, process_time
from typing import Any
from uuid import uuid4

from benchmarks.databases import postgres_address
from benchmarks.figures import Figure

FULL, SMALL = 100_000, 10_000
LONG, LONG_SMALL = 10, 2
"""The memory of an import is measured with so many times the rows, too."""

MOST_MEMORY, MOST_GROWTH = 200, 1.15
"""Megabytes that an import may take at its peak, however long the file is, and how much more for a long one."""

REPEATED, INVALID = 20, 100
"""One row in so many repeats an earlier address, or has none that is one."""

MAPPING = """
name = "contacts"

[[record]]
source = "contacts"
entity = "customer"
identify = { email = "{email}" }
[record.fields]
given_name = "{first}"
family_name = "{last}"
country = "{country}"

[[record]]
source = "contacts"
entity = "contact_point"
match = ["customer_id", "kind", "normalized"]
[record.fields]
customer_id = { record = "customer" }
kind = "email"
value = "{email}"
"""


def measure(small: bool) -> list[Figure]:
    """Return two figures per database: seconds for the file beside the baseline's, and memory for a long file."""
    rows = SMALL if small else FULL
    found = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "contacts.csv"
        expected = write_contacts(path, rows)
        for database, beside in (("SQLite", "csv.reader + sqlite3 executemany"), ("PostgreSQL", "csv.reader + COPY")):
            raw: list[dict[str, Any]] = []
            full: list[dict[str, Any]] = []
            # The contenders take turns and each keeps its best time, so that a busy moment of the machine hits both.
            for turn in range(1 if small else 2):
                if database == "SQLite":
                    raw.append(_run("raw", path, f"sqlite:///{folder}/raw{turn}.db"))
                    full.append(_run("full", path, f"sqlite:///{folder}/full{turn}.db"))
                else:
                    with postgres_address() as first, postgres_address() as second:
                        raw.append(_run("raw", path, first))
                        full.append(_run("full", path, second))
            best_raw, best = (min(runs, key=lambda run: run["seconds"]) for runs in (raw, full))
            counts = {name: best[name] for name in expected}
            if counts != expected:
                raise AssertionError(f"{database}: expected {expected}, got {counts}")
            found.append(
                Figure(
                    name=f"W2 import {rows:,} contacts from CSV, {database}",
                    ours=best["seconds"] * 1000,
                    beside=beside,
                    limit=best_raw["seconds"] * 1000,
                    unit="ms",
                    at_most=2.5,
                    goal=2.0,
                    notes=f"{best_raw['seconds'] / best['seconds']:.2f} of its rows/s ({best_raw['cpu'] / best['cpu']:.2f} "
                    f"by CPU time), {rows / best['seconds']:,.0f} rows/s, peak {best['peak_mb']:.0f} MB",
                )
            )
            found.append(_memory(Path(folder), database, rows, best["peak_mb"], LONG_SMALL if small else LONG))
    return found


def _memory(folder: Path, database: str, rows: int, peak: float, times: int) -> Figure:
    """Return the peak of memory for a file that is so many ``times`` as long as the one that took ``peak``."""
    path = folder / "long.csv"
    expected = write_contacts(path, rows * times)
    if database == "SQLite":
        answer = _run("full", path, f"sqlite:///{folder}/long.db")
    else:
        with postgres_address() as address:
            answer = _run("full", path, address)
    if {name: answer[name] for name in expected} != expected:
        raise AssertionError(f"{database}: expected {expected}, got {answer}")
    if answer["peak_mb"] > MOST_MEMORY:
        raise AssertionError(f"{database}: {answer['peak_mb']:.0f} MB of memory; at most {MOST_MEMORY} are allowed")
    return Figure(
        name=f"W2 memory for {rows * times:,} contacts, {database}",
        ours=answer["peak_mb"],
        beside=f"memory for {rows:,}",
        limit=peak,
        unit="MB",
        at_most=MOST_GROWTH,
        notes=f"{rows * times / answer['seconds']:,.0f} rows/s",
    )


def write_contacts(path: Path, rows: int) -> dict[str, int]:
    """Write the contacts, always the same ones, and return what a correct import makes of them."""
    random_ = random.Random(20_260_315)
    first = ["Anna", "Wei", "Jonas", "Lucía", "Olga", "Ken", "Priya", "Émile", "Sara", "Tomás"]
    last = ["Berg", "Müller", "Zhang", "Okafor", "Silva", "Novák", "Tanaka", "Rossi", "Smith", "Haddad"]
    invalid = repeated = 0
    known: list[tuple[str, str, str, str]] = []
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["first", "last", "email", "country"])
        for number in range(rows):
            given, family = random_.choice(first), random_.choice(last)
            if number % INVALID == INVALID - 1:
                invalid += 1
                writer.writerow([given, family, f"no address {number}", "DE"])
            elif number % REPEATED == REPEATED - 1:
                repeated += 1
                given, family, email, country = random_.choice(known)
                writer.writerow([given, family, email.upper(), country])
            else:
                row = (given, family, f"contact{number}@example{number % 977}.com", random_.choice(["DE", "CN", "US"]))
                known.append(row)
                writer.writerow(row)
    return {"customers": rows - invalid - repeated, "rejected": invalid, "merged": repeated}


def _run(kind: str, path: Path, address: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.contacts", kind, str(path), address],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def run_full(path: Path, address: str) -> dict[str, Any]:
    """Import through the whole write path."""
    import sqlalchemy as sa

    from crmkit.core.customer import ContactPoint, Customer
    from crmkit.runtime.crm import Crm
    from crmkit.services.importing.mapping import read_mapping
    from crmkit.services.importing.running import run_import

    with Crm.open(address, plugins=[]) as crm:
        start, cpu = perf_counter(), process_time()
        report = run_import(crm, crm.system, path, read_mapping(MAPPING), error_folder=path.parent / uuid4().hex)
        seconds, cpu = perf_counter() - start, process_time() - cpu
        # Counting below takes memory of its own.
        peak = peak_memory()
        with crm.session(reads=True) as session:
            customers, points = session.count(Customer), session.table(ContactPoint)
            distinct = session.execute(sa.select(sa.func.count(sa.distinct(points.c.normalized)))).scalar_one()
        if distinct != customers:
            raise AssertionError(f"{customers} customers, but {distinct} addresses")
    made = report.counts["customer"]
    merged = report.rows - report.rejected - made["created"]
    return {
        "seconds": seconds,
        "cpu": cpu,
        "peak_mb": peak,
        "customers": customers,
        "rejected": report.rejected,
        "merged": merged,
    }


def peak_memory() -> float:
    """Return the most memory that this process has had, in MB."""
    status = Path("/proc/self/status")
    if status.exists():
        # What getrusage tells on Linux is at least what the process had that started this one.
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].removesuffix("kB")) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


def run_raw(path: Path, address: str) -> dict[str, Any]:
    """Insert the same rows with nothing around them: by executemany on SQLite, by COPY on PostgreSQL."""
    postgres = address.startswith("postgresql")

    from crmkit.core.customer import ContactPoint, Customer
    from crmkit.core.values.ids import new_id
    from crmkit.runtime.crm import Crm

    with Crm.open(address, plugins=[]) as crm:
        codecs = crm.database.codecs
        tenant: Any = crm.system.tenant_id if postgres else crm.system.tenant_id.bytes
        now = crm.clock.now()
        customer = Customer(name="x", version=1, created_at=now, updated_at=now, source="contacts")
        point = ContactPoint(
            customer_id=customer.id, kind="email", value="x", version=1, created_at=now, updated_at=now
        )
        templates = {
            "customer": codecs["customer"].to_row(customer, tenant),
            "contact_point": codecs["contact_point"].to_row(point, tenant),
        }
        tables = {
            name: (crm.database.tables[name].name, codecs[name].columns)
            for name in ("customer", "contact_point", "audit_entry")
        }
        to_driver = codecs["audit_entry"].to_driver["occurred_at"]
        at = to_driver(now) if to_driver else now
    place = {name: {column: at for at, column in enumerate(columns)} for name, (_, columns) in tables.items()}
    base_customer, base_point = templates["customer"], templates["contact_point"]
    of_customer, of_point = place["customer"], place["contact_point"]
    name_at, given_at, family_at, country_at = (
        of_customer[n] for n in ("name", "given_name", "family_name", "country")
    )
    owner_at, value_at, normalized_at = (of_point[n] for n in ("customer_id", "value", "normalized"))
    insert, close = (_copy if postgres else _executemany)(address, tables)
    new_key: Any = new_id if postgres else lambda: new_id().bytes
    start, cpu = perf_counter(), process_time()
    customers: list[Any] = []
    points: list[Any] = []
    audits: list[Any] = []

    def write() -> None:
        insert({"customer": customers, "contact_point": points, "audit_entry": audits})
        for rows in (customers, points, audits):
            rows.clear()

    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        next(reader)
        for given, family, email, country in reader:
            made = list(base_customer)
            made[0] = id = new_key()
            made[name_at], made[given_at], made[family_at], made[country_at] = (
                f"{given} {family}",
                given,
                family,
                country,
            )
            customers.append(made)
            mail = list(base_point)
            mail[0] = point_id = new_key()
            mail[owner_at], mail[value_at], mail[normalized_at] = id, email, email
            points.append(mail)
            for entity, record, delta in (
                ("customer", id, f'{{"given_name":"{given}","family_name":"{family}","country":"{country}"}}'),
                ("contact_point", point_id, f'{{"kind":"email","value":"{email}","normalized":"{email}"}}'),
            ):
                audits.append((new_key(), tenant, at, None, None, "", entity, record, "created", 1, None, delta, "{}"))
            if len(customers) == 1_000:
                write()
    write()
    seconds, cpu = perf_counter() - start, process_time() - cpu
    close()
    return {"seconds": seconds, "cpu": cpu}


Tables = Mapping[str, tuple[str, Sequence[str]]]
Inserter = tuple[Callable[[Mapping[str, list[Any]]], None], Callable[[], None]]


def _executemany(address: str, tables: Tables) -> Inserter:
    import sqlite3

    connection = sqlite3.connect(address.removeprefix("sqlite:///"), isolation_level=None)
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    statements = {
        name: f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
        for name, (table, columns) in tables.items()
    }

    def insert(rows: Mapping[str, list[Any]]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        for name, some in rows.items():
            connection.executemany(statements[name], some)
        connection.execute("COMMIT")

    return insert, connection.close


def _copy(address: str, tables: Tables) -> Inserter:
    import psycopg

    connection = psycopg.connect(address)
    statements = {name: f"COPY {table} ({', '.join(columns)}) FROM STDIN" for name, (table, columns) in tables.items()}

    def insert(rows: Mapping[str, list[Any]]) -> None:
        with connection.cursor() as cursor:
            for name, some in rows.items():
                with cursor.copy(statements[name]) as copy:
                    for row in some:
                        copy.write_row(row)
        connection.commit()

    return insert, connection.close


def _main() -> None:
    kind, path, address = sys.argv[1:]
    answer = (run_full if kind == "full" else run_raw)(Path(path), address)
    print(json.dumps(answer))


if __name__ == "__main__":
    _main()
