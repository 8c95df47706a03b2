"""Recognising somebody among 1,000,000 customers: by an exact key, and by what only resembles.

The limit for exact keys is what somebody would write by hand who knows the schema: a transaction by the driver alone that
looks the key up in its index and sees whether the customer lives. ``identify`` opens a session, reads the evidence in all
its forms, asks whether the key is shared or was ruled out before, and says why.

For look-alikes the limits are 50 ms for 95 of 100, and the candidate query by hand over the same match keys, which finds
whom to compare but compares nobody. Evidence is drawn from the customers, then mistyped, shortened or turned round.
Customers, points, numbers and match keys are written past the write path.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import attrs

from benchmarks.databases import postgres_address
from benchmarks.figures import Figure
from benchmarks.search import people
from crmkit import Crm
from crmkit.core.access import Actor
from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.identity import ExternalIdentity
from crmkit.core.matching import Party, Place, match_keys
from crmkit.core.staff import Role, RoleAssignment, User
from crmkit.core.values.address import address_key
from crmkit.core.values.ids import new_id
from crmkit.core.values.partial_date import PartialDate
from crmkit.services.identify import Evidence, identify, index
from crmkit.services.identify.recognition import LOOKED_AT
from crmkit.store.recognition import LARGEST_BLOCK

CHUNK = 20_000
STREETS = [
    "Obere Str.",
    "Hauptstr.",
    "Marktplatz",
    "Bahnhofstr.",
    "Rue de la Gare",
    "High Street",
    "Kirchweg",
    "Am Anger",
]
FIRMS = frozenset({"GmbH", "AG", "Ltd", "KG", "Consulting"})
CITIES = ("Berlin", "Hamburg", "München", "Köln", "Leipzig", "Wien", "Zürich", "Graz")

BY_POINT = """
    SELECT c.id, c.name FROM contact_points AS p JOIN customers AS c ON c.id = p.customer_id
    WHERE p.tenant_id = %s AND p.kind = %s AND p.normalized = %s AND p.deleted_at IS NULL AND c.deleted_at IS NULL
    ORDER BY c.id LIMIT 2
"""
BY_NUMBER = """
    SELECT c.id, c.name FROM external_identities AS e JOIN customers AS c ON c.id = e.record_id
    WHERE e.tenant_id = %s AND e.system = %s AND e.external_id = %s AND e.entity = 'customer'
        AND e.deleted_at IS NULL AND c.deleted_at IS NULL
