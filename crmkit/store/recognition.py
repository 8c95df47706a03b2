"""The reads of recognition: who holds a key, and what is known of customers. Narrowed as every read of a session is.

Statements are built once and only bound; for actors whose rights are limited they carry the limits and are kept with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from crmkit.core.fieldtypes import Kind
from crmkit.core.matching.party import Party, Place
from crmkit.store.blueprint import Blueprint
from crmkit.store.chunks import in_chunks
from crmkit.store.faults import faults_translated
from crmkit.store.plain_queries import PlainQuery, plain_query
from crmkit.store.reading import Reader
from crmkit.store.types import Id, uuid_from_bytes

if TYPE_CHECKING:
    from crmkit.store.session import Session

LARGEST_BLOCK = 2_000
"""Customers looked at for one match key; so frequent a key tells nothing by itself."""

SLACK = 2
"""How many times as many customers are looked at as are wanted, before it is known which of them live."""

_POINT_COLUMNS = ("customer_id", "kind", "normalized", "postal_code", "city")
_CUSTOMER_COLUMNS = ("id", "kind", "name", "legal_name", "nickname", "family_name", "birth_date", "domain")


def holders_of_point(
    session: Session, kind: str, normalized: str, limit: int, fingerprint: str = ""
) -> tuple[list[UUID], bool]:
    """Return the customers that have this contact point, past ones included, in the order of ids.

    When there are any, it is also told whether claims of this fingerprint were ever made, without another statement.
    """

    def build() -> sa.Select[Any]:
        points, customers = session.database.tables["contact_point"], session.database.tables["customer"]
        claims = session.database.tables["identity_claim"]
        made = sa.exists().where(
            claims.c.tenant_id == sa.bindparam("tenant"), claims.c.fingerprint == sa.bindparam("fingerprint")
        )
        return (
            sa.select(points.c.customer_id, made)
            .join(customers, customers.c.id == points.c.customer_id)
            .where(points.c.kind == sa.bindparam("kind"), points.c.normalized == sa.bindparam("normalized"))
            .where(*_conditions(session, "contact_point", points), *_conditions(session, "customer", customers))
            .order_by(points.c.customer_id)
            .limit(sa.bindparam("most"))
        )

    if _hidden(session, "contact_point", "normalized"):
        return [], False
    values = {"kind": kind, "normalized": normalized, "most": limit, "fingerprint": fingerprint}
    rows = _id_rows(session, ("recognition.point",), build, values)
    return [row[0] for row in rows], any(row[1] for row in rows[:1])


def holders_of_external_id(session: Session, system: str, external_id: str) -> list[UUID]:
    """Return the customer that another system calls so, when the actor may see it."""

    def build() -> sa.Select[Any]:
        # Whoever knows the number may ask for it; whether the customer may be seen decides.
        identities, customers = session.database.tables["external_identity"], session.database.tables["customer"]
        return (
            sa.select(identities.c.record_id)
            .join(customers, customers.c.id == identities.c.record_id)
            .where(identities.c.system == sa.bindparam("system"), identities.c.external_id == sa.bindparam("number"))
            .where(identities.c.entity == "customer", identities.c.deleted_at.is_(None))
            .where(identities.c.tenant_id == sa.bindparam("tenant"), *_conditions(session, "customer", customers))
        )

    if _hidden(session, "external_identity", "external_id"):
        return []
    return _ids(session, ("recognition.external",), build, system=system, number=external_id)


def organizations_of_domain(session: Session, domain: str, limit: int) -> list[UUID]:
    """Return the organizations whose domain this is, in the order of ids."""

    def build() -> sa.Select[Any]:
        customers = session.database.tables["customer"]
        return (
            sa.select(customers.c.id)
            .where(customers.c.domain == sa.bindparam("domain"), customers.c.kind == "organization")
            .where(*_conditions(session, "customer", customers))
            .order_by(customers.c.id)
            .limit(sa.bindparam("most"))
        )

    if _hidden(session, "customer", "domain"):
        return []
    return _ids(session, ("recognition.domain",), build, domain=domain, most=limit)


def sharers(session: Session, keys: Sequence[int], limit: int) -> list[UUID]:
    """Return the customers that share match keys, those that share most of them first."""
    if not keys:
        return []
    values = {f"key_{number}": key for number, key in enumerate(keys)} | {"most": limit}
    if not session.actor.everything:
        return _ids(session, ("recognition.sharers", str(len(keys))), lambda: _sharers(session, len(keys)), **values)
    # Hardly any are deleted: of the first of all, twice as many as are wanted, enough will live.
    first = limit * SLACK
    name = ("recognition.first_sharers", str(len(keys)))
    rows = _id_rows(session, name, lambda: _first_sharers(session, len(keys)), values | {"first": first})
    found = [row[0] for row in rows if row[1]]
    if len(found) >= limit or len(rows) < first:
        return found[:limit]
    return _ids(session, ("recognition.sharers", str(len(keys))), lambda: _sharers(session, len(keys)), **values)


def _sharers(session: Session, keys: int) -> sa.Select[Any]:
    customers, counted = session.database.tables["customer"], _counted(session, keys)
    return (
        sa.select(counted.c.customer_id)
        .join(customers, customers.c.id == counted.c.customer_id)
        .where(*_conditions(session, "customer", customers))
        .order_by(counted.c["keys"].desc(), counted.c.customer_id)
        .limit(sa.bindparam("most"))
    )


def _first_sharers(session: Session, keys: int) -> sa.Select[Any]:
    """Select those that share most keys, and whether they live: only as many as are looked at are read."""
    customers, counted = session.database.tables["customer"], _counted(session, keys)
    order = (counted.c["keys"].desc(), counted.c.customer_id)
    first = sa.select(counted).order_by(*order).limit(sa.bindparam("first")).subquery()
    lives = sa.exists().where(customers.c.id == first.c.customer_id, *_conditions(session, "customer", customers))
    return sa.select(first.c.customer_id, lives).order_by(first.c["keys"].desc(), first.c.customer_id)


def _counted(session: Session, keys: int) -> sa.Subquery:
    """Select customers with how many of so many keys they have, of each key a block of them."""
    index, customers = session.database.table("customer_match_keys"), session.database.tables["customer"]
    blocks: list[Any] = []
    for number in range(keys):
        block = sa.select(index.c.customer_id).where(
            index.c.tenant_id == sa.bindparam("tenant"), index.c.match_key == sa.bindparam(f"key_{number}")
        )
        if not session.actor.everything:
            # Customers that the actor does not see must not crowd out those that the actor does.
            visible = _conditions(session, "customer", customers)
            block = block.join(customers, customers.c.id == index.c.customer_id).where(*visible)
        blocks.append(sa.select(block.limit(LARGEST_BLOCK).subquery().c.customer_id))
    shared = sa.union_all(*blocks).subquery() if len(blocks) > 1 else blocks[0].subquery()
    return sa.select(shared.c.customer_id, sa.func.count().label("keys")).group_by(shared.c.customer_id).subquery()


def earlier_decisions(session: Session, fingerprint: str) -> tuple[UUID | None, frozenset[UUID]]:
    """Return whom claims of the same evidence were resolved to, the latest, and the customers that were ruled out.

    What people decided holds for everybody in the tenant; it only chooses among customers that the actor sees anyway.
    """

    def build() -> sa.Select[Any]:
        claims = session.database.tables["identity_claim"]
        return (
            sa.select(claims.c.customer_id, claims.c.rejected)
            .where(claims.c.fingerprint == sa.bindparam("fingerprint"), claims.c.deleted_at.is_(None))
            .where(claims.c.tenant_id == sa.bindparam("tenant"))
            .order_by(claims.c.updated_at, claims.c.id)
        )

    rows = _rows(session, ("recognition.claims",), build, fingerprint=fingerprint)
    decided = [row.customer_id for row in rows if row.customer_id is not None]
    return decided[-1] if decided else None, frozenset(UUID(id) for row in rows for id in row.rejected or ())


def claims_open(session: Session) -> bool:
    """Whether anybody in the tenant waits to be recognised, whoever asks. One look at an index, on the way of a flush."""
    plain, key = session.database.blueprint.plain, ("recognition.open",)
    if key not in plain:
        claims = session.database.tables["identity_claim"]
        mine = claims.c.tenant_id == sa.bindparam("tenant", type_=Id())
        waits = (claims.c.state == "open", claims.c.deleted_at.is_(None))
        statement: sa.Select[Any] = sa.select(sa.literal_column("1")).select_from(claims).where(mine, *waits).limit(1)
        plain[key] = plain_query(statement, session.database.engine.dialect)
    with faults_translated():
        return bool(plain[key].rows(session.connection, {"tenant": session.actor.tenant_id}))


def parties(session: Session, ids: Iterable[UUID]) -> dict[UUID, Party]:
    """Return what is known of customers that the actor may see, ready to be compared. Two statements for a thousand."""
    wanted = list(dict.fromkeys(ids))
    found: dict[UUID, Party] = {}
    tables = session.database.tables
    customers, points = tables["customer"], tables["contact_point"]

    def of_customers() -> sa.Select[Any]:
        columns = _readable(session, "customer", customers, _CUSTOMER_COLUMNS)
        which = customers.c.id.in_(sa.bindparam("ids", expanding=True))
        # Hidden in a function, the tenant does not tempt SQLite to walk a whole index of it instead of looking up ids.
        tenant = sa.func.coalesce(customers.c.tenant_id, customers.c.tenant_id) == sa.bindparam("tenant")
        return sa.select(*columns).where(which, tenant, *_conditions(session, "customer", customers)[1:])

    def of_points() -> sa.Select[Any]:
        columns = _readable(session, "contact_point", points, _POINT_COLUMNS)
        which = points.c.customer_id.in_(sa.bindparam("ids", expanding=True))
        # A point without a normalised form compares with nothing, and the index that serves this lacks it.
        filled = points.c.normalized != sa.literal_column("''")
        return sa.select(*columns).where(which, filled, *_conditions(session, "contact_point", points))

    for ids in in_chunks(wanted):
        rows = _rows(session, ("recognition.customers",), of_customers, ids=ids)
        by_customer: dict[UUID, list[Any]] = {row.id: [] for row in rows}
        for point in _rows(session, ("recognition.points",), of_points, ids=ids):
            if point.customer_id in by_customer:
                by_customer[point.customer_id].append(point)
        found.update({row.id: _party(row, by_customer[row.id]) for row in rows})
    return {id: found[id] for id in wanted if id in found}


def _readable(session: Session, entity: str, table: sa.Table, names: Sequence[str]) -> list[Any]:
    """Return the columns; what the actor may not read speaks neither for nor against anybody."""
    hidden, info = session.hidden(entity), session.database.registry.get(entity)
    blank = {name: sa.literal("") if info.by_name[name].kind is Kind.TEXT else sa.null() for name in hidden & {*names}}
    return [blank[name].label(name) if name in blank else table.c[name] for name in names]


def _party(row: Any, points: Sequence[Any]) -> Party:
    informal = f"{row.nickname} {row.family_name}" if row.nickname and row.family_name else row.nickname
    return Party(
        kind=row.kind,
        names=tuple(dict.fromkeys(filter(None, (row.name, row.legal_name, informal)))),
        emails=frozenset(point.normalized for point in points if point.kind == "email"),
        phones=frozenset(point.normalized for point in points if point.kind == "phone"),
        places=tuple(
            Place(point.normalized, point.postal_code, point.city) for point in points if point.kind == "address"
        ),
        birth_date=row.birth_date,
        domain=row.domain,
    )


def _conditions(session: Session, entity: str, table: sa.Table) -> list[sa.ColumnElement[bool]]:
    tenant = table.c.tenant_id == sa.bindparam("tenant")
    if session.actor.everything:
        return [tenant, table.c.deleted_at.is_(None)]
    return [tenant, *session.narrowing.conditions(entity, table)[1:]]


def _ids(session: Session, name: tuple[str, ...], build: Callable[[], sa.Select[Any]], **values: Any) -> list[UUID]:
    return list(dict.fromkeys(row[0] for row in _id_rows(session, name, build, values)))


def _hidden(session: Session, entity: str, field: str) -> bool:
    return not session.actor.everything and field in session.hidden(entity)


def _id_rows(
    session: Session, name: tuple[str, ...], build: Callable[[], sa.Select[Any]], values: Mapping[str, Any]
) -> Sequence[Any]:
    """Return rows that begin with an id, run by the driver alone where no right of the actor is a list."""
    session.flush()
    kept, key = _statements(session), ("plain", *name)
    if key not in kept:
        try:
            kept[key] = plain_query(build(), session.database.engine.dialect)
        except ValueError:
            kept[key] = None
    plain: PlainQuery | None = kept[key]
    if plain is None:
        return _rows(session, name, build, **values)
    with faults_translated():
        rows = plain.rows(session.connection, {"tenant": session.actor.tenant_id, **values})
    if session.database.dialect != "sqlite":
        return rows
    return [(uuid_from_bytes(id), *rest) for id, *rest in rows]


def _rows(session: Session, name: tuple[str, ...], build: Callable[[], sa.Select[Any]], **values: Any) -> list[Any]:
    session.flush()
    kept = _statements(session)
    if name not in kept:
        kept[name] = build()
    with faults_translated():
        return list(session.connection.execute(kept[name], {"tenant": session.actor.tenant_id, **values}))


_by_reader: WeakKeyDictionary[Reader, dict[tuple[str, ...], Any]] = WeakKeyDictionary()
_by_blueprint: WeakKeyDictionary[Blueprint, dict[tuple[str, ...], Any]] = WeakKeyDictionary()


def _statements(session: Session) -> dict[tuple[str, ...], Any]:
    """Return where statements are kept: with the tables they are of, and those that carry rights with their reader."""
    if session.actor.everything:
        return _by_blueprint.setdefault(session.database.blueprint, {})
    return _by_reader.setdefault(session.reader, {})
