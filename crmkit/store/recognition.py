"""The reads of recognition: who holds a key, and what is known of customers. Narrowed as every read of a session is.

Statements are built once and only bound; for actors whose rights are limited they carry the limits and are built anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.customer import Customer
from crmkit.core.matching.party import Party, Place
from crmkit.store.faults import faults_translated
from crmkit.store.references import CHUNK

if TYPE_CHECKING:
    from crmkit.store.session import Session

LARGEST_BLOCK = 2_000
"""Customers looked at for one match key; so frequent a key tells nothing by itself."""

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

    values = {"kind": kind, "normalized": normalized, "most": limit, "fingerprint": fingerprint}
    rows = _rows(session, ("recognition.point",), build, **values)
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

    return _ids(session, ("recognition.domain",), build, domain=domain, most=limit)


def sharers(session: Session, keys: Sequence[int], limit: int) -> list[UUID]:
    """Return the customers that share match keys, those that share most of them first."""
    if not keys:
        return []

    def build() -> sa.Select[Any]:
        index, customers = session.database.table("customer_match_keys"), session.database.tables["customer"]
        visible = _conditions(session, "customer", customers)
        blocks: list[Any] = []
        for number in range(len(keys)):
            block = sa.select(index.c.customer_id).where(
                index.c.tenant_id == sa.bindparam("tenant"), index.c.match_key == sa.bindparam(f"key_{number}")
            )
            if not session.actor.everything:
                # Customers that the actor does not see must not crowd out those that the actor does.
                block = block.join(customers, customers.c.id == index.c.customer_id).where(*visible)
            blocks.append(sa.select(block.limit(LARGEST_BLOCK).subquery().c.customer_id))
        shared = sa.union_all(*blocks).subquery() if len(blocks) > 1 else blocks[0].subquery()
        counted = (
            sa.select(shared.c.customer_id, sa.func.count().label("keys")).group_by(shared.c.customer_id).subquery()
        )
        return (
            sa.select(counted.c.customer_id)
            .join(customers, customers.c.id == counted.c.customer_id)
            .where(*visible)
            .order_by(counted.c["keys"].desc(), counted.c.customer_id)
            .limit(sa.bindparam("most"))
        )

    values = {f"key_{number}": key for number, key in enumerate(keys)}
    return _ids(session, ("recognition.sharers", str(len(keys))), build, most=limit, **values)


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


def parties(session: Session, ids: Iterable[UUID]) -> dict[UUID, Party]:
    """Return what is known of customers that the actor may see, ready to be compared. Two statements for a thousand."""
    wanted = list(dict.fromkeys(ids))
    found: dict[UUID, Party] = {}
    tables = session.database.tables
    customers, points = tables["customer"], tables["contact_point"]

    def of_customers() -> sa.Select[Any]:
        columns = [customers.c[name] for name in _CUSTOMER_COLUMNS]
        which = customers.c.id.in_(sa.bindparam("ids", expanding=True))
        # Hidden in a function, the tenant does not tempt SQLite to walk a whole index of it instead of looking up ids.
        tenant = sa.func.coalesce(customers.c.tenant_id, customers.c.tenant_id) == sa.bindparam("tenant")
        return sa.select(*columns).where(which, tenant, *_conditions(session, "customer", customers)[1:])

    def of_points() -> sa.Select[Any]:
        columns = [points.c[name] for name in _POINT_COLUMNS]
        which = points.c.customer_id.in_(sa.bindparam("ids", expanding=True))
        # A point without a normalised form compares with nothing, and the index that serves this lacks it.
        filled = points.c.normalized != sa.literal_column("''")
        return sa.select(*columns).where(which, filled, *_conditions(session, "contact_point", points))

    for start in range(0, len(wanted), CHUNK):
        chunk = {"ids": wanted[start : start + CHUNK]}
        rows = _rows(session, ("recognition.customers",), of_customers, **chunk)
        by_customer: dict[UUID, list[Any]] = {row.id: [] for row in rows}
        for point in _rows(session, ("recognition.points",), of_points, **chunk):
            if point.customer_id in by_customer:
                by_customer[point.customer_id].append(point)
        found.update({row.id: _party(row, by_customer[row.id]) for row in rows})
    return {id: found[id] for id in wanted if id in found}


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
    return list(dict.fromkeys(row[0] for row in _rows(session, name, build, **values)))


def _rows(session: Session, name: tuple[str, ...], build: Callable[[], sa.Select[Any]], **values: Any) -> list[Any]:
    session.flush()
    statement = session.database.statements.get((Customer, name)) if session.actor.everything else None
    if statement is None:
        statement = build()
        if session.actor.everything:
            session.database.statements[Customer, name] = statement
    with faults_translated():
        return list(session.connection.execute(statement, {"tenant": session.actor.tenant_id, **values}))
