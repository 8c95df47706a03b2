"""Fills a database with customers, their points, numbers and match keys, past the write path."""

from __future__ import annotations

import random
from array import array
from typing import Any

from benchmarks.databases import settle
from benchmarks.identify.by_hand import key_of
from benchmarks.identify.people import Known, somebody
from benchmarks.search import people
from crmkit import Crm
from crmkit.core.access import Actor
from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.identity import ExternalIdentity
from crmkit.core.matching import Party, Place, match_keys
from crmkit.core.staff import Role, RoleAssignment, User
from crmkit.core.values.address import address_key
from crmkit.core.values.ids import new_id
from crmkit.services.identify import index

CHUNK = 20_000
FIRMS = frozenset({"GmbH", "AG", "Ltd", "KG", "Consulting"})


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
            one = somebody(drawn, next(names), number)
            load.add(one, number in wanted or drawn.random() < 0.8, number in wanted or drawn.random() < 0.4)
            if number in wanted:
                sampled.append(one)
        load.finish()
        connection.commit()
    settle(crm)
    return sampled


def add_reader(crm: Crm) -> Actor:
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
        id, rows, points = key_of(self._crm, one.id), self._rows, self._rows["contact_point"]
        rows["customer"].append(self._customer(id, one.name, self._born(one.birth_date)))
        points.append(self._point(key_of(self._crm, new_id()), id, "email", one.email, one.email, "", "", ""))
        places: tuple[Place, ...] = ()
        if with_phone:
            points.append(self._point(key_of(self._crm, new_id()), id, "phone", one.phone, one.phone, "", "", ""))
        if with_address:
            line = f"{one.street}, {one.postal_code} {one.city}"
            places = (Place(address_key(line), one.postal_code, one.city),)
            parts = one.street, one.postal_code, one.city
            points.append(self._point(key_of(self._crm, new_id()), id, "address", line, places[0].key, *parts))
        rows["external_identity"].append(self._number(key_of(self._crm, new_id()), id, one.number))
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
