"""The newest 50 interactions of a customer with 10,000 of them, against the query written by hand.

The limit selects the same columns by the driver alone, through an open cursor; ``timeline`` opens a session, looks
whether the customer may be seen, asks plugins, and makes an entry of each row, with a cursor for the next page. The
same page is read among 100,000 and among 1,000,000 interactions, and as a user of limited rights.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.databases import databases
from benchmarks.figures import Figure
from crmkit import Crm
from crmkit.core.access import Actor
from crmkit.core.customer import Customer
from crmkit.core.interaction import Interaction, InteractionParticipant
from crmkit.core.staff import Role, RoleAssignment, User
from crmkit.services.interactions import contact_figures, timeline
from crmkit.store.timelines import EXCERPT

PAGE = 50
CHUNK = 10_000
START = datetime(2020, 1, 1, tzinfo=UTC)
TEXT = "We spoke about the order and agreed to send another quotation. " * 8

HAND_WRITTEN = f"""
    SELECT i.id, i.occurred_at, i.kind, i.direction, i.status, i.channel, i.subject, i.outcome, i.money_amount,
        i.money_currency, i.thread_id, i.supersedes_id, substr(i.body, 1, {EXCERPT}), p.customer_id, p.role, p.address
    FROM interaction_participants AS p JOIN interactions AS i ON i.id = p.interaction_id
    WHERE p.tenant_id = %s AND p.customer_id = %s AND p.deleted_at IS NULL AND i.deleted_at IS NULL
    ORDER BY p.occurred_at DESC, p.interaction_id DESC LIMIT {PAGE + 1}
"""
AGGREGATE = """
    SELECT i.channel, i.direction, count(DISTINCT i.id), min(i.occurred_at), max(i.occurred_at)
    FROM interaction_participants AS p JOIN interactions AS i ON i.id = p.interaction_id
    WHERE p.tenant_id = %s AND p.customer_id = %s AND p.deleted_at IS NULL AND i.deleted_at IS NULL
        AND i.status = 'completed' AND i.direction <> 'internal' AND i.kind NOT IN ('note')
        AND i.outcome NOT IN ('auto-reply', 'bounce')
    GROUP BY i.channel, i.direction
