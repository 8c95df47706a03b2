"""Merging a customer with 10,000 references, against the bare updates of the same rows.

The limit sets the customer of 10,000 participations by the driver alone: one update and one audit row for each, sent by
executemany (SQLite) or as arrays in one statement each (PostgreSQL), from rows that are made beforehand but for ids. The
merge asks every entity for what refers to the lost record and for keys that would collide, plans, runs hooks, counts up
versions, writes the audit delta, an event for each and the journal that it can be undone from.
"""

from __future__ import annotations

import json
import statistics
import time
from datetime import UTC, datetime
from typing import Any

from benchmarks.databases import databases
from benchmarks.figures import Figure
from crmkit import Crm
from crmkit.core.customer import Customer
from crmkit.core.interaction import Interaction, InteractionParticipant
from crmkit.core.journal import AuditEntry, Event
from crmkit.core.values.ids import new_id
from crmkit.services.merging import merge, preview, undo

CHUNK = 1_000


def measure(small: bool) -> list[Figure]:
    """Return the figures for SQLite and PostgreSQL."""
    count, rounds = (500, 2) if small else (10_000, 5)
    found: list[Figure] = []
    for database, opened in databases():
        with opened() as crm:
            found += _compare(crm, database, count, rounds)
    return found


def _compare(crm: Crm, database: str, count: int, rounds: int) -> list[Figure]:
    """Merge, undo and update in turn and compare medians, so that a slow moment of the machine hits all."""
    kept, lost = _customers(crm, count)
    times: dict[str, list[tuple[float, float]]] = {"merge": [], "undo": [], "raw": []}
    for turn in range(rounds + 1):
        with crm.session() as session:
            plan = preview(session, kept.id, lost.id)
        start = _now()
        with crm.session() as session:
            journal = merge(session, plan)
        merged = _since(start)
        with crm.session(reads=True) as session:
            assert session.count(InteractionParticipant, customer_id=kept.id) == count
            assert session.count(AuditEntry, record_id=lost.id, action="deleted") == turn + 1
            assert session.count(Event, type="interaction_participant.updated") == count * (2 * turn + 1)
        start = _now()
        with crm.session() as session:
            assert undo(session, journal.id).left == ()
        undone = _since(start)
        rows = _prepared(crm, lost, kept)
        assert len(rows[0]) == count
        start = _now()
        _update(crm, *rows)
        raw = _since(start)
        _update(crm, *_prepared(crm, kept, lost))
        if turn:
            for name, value in (("merge", merged), ("undo", undone), ("raw", raw)):
                times[name].append(value)
    middle = {name: statistics.median(wall for wall, _ in values) * 1e3 for name, values in times.items()}
    cpu = {name: statistics.median(used for _, used in values) for name, values in times.items()}
    beside = "one update and one audit row each, by the driver"
    return [
        Figure(
            name=f"W8 {what} with {count:,} references, {database}",
            ours=middle[name],
            beside=beside,
            limit=middle["raw"],
            unit="ms",
            at_most=3.0,
            goal=2.0,
            # On PostgreSQL most of it is the server's time.
            notes=f"of CPU time {cpu[name] / cpu['raw']:.2f}" if crm.database.dialect == "sqlite" else "",
        )
        for what, name in (("merge", "merge"), ("undo a merge", "undo"))
    ]


def _now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _since(start: tuple[float, float]) -> tuple[float, float]:
    return time.perf_counter() - start[0], time.process_time() - start[1]


def _customers(crm: Crm, count: int) -> tuple[Customer, Customer]:
    kept, lost = Customer(name="Kept"), Customer(name="Lost")
    with crm.session() as session:
        session.add(kept, lost)
    at = datetime(2024, 1, 1, tzinfo=UTC)
    for start in range(0, count, CHUNK):
        with crm.session() as session:
            for _ in range(min(CHUNK, count - start)):
                call = Interaction(kind="call", occurred_at=at)
                session.add(call, InteractionParticipant(interaction_id=call.id, customer_id=lost.id))
    return kept, lost


def _prepared(crm: Crm, before: Customer, after: Customer) -> tuple[list[Any], list[Any]]:
    """Return what the bare updates need: rows to set, and audit rows."""
    with crm.session(reads=True) as session:
        found = session.list(InteractionParticipant, customer_id=before.id)
    sqlite = crm.database.dialect == "sqlite"
    now: Any = datetime.now(UTC)
    if sqlite:
        now = int(now.timestamp() * 1_000_000)

    def key(id: Any) -> Any:
        return id.bytes if sqlite else id

    tenant = key(crm.system.tenant_id)
    delta = json.dumps({"customer_id": [str(before.id), str(after.id)]})
    updates = [(key(after.id), p.version + 1, now, None, key(p.id), tenant, p.version) for p in found]
    audit = [
        (
            key(new_id()),
            tenant,
            now,
            None,
            None,
            "",
            "interaction_participant",
            key(p.id),
            "updated",
            p.version + 1,
            None,
            delta,
            "{}",
        )
        for p in found
    ]
    return updates, audit


def _update(crm: Crm, updates: list[Any], audit: list[Any]) -> None:
    """Write the rows through the driver's cursor, by the statements that the store sends."""
    with crm.database.connection() as connection:
        cursor = connection.connection.cursor()
        columns = ("customer_id", "version", "updated_at", "updated_by")
        assert crm.database.writer.update(cursor, "interaction_participant", columns, updates) == len(updates)
        crm.database.writer.insert(cursor, "audit_entry", audit)
        cursor.close()
        connection.commit()


if __name__ == "__main__":
    for row in measure(small=False):
        print(row)
