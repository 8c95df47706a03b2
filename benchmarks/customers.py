"""W1: creating customers through the full write path, against the driver alone.

The limit writes the same customer row into the same table with the same indexes, and one audit row, by sqlite3 or psycopg:
one by one (on PostgreSQL as one data-modifying CTE in one round trip), or 500 at a time by executemany or COPY. The full
path adds access, ten hook implementations, validation, versions, the audit delta and an event.
"""

from __future__ import annotations

import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.databases import postgres_address
from benchmarks.figures import Figure
from crmkit import Crm
from crmkit.core.customer import Customer
from crmkit.core.journal import AuditEntry
from crmkit.core.values.ids import new_id
from crmkit.plugin import Change, RecordBatch, hookimpl

BULK = 500
FILLED = {
    "kind": "person",
    "prefix": "Dr.",
    "given_name": "Anna",
    "nickname": "Anni",
    "gender": "female",
    "legal_name": "Anna Example",
    "domain": "example.com",
    "industry": "retail",
    "employees": 12,
    "founded": 1999,
    "country": "DE",
    "language": "de",
    "timezone": "Europe/Berlin",
    "description": "Met at the fair; wants an offer by the end of the month.",
    "source": "benchmark",
}


class Onlooker:
    """A plugin with one derive and one guard hook that look at every record."""

    @hookimpl(entities=("customer",))
    def derive_records(self, ctx: Any, call: RecordBatch) -> list[Change]:
        return [change for change in call.changes if change.after.name == "nobody"]

    @hookimpl(entities=("customer",))
    def guard_records(self, ctx: Any, call: RecordBatch) -> None:
        for change in call.changes:
            if change.after.employees == -1:
                raise AssertionError


def customer(number: int) -> Customer:
    """Return a customer whose twenty fields are filled."""
    return Customer(name=f"Anna Number {number}", family_name=f"Number {number}", **FILLED)


def measure(small: bool) -> list[Figure]:
    """Return the figures for SQLite and PostgreSQL."""
    found: list[Figure] = []
    for database, open_databases, one, many in (
        ("SQLite", _sqlite, "sqlite3 one by one", "sqlite3 executemany"),
        ("PostgreSQL", _postgres, "psycopg, one CTE each", "psycopg COPY"),
    ):
        with open_databases() as (crm, raw):
            rounds, singles, bulks = (3, 20, 1) if small else (15, 100, 4)
            found.append(
                _compare(
                    f"W1 create one per commit, {database}",
                    one,
                    2.0,
                    1.25,
                    rounds,
                    singles,
                    lambda n: _ours(crm, n, 1),
                    raw.one,
                )
            )
            found.append(
                _compare(
                    f"W1 create {BULK} per commit, {database}",
                    many,
                    3.0,
                    1.8,
                    rounds,
                    bulks,
                    lambda n: _ours(crm, n, BULK),
                    raw.bulk,
                )
            )
            with crm.session(reads=True) as session:
                expected = (rounds + 1) * (singles + bulks * BULK)
                assert session.count(Customer) == expected, (session.count(Customer), expected)
                assert session.execute(_count_audit(session)).scalar() == expected
                newest = session.list(Customer, order="-created_at", limit=1)[0]
                assert (newest.nickname, newest.version) == ("Anni", 1)
            assert raw.count() == expected
    return found


def _count_audit(session: Any) -> Any:
    import sqlalchemy as sa

    return sa.select(sa.func.count()).select_from(session.table(AuditEntry))


def _compare(
    name: str,
    beside: str,
    limit: float,
    goal: float,
    rounds: int,
    count: int,
    ours: Callable[[int], None],
    raw: Callable[[int], None],
) -> Figure:
    """Time both in turn and compare their medians, so that a slow moment of the machine hits both."""
    ours(count), raw(count)
    times: dict[str, list[float]] = {"ours": [], "raw": []}
    for _ in range(rounds):
        for kind, work in (("ours", ours), ("raw", raw)):
            start = time.perf_counter()
            work(count)
            times[kind].append((time.perf_counter() - start) / count)
    a, b = statistics.median(times["ours"]), statistics.median(times["raw"])
    return Figure(name=name, ours=a * 1e6, beside=beside, limit=b * 1e6, unit="µs", at_most=limit, goal=goal)


def _ours(crm: Crm, count: int, size: int) -> None:
    for start in range(count):
        with crm.session() as session:
            session.add(*[customer(start * size + number) for number in range(size)])