"""


def measure(small: bool) -> list[Figure]:
    """Return the figures for SQLite and PostgreSQL."""
    sizes = (1_000, 3_000) if small else (100_000, 1_000_000)
    own, rounds = (200, 20) if small else (10_000, 400)
    found: list[Figure] = []
    for database, opened in databases():
        with opened() as crm:
            found += _compare(crm, database, sizes, own, rounds)
    return found


def _compare(crm: Crm, database: str, sizes: tuple[int, int], own: int, rounds: int) -> list[Figure]:
    customers = [Customer(name=f"Customer {number}") for number in range(max(sizes) // 1_000)]
    with crm.session() as session:
        session.add(*customers)
    busy, others = customers[0], customers[1:] or customers
    _fill(crm, [busy.id] * own, 0)
    done, times = own, {}
    user = _user(crm)
    for size in sizes:
        _fill(crm, [others[number % len(others)].id for number in range(size - done)], done)
        done = size
        _analyse(crm)
        times[size] = _times(crm, busy, user, own, rounds)
    small, large = (times[size] for size in sizes)
    by_hand, itself = "the query by hand, by the driver", f"itself among {sizes[0]:,}"
    rows = (
        (f"T1 newest {PAGE} interactions", large["ours"], by_hand, large["hand"], 2.0, 1.5),
        (f"T1 newest {PAGE} interactions, limited rights", large["limited"], by_hand, large["hand"], 4.0, 2.5),
        (f"T1 newest {PAGE} interactions, grown tenfold", large["ours"], itself, small["ours"], 1.2, None),
        ("T2 contact figures", large["figures"], "the aggregate by hand", large["aggregate"], 2.0, None),
    )
    return [
        Figure(
            name=f"{name}, {database}",
            ours=ours,
            beside=beside,
            limit=limit,
            unit="us",
            at_most=at_most,
            goal=goal,
            notes=f"{own:,} among {sizes[1]:,}",
        )
        for name, ours, beside, limit, at_most, goal in rows
    ]


def _times(crm: Crm, busy: Customer, user: Actor, own: int, rounds: int) -> dict[str, float]:
    """Return the least time of each, in microseconds, taken in turn so that a slow moment of the machine hits all."""
    connection = crm.database.acquire(reads=True)
    cursor = connection.connection.cursor()
    mark = "?" if crm.database.dialect == "sqlite" else "%s"
    key = (lambda id: id.bytes) if mark == "?" else (lambda id: id)
    whose = (key(crm.system.tenant_id), key(busy.id))

    def by_hand(statement: str) -> Callable[[], list[Any]]:
        text = statement.replace("%s", mark)

        def run() -> list[Any]:
            cursor.execute(text, whose)
            rows: list[Any] = cursor.fetchall()
            return rows

        return run

    def page(actor: Actor) -> Callable[[], Any]:
        def run() -> Any:
            with crm.session(actor, reads=True) as session:
                return timeline(session, busy.id, limit=PAGE)

        return run

    def figures() -> Any:
        with crm.session(reads=True) as session:
            return contact_figures(session, [busy.id])

    newest = [row[0] for row in by_hand(HAND_WRITTEN)()]
    for actor in (crm.system, user):
        got = page(actor)()
        assert [key(entry.record_id) for entry in got.entries] == newest[:PAGE]
        assert bool(got.cursor) == (len(newest) > PAGE)
    assert figures()[busy.id].contacts == own == sum(row[2] for row in by_hand(AGGREGATE)())
    timed = {"ours": page(crm.system), "limited": page(user), "hand": by_hand(HAND_WRITTEN)}
    best = _least(timed, rounds)
    best |= _least({"figures": figures, "aggregate": by_hand(AGGREGATE)}, max(rounds // 20, 3))
    cursor.close()
    crm.database.release(connection, reads=True)
    return best


def _least(timed: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    best = dict.fromkeys(timed, float("inf"))
    for _ in range(rounds):
        for name, run in timed.items():
            start = time.perf_counter()
            run()
            best[name] = min(best[name], (time.perf_counter() - start) * 1e6)
    return best


def _fill(crm: Crm, customers: list[Any], first: int) -> None:
    """Write an interaction for each customer past the hooks, which others measure."""
    database, tenant = crm.database, None
    channels = ("email", "phone", "wechat", "")
    for start in range(0, len(customers), CHUNK):
        interactions, participants = [], []
        with crm.session() as session:
            tenant = session.driver_tenant
        for number, customer in enumerate(customers[start : start + CHUNK], start=first + start):
            at = START + timedelta(minutes=number * 7919 % 3_000_000)
            made = Interaction(
                kind="email" if number % 2 else "call",
                direction="inbound" if number % 3 else "outbound",
                channel=channels[number % 4],
                occurred_at=at,
                subject=f"Message {number} about an order",
                body=TEXT,
                version=1,
                created_at=at,
                updated_at=at,
            )
            link = InteractionParticipant(
                interaction_id=made.id,
                customer_id=customer,
                occurred_at=at,
                address=f"customer{number % 100}@example.com",
                version=1,
                created_at=at,
                updated_at=at,
            )
            interactions.append(database.codecs["interaction"].to_row(made, tenant))
            participants.append(database.codecs["interaction_participant"].to_row(link, tenant))
        with database.connection() as connection:
            cursor = connection.connection.cursor()
            database.writer.insert(cursor, "interaction", interactions)
            database.writer.insert(cursor, "interaction_participant", participants)
            cursor.close()
            connection.commit()


def _analyse(crm: Crm) -> None:
    """Let PostgreSQL measure what was loaded, as it does by itself in time; SQLite has the hints it was made with."""
    if crm.database.dialect == "postgresql":
        with crm.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE interactions")
            connection.exec_driver_sql("VACUUM ANALYZE interaction_participants")


def _user(crm: Crm) -> Actor:
    """Return a user who sees the customers of all by a role, not by being the system."""
    grants = [
        {"entity": entity, "action": "read", "scope": scope}
        for entity, scope in (("customer", "all"), ("interaction", "own"), ("interaction_participant", "own"))
    ]
    with crm.session() as session:
        user, role = User(login="reader", name="Reader"), Role(name="reader", grants=tuple(grants))
        session.add(user, role, RoleAssignment(user_id=user.id, role_id=role.id))
    return crm.actor("reader")


if __name__ == "__main__":
    for row in measure(small=False):
        print(row)