"""


@attrs.frozen
class Known:
    """What a customer that is asked for is known by."""

    id: UUID
    name: str
    email: str
    phone: str
    number: str
    birth_date: PartialDate
    street: str
    postal_code: str
    city: str


def measure(small: bool) -> list[Figure]:
    """Return the figures for SQLite and PostgreSQL."""
    count, asked = (2_000, 80) if small else (1_000_000, 1_200)
    found: list[Figure] = []
    for database, opened in (("SQLite", _sqlite), ("PostgreSQL", _postgres)):
        with opened() as crm:
            found += figures(crm, database, count, asked)
    return found


def figures(crm: Crm, database: str, count: int, asked: int) -> list[Figure]:
    """Fill the database, ask for so many customers by each key, for a quarter by what resembles, and return figures."""
    known = fill(crm, count, asked)
    user = _user(crm)
    return [*_exact(crm, database, count, known, user), *_alike(crm, database, count, known[: asked // 4])]


# -- exact keys --------------------------------------------------------------------------------------------------


def _exact(crm: Crm, database: str, count: int, known: Sequence[Known], user: Actor) -> list[Figure]:
    by_hand = _ByHand(crm)
    sorts: dict[str, tuple[Callable[[Known], Evidence], Callable[[Known], list[Any]]]] = {
        "mail": (lambda one: Evidence(emails=one.email), lambda one: by_hand.ask(BY_POINT, "email", one.email)),
        "phone": (lambda one: Evidence(phones=one.phone), lambda one: by_hand.ask(BY_POINT, "phone", one.phone)),
        "external id": (
            lambda one: Evidence(external=("erp", one.number)),
            lambda one: by_hand.ask(BY_NUMBER, "erp", one.number),
        ),
    }
    found = []
    for what, (evidence, hand) in sorts.items():
        middle = _medians(crm, known, evidence, hand, user)
        for name, limited in (("", False), (", limited rights", True)):
            found.append(
                Figure(
                    name=f"I1 identify by {what} among {count:,}{name}, {database}",
                    ours=middle["limited" if limited else "ours"],
                    beside="the look-up by hand",
                    limit=middle["hand"],
                    unit="us",
                    at_most=15.0 if limited else 5.0,
                )
            )
    by_hand.close()
    return found


def _medians(
    crm: Crm,
    known: Sequence[Known],
    evidence: Callable[[Known], Evidence],
    hand: Callable[[Known], list[Any]],
    user: Actor,
) -> dict[str, float]:
    """Return the middle of the times, in microseconds, of each way; they take turns."""

    def ask(actor: Actor) -> Callable[[Known], Any]:
        def run(one: Known) -> Any:
            with crm.session(actor, reads=True) as session:
                return identify(session, evidence(one))

        return run

    ways: dict[str, Callable[[Known], Any]] = {"ours": ask(crm.system), "hand": hand, "limited": ask(user)}
    times: dict[str, list[float]] = {name: [] for name in ways}
    names = list(ways)
    for place, one in enumerate(known):
        # Nobody is asked for twice, so that no way finds in a cache what another one put there.
        name = names[place % len(names)]
        start = time.perf_counter()
        got = ways[name](one)
        times[name].append(time.perf_counter() - start)
        found = [row[0] for row in got] if name == "hand" else [_key(crm, got.customer_id)] if got.customer_id else []
        assert found == [_key(crm, one.id)], (one, got)
    return {name: statistics.median(values) * 1e6 for name, values in times.items()}


class _ByHand:
    """A connection of its own, by the driver alone."""

    def __init__(self, crm: Crm) -> None:
        self._connection = crm.database.engine.raw_connection()
        self._sqlite = crm.database.dialect == "sqlite"
        self._driver: Any = self._connection.driver_connection
        self.tenant = _key(crm, crm.system.tenant_id)

    def ask(self, statement: str, *values: Any) -> list[Any]:
        """Look something up in a transaction of its own; the tenant is the first value."""
        cursor = self._driver.cursor()
        if self._sqlite:
            cursor.execute("BEGIN")
            statement = statement.replace("%s", "?")
        cursor.execute(statement, (self.tenant, *values))
        rows: list[Any] = cursor.fetchall()
        cursor.close()
        self._driver.rollback()
        return rows

    def close(self) -> None:
        self._connection.close()


# -- look-alikes -------------------------------------------------------------------------------------------------


def _alike(crm: Crm, database: str, count: int, known: Sequence[Known]) -> list[Figure]:
    drawn, by_hand = random.Random(11), _ByHand(crm)
    ours: list[float] = []
    theirs: list[float] = []
    right = 0
    for place, one in enumerate(known):
        evidence = _blurred(drawn, one, place)
        times = []
        for _ in range(2):
            start = time.perf_counter()
            with crm.session(reads=True) as session:
                found = identify(session, evidence)
            times.append(time.perf_counter() - start)
        assert not found.behind
        right += one.id in (found.customer_id, *[candidate.customer_id for candidate in found.candidates])
        ours.append(min(times))
        keys = match_keys(_party(evidence))
        times = []
        for _ in range(2):
            start = time.perf_counter()
            by_hand.ask(_candidate_query(len(keys)), keys[0], *_values(by_hand.tenant, keys[1:]))
            times.append(time.perf_counter() - start)
        theirs.append(min(times))
    by_hand.close()
    assert right >= 0.8 * len(known), f"only {right} of {len(known)} were found"
    slow, slow_hand = (_p95(times) for times in (ours, theirs))
    notes = f"the middle one takes {statistics.median(ours) * 1e3:.1f} ms; {right / len(known):.0%} found"
    return [
        Figure(
            name=f"I2 identify resemblance among {count:,}, {database}",
            ours=slow,
            beside="95 of 100 within 50 ms",
            limit=50.0,
            unit="ms",
            at_most=1.0,
            goal=0.5,
            notes=notes,
        ),
        Figure(
            name=f"I2 identify resemblance among {count:,}, {database}",
            ours=slow,
            beside="the candidates by hand",
            limit=slow_hand,
            unit="ms",
            at_most=5.0,
        ),
    ]


def _p95(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=20)[-1] * 1e3


def _blurred(drawn: random.Random, one: Known, place: int) -> Evidence:
    """Return what somebody might show of a customer: never an exact key."""
    first, _, last = one.name.partition(" ")
    typo = _mistyped(drawn, one.name)
    match place % 5:
        case 0:
            return Evidence(name=typo, birth_date=one.birth_date)
        case 1:
            return Evidence(name=f"{last}, {first}" if last else first, postal_code=one.postal_code, city=one.city)
        case 2:
            return Evidence(name=one.name, emails=_mistyped(drawn, one.email.partition("@")[0]) + "@elsewhere.example")
        case 3:
            return Evidence(name=typo, phones="+43" + one.phone[3:])
        case _:
            street = f"{one.street}, {one.postal_code} {one.city}"
            return Evidence(name=f"{first[0]}. {last}" if last else first, address=street, postal_code=one.postal_code)


def _mistyped(drawn: random.Random, text: str) -> str:
    """Return a text with two neighbours changed about, not the first."""
    if len(text) < 4:
        return text
    at = drawn.randrange(1, len(text) - 2)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def _party(evidence: Evidence) -> Party:
    from crmkit.services.identify.evidence import read_evidence

    return read_evidence(evidence).party


def _candidate_query(count: int) -> str:
    """Return the statement that finds who shares most of so many keys; its values are tenant and key, for each."""
    block = "SELECT customer_id FROM customer_match_keys WHERE tenant_id = %s AND match_key = %s"
    blocks = " UNION ALL ".join(f"SELECT * FROM ({block} LIMIT {LARGEST_BLOCK}) AS b{place}" for place in range(count))
    counted = f"SELECT customer_id, count(*) AS shared FROM ({blocks}) AS shared GROUP BY customer_id"
    return (
        f"SELECT c.id, c.name FROM ({counted}) AS counted JOIN customers AS c ON c.id = counted.customer_id "
        f"WHERE c.deleted_at IS NULL ORDER BY counted.shared DESC, c.id LIMIT {LOOKED_AT}"
    )


def _values(tenant: Any, keys: Sequence[int]) -> list[Any]:
    return [value for key in keys for value in (tenant, key)]


# -- what is asked for -------------------------------------------------------------------------------------------


def fill(crm: Crm, count: int, asked: int) -> list[Known]:
    """Write ``count`` customers, two points of nearly each, a number of each, and the index; return some of them."""
    drawn = random.Random(3)
    names = (name for name in people(drawn) if name.rpartition(" ")[2] not in FIRMS)
    wanted = set(drawn.sample(range(count), asked))
    sampled: list[Known] = []
    with crm.session() as session:
        connection, tenant = session.connection, session.driver_tenant
        load = _Load(crm, connection.connection.cursor(), tenant)
        for number in range(count):
            one = _somebody(drawn, next(names), number)
            load.add(one, number in wanted or drawn.random() < 0.8, number in wanted or drawn.random() < 0.4)
            if number in wanted:
                sampled.append(one)
        load.finish()
        connection.commit()
    _settle(crm)
    return sampled


def _somebody(drawn: random.Random, name: str, number: int) -> Known:
    local = "".join(name.lower().split()).encode("ascii", "ignore").decode() or "contact"
    return Known(
        id=new_id(),
        name=name,
        email=f"{local}{number}@firm{number % 5_000}.example",
        phone=f"+4930{2_000_000 + number}",
        number=f"C-{number}",
        birth_date=PartialDate(drawn.randrange(1940, 2006), drawn.randrange(1, 13), drawn.randrange(1, 29)),
        street=f"{drawn.choice(STREETS)} {drawn.randrange(1, 120)}",
        postal_code=f"{drawn.randrange(1_000, 99_999):05}",
        city=drawn.choice(CITIES),
    )


class _Template:
    """Makes rows of an entity that differ in some columns alone."""

    def __init__(self, crm: Crm, entity: str, record: Any, tenant: Any, *names: str) -> None:
        codec = crm.database.codecs[entity]
        self._row = list(codec.to_row(record, tenant))
        self._places = [codec.columns.index(name) for name in names]

    def __call__(self, *values: Any) -> list[Any]:
        row = self._row.copy()
        for place, value in zip(self._places, values, strict=True):
            row[place] = value
        return row


class _Load:
    """Collects rows and writes them in chunks; the match keys last, in the order of their index."""

    def __init__(self, crm: Crm, cursor: Any, tenant: Any) -> None:
        self._crm, self._cursor, self._tenant = crm, cursor, tenant
        now, any_id = crm.clock.now(), new_id()
        stamps: dict[str, Any] = {"version": 1, "created_at": now, "updated_at": now}
        self._customer = _Template(crm, "customer", Customer(name="-", **stamps), tenant, "id", "name", "birth_date")
        self._point = _Template(
            crm,
            "contact_point",
            ContactPoint(customer_id=any_id, kind="email", value="-", **stamps),
            tenant,
            *("id", "customer_id", "kind", "value", "normalized"),
            *("street", "postal_code", "city"),
        )
        self._number = _Template(
            crm,
            "external_identity",
            ExternalIdentity(system="erp", external_id="-", entity="customer", record_id=any_id, **stamps),
            tenant,
            *("id", "record_id", "external_id"),
        )
        self._born = crm.database.codecs["customer"].to_driver["birth_date"] or (lambda date: date)
        self._rows: dict[str, list[Any]] = {"customer": [], "contact_point": [], "external_identity": []}
        self._keys: list[tuple[int, Any]] = []
        self._sets: list[tuple[Any, Any, bytes]] = []
        self._sqlite = crm.database.dialect == "sqlite"
        kind = "INTEGER, c BLOB" if self._sqlite else "bigint, c uuid"
        cursor.execute(f"CREATE TEMPORARY TABLE loaded_keys (k {kind})")

    def add(self, one: Known, with_phone: bool, with_address: bool) -> None:
        """Take a customer."""
        id, rows, points = _key(self._crm, one.id), self._rows, self._rows["contact_point"]
        rows["customer"].append(self._customer(id, one.name, self._born(one.birth_date)))
        points.append(self._point(_new(self._crm), id, "email", one.email, one.email, "", "", ""))
        places: tuple[Place, ...] = ()
        if with_phone:
            points.append(self._point(_new(self._crm), id, "phone", one.phone, one.phone, "", "", ""))
        if with_address:
            line = f"{one.street}, {one.postal_code} {one.city}"
            places = (Place(address_key(line), one.postal_code, one.city),)
            parts = one.street, one.postal_code, one.city
            points.append(self._point(_new(self._crm), id, "address", line, places[0].key, *parts))
        rows["external_identity"].append(self._number(_new(self._crm), id, one.number))
        party = Party(
            kind="person",
            names=(one.name,),
            emails=frozenset((one.email,)),
            phones=frozenset((one.phone,)) if with_phone else frozenset(),
            places=places,
            birth_date=one.birth_date,
        )
        keys = match_keys(party)
        self._keys += [(key, id) for key in keys]
        self._sets.append((id, self._tenant, array("q", sorted(keys)).tobytes()))
        if len(rows["customer"]) == CHUNK:
            self._write()

    def finish(self) -> None:
        """Write what is left, and the index."""
        self._write()
        mark = "?" if self._sqlite else "%s"
        self._cursor.execute(
            "INSERT INTO customer_match_keys (tenant_id, match_key, customer_id) "
            f"SELECT DISTINCT {mark}{'' if self._sqlite else '::uuid'}, k, c FROM loaded_keys ORDER BY k, c",
            (self._tenant,),
        )
        self._cursor.execute("DROP TABLE loaded_keys")

    def _write(self) -> None:
        for entity, rows in self._rows.items():
            if rows:
                self._crm.database.writer.insert(self._cursor, entity, rows)
                rows.clear()
        columns = "(customer_id, tenant_id, match_keys)"
        if self._sqlite:
            self._cursor.executemany("INSERT INTO loaded_keys VALUES (?, ?)", self._keys)
            self._cursor.executemany(f"INSERT INTO customer_match_sets {columns} VALUES (?, ?, ?)", self._sets)
        else:
            with self._cursor.copy("COPY loaded_keys FROM STDIN") as copy:
                for row in self._keys:
                    copy.write_row(row)
            given = "unnest(%s::uuid[], %s::uuid[], %s::bytea[])"
            arrays = [list(column) for column in zip(*self._sets, strict=True)]
            if arrays:
                self._cursor.execute(f"INSERT INTO customer_match_sets {columns} SELECT * FROM {given}", arrays)
        self._keys.clear()
        self._sets.clear()


def _settle(crm: Crm) -> None:
    """Let PostgreSQL measure what was loaded, as it does by itself in time; SQLite has the hints it was made with."""
    if crm.database.dialect == "postgresql":
        with crm.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")


def _user(crm: Crm) -> Actor:
    """Return a user who sees all customers by a role, not by being the system."""
    grants = tuple(
        {"entity": entity, "action": "read", "scope": scope}
        for entity, scope in (("customer", "all"), ("contact_point", "own"), ("external_identity", "own"))
    )
    with crm.session() as session:
        user, role = User(login="reader", name="Reader"), Role(name="reader", grants=grants)
        session.add(user, role, RoleAssignment(user_id=user.id, role_id=role.id))
    with crm.session() as session:
        assert index(session)[1]
    return crm.actor("reader")


def _new(crm: Crm) -> Any:
    return _key(crm, new_id())


def _key(crm: Crm, id: UUID) -> Any:
    return id.bytes if crm.database.dialect == "sqlite" else id


@contextmanager
def _sqlite() -> Iterator[Crm]:
    with tempfile.TemporaryDirectory() as folder, Crm.open(f"sqlite:///{folder}/identify.db", plugins=[]) as crm:
        yield crm


@contextmanager
def _postgres() -> Iterator[Crm]:
    with postgres_address() as address, Crm.open(address, plugins=[]) as crm:
        yield crm


if __name__ == "__main__":
    for row in measure(small=False):
        print(row)