class _Raw:
    """Writes by the driver alone, from rows that cost what our objects cost to make."""

    def __init__(self, crm: Crm) -> None:
        codecs, tables = crm.database.codecs, crm.database.tables
        self.customers, self.audit = codecs["customer"], codecs["audit_entry"]
        self.names = tables["customer"].name, tables["audit_entry"].name
        self.tenant = crm.system.tenant_id
        self.dialect = crm.database.dialect

        plain = self.customers.to_row(customer(0), self.tenant if self.dialect == "postgresql" else self.tenant.bytes)
        self.place = {name: number for number, name in enumerate(self.customers.columns)}
        self.template = list(plain)

    def rows(self, number: int) -> tuple[list[Any], tuple[Any, ...]]:
        """Return the two rows as a script would: from a template, with the ids, the names and the time set."""
        now: Any = datetime.now(UTC)
        key: Any = new_id()
        entry: Any = new_id()
        tenant: Any = self.tenant
        if self.dialect == "sqlite":
            key, entry, tenant, now = key.bytes, entry.bytes, tenant.bytes, int(now.timestamp() * 1_000_000)
        row, place, name = self.template.copy(), self.place, f"Anna Number {number}"
        row[place["id"]], row[place["created_at"]], row[place["updated_at"]] = key, now, now
        row[place["version"]], row[place["name"]], row[place["family_name"]] = 1, name, f"Number {number}"
        delta = json.dumps({"name": name, "family_name": f"Number {number}", **FILLED})
        return row, (entry, tenant, now, None, None, "", "customer", key, "created", 1, None, delta, "{}")


class RawSqlite(_Raw):
    def __init__(self, crm: Crm, path: Path) -> None:
        super().__init__(crm)
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.execute("PRAGMA synchronous = NORMAL")
        self.connection.execute("PRAGMA foreign_keys = ON")
        self.statements = [
            f'INSERT INTO "{name}" ({", ".join(codec.columns)}) VALUES ({", ".join("?" * len(codec.columns))})'
            for name, codec in zip(self.names, (self.customers, self.audit), strict=True)
        ]

    def one(self, count: int) -> None:
        execute = self.connection.execute
        for number in range(count):
            first, second = self.rows(number)
            execute("BEGIN IMMEDIATE")
            execute(self.statements[0], first)
            execute(self.statements[1], second)
            execute("COMMIT")

    def bulk(self, count: int) -> None:
        for start in range(count):
            pairs = [self.rows(start * BULK + number) for number in range(BULK)]
            self.connection.execute("BEGIN IMMEDIATE")
            self.connection.executemany(self.statements[0], [pair[0] for pair in pairs])
            self.connection.executemany(self.statements[1], [pair[1] for pair in pairs])
            self.connection.execute("COMMIT")

    def count(self) -> int:
        return int(self.connection.execute("SELECT count(*) FROM customers").fetchone()[0])


class RawPostgres(_Raw):
    def __init__(self, crm: Crm, address: str) -> None:
        super().__init__(crm)
        import psycopg

        self.connection = psycopg.connect(address, autocommit=True, prepare_threshold=2)
        (first, second), (a, b) = self.names, (self.customers.columns, self.audit.columns)
        self.cte = (
            f'WITH made AS (INSERT INTO "{first}" ({", ".join(a)}) VALUES ({", ".join(["%s"] * len(a))})) '
            f'INSERT INTO "{second}" ({", ".join(b)}) VALUES ({", ".join(["%s"] * len(b))})'
        )
        self.copies = [
            f'COPY "{name}" ({", ".join(columns)}) FROM STDIN' for name, columns in ((first, a), (second, b))
        ]

    def one(self, count: int) -> None:
        for number in range(count):
            first, second = self.rows(number)
            self.connection.execute(self.cte, (*first, *second))

    def bulk(self, count: int) -> None:
        for start in range(count):
            pairs = [self.rows(start * BULK + number) for number in range(BULK)]
            with self.connection.transaction(), self.connection.cursor() as cursor:
                for place, statement in enumerate(self.copies):
                    with cursor.copy(statement) as copy:
                        for pair in pairs:
                            copy.write_row(pair[place])

    def count(self) -> int:
        row = self.connection.execute("SELECT count(*) FROM customers").fetchone()
        return int(row[0]) if row else 0


def _plugins() -> list[Any]:
    return [type(f"Onlooker{number}", (Onlooker,), {})() for number in range(5)]


@contextmanager
def _sqlite() -> Iterator[tuple[Crm, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        Crm.open(f"sqlite:///{folder}/raw.db", plugins=[]).close()
        with Crm.open(f"sqlite:///{folder}/ours.db", plugins=_plugins()) as crm:
            raw = RawSqlite(crm, Path(folder) / "raw.db")
            yield crm, raw
            raw.connection.close()


@contextmanager
def _postgres() -> Iterator[tuple[Crm, Any]]:
    with postgres_address(bound=True) as ours, postgres_address() as limit:
        Crm.open(limit, plugins=[]).close()
        with Crm.open(ours, plugins=_plugins()) as crm:
            raw = RawPostgres(crm, limit)
            yield crm, raw
            raw.connection.close()


if __name__ == "__main__":
    for row in measure(small=False):
        print(row)
