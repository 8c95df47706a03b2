"""Traces of erased records outside of them: copies in journals, stored responses, parked errors, indexes, the audit log."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.entity import change
from crmkit.core.handover import HandOver, HandOverBatch
from crmkit.core.identity import IdentityClaim
from crmkit.core.journal import MergeJournal
from crmkit.store.chunks import distinct_chunks, in_chunks
from crmkit.store.erasing import erase_deltas
from crmkit.store.faults import faults_translated
from crmkit.store.match_index import index_customers
from crmkit.store.responses import erase_responses, ids_in
from crmkit.store.search.keeping import forget
from crmkit.store.search.plan import plan_of
from crmkit.store.session import Session
from crmkit.store.types import to_json

PAGE = 200

_COPIES: tuple[tuple[type[Any], str], ...] = (
    (MergeJournal, "images"),
    (HandOver, "ended"),
    (HandOverBatch, "left"),
)
"""Where states of other records are kept, so that something can be undone."""


def erase_traces(
    session: Session,
    erased: Mapping[str, Collection[UUID]],
    shared: Mapping[str, Collection[UUID]],
    changed: Collection[UUID],
    texts: re.Pattern[str] | None,
) -> None:
    """Erase what is left of records elsewhere, once they are written without their values.

    ``erased`` are the ids of records that lost all of them, by entity, ``shared`` of those that lost names alone, which
    ``texts`` finds. ``changed`` are the ids of others that lost something.
    """
    every = {id for ids in erased.values() for id in ids}
    touched = every | set(changed)
    customers = erased.get("customer", ())
    strip_copies(session, every)
    _forget_candidates(session, customers)
    session.flush()
    with faults_translated():
        erase_responses(session, touched, texts)
        _erase_parked(session, touched)
        index_customers(session, list(customers))
    for entity in plan_of(session.database.registry).entities:
        gone = {*erased.get(entity, ()), *(id for id in shared.get(entity, ()) if id in touched)}
        if gone:
            forget(session, entity, gone)
    with faults_translated():
        named = _still_named(session, {id for ids in shared.values() for id in ids}, texts)
    erase_deltas(session, sorted(touched | named))


def strip_copies(session: Session, ids: Collection[UUID]) -> int:
    """Take erased records out of the journals that would bring them back; returns how many journals lost something.

    A merge of an erased record cannot be undone any more; any other is undone as far as its records are left.
    """
    wanted, stripped = frozenset(ids), 0
    for cls, field in _COPIES:
        for id in list(_naming(session, cls, field, wanted)):
            # One at a time: a journal may be long.
            (record,) = session.list(cls, id=id, deleted=True)
            before = getattr(record, field)
            about = isinstance(record, MergeJournal) and not wanted.isdisjoint((record.kept_id, record.lost_id))
            after = () if about else _stripped(before, wanted)
            if after != before:
                session.update(change(record, **{field: after}))
                stripped += 1
    session.flush()
    return stripped


def claims_naming(session: Session, customer: UUID, *, rejected: bool = False) -> list[IdentityClaim]:
    """Return the claims, deleted ones too, that may be a customer; with ``rejected`` also those that are found not to."""
    table = session.database.tables["identity_claim"]
    names = ("candidates", "rejected") if rejected else ("candidates",)
    named = [_as_text(session, table.c[name]).like(f"%{customer}%") for name in names]
    mine = (table.c.tenant_id == session.actor.tenant_id, sa.or_(*named))
    with faults_translated():
        ids = list(session.connection.scalars(sa.select(table.c.id).where(*mine)))
    return [claim for chunk in distinct_chunks(ids) for claim in session.list(IdentityClaim, id=chunk, deleted=True)]


def journals_of(session: Session, ids: Collection[UUID]) -> int:
    """Return how many merges in force could not be undone any more."""
    table, found = session.database.tables["merge_journal"], set[UUID]()
    for chunk in distinct_chunks(ids):
        about = sa.or_(table.c.kept_id.in_(chunk), table.c.lost_id.in_(chunk))
        mine = (table.c.tenant_id == session.actor.tenant_id, table.c.undone_at.is_(None), table.c.deleted_at.is_(None))
        found.update(session.connection.scalars(sa.select(table.c.id).where(*mine, about)))
    return len(found)


def _naming(session: Session, cls: type[Any], field: str, wanted: frozenset[UUID]) -> Iterator[UUID]:
    """Yield the ids of journals, deleted ones too, that name one of the records."""
    name = session.database.registry.get(cls).name
    table, last = session.database.tables[name], UUID(int=0)
    sides = [table.c[side] for side in ("kept_id", "lost_id") if side in table.c]
    while True:
        page = session.connection.execute(
            sa.select(table.c.id, _as_text(session, table.c[field]), *sides)
            .where(table.c.tenant_id == session.actor.tenant_id, table.c.id > last)
            .order_by(table.c.id)
            .limit(PAGE)
        ).all()
        for id, held, *between in page:
            if not wanted.isdisjoint(between) or not wanted.isdisjoint(ids_in(held)):
                yield id
        if len(page) < PAGE:
            return
        last = page[-1][0]


def _stripped(images: tuple[Mapping[str, Any], ...], wanted: frozenset[UUID]) -> tuple[Mapping[str, Any], ...]:
    """Return images without those of erased records. An image of several records keeps the others."""
    kept: list[Mapping[str, Any]] = []
    for image in images:
        if "ids" in image:
            ids = [id for id in image["ids"] if UUID(id) not in wanted]
            if ids:
                kept.append(image if len(ids) == len(image["ids"]) else {**image, "ids": ids})
        elif wanted.isdisjoint(ids_in(to_json(image))):
            kept.append(image)
    return tuple(kept)


def _forget_candidates(session: Session, customers: Collection[UUID]) -> None:
    """Take erased customers from the candidates of claims: whoever it was, it is none of them."""
    for customer in customers:
        for claim in claims_naming(session, customer, rejected=True):
            candidates = tuple(c for c in claim.candidates if c.get("customer_id") != str(customer))
            rejected = tuple(id for id in claim.rejected if id != str(customer))
            session.update(change(claim, candidates=candidates, rejected=rejected))


def _as_text(session: Session, column: sa.Column[Any]) -> sa.ColumnElement[str]:
    """Return a column of JSON as its text."""
    if session.database.dialect == "postgresql":
        return sa.cast(column, sa.Text())
    return sa.type_coerce(column, sa.Text())


def _erase_parked(session: Session, ids: Collection[UUID]) -> None:
    """Take the words of errors away that plugins met with events of these records."""
    parked, log = session.database.table("parked_events"), session.database.tables["event"]
    tenant, wanted = session.actor.tenant_id, frozenset(ids)
    rows = session.connection.execute(
        sa.select(parked.c.position, log.c.record_id)
        .join(log, log.c.position == parked.c.position)
        .where(parked.c.tenant_id == tenant, parked.c.error != "", log.c.tenant_id == tenant)
    ).all()
    told = sorted({position for position, record in rows if record in wanted})
    for chunk in distinct_chunks(told):
        mine = (parked.c.tenant_id == tenant, parked.c.position.in_(chunk))
        session.connection.execute(parked.update().where(*mine).values(error=""))


def _still_named(session: Session, ids: Collection[UUID], texts: re.Pattern[str] | None) -> set[UUID]:
    """Return which records' audit entries hold what was taken out of the records."""
    found: set[UUID] = set()
    if texts is None:
        return found
    table = session.database.tables["audit_entry"]
    wanted = sorted(ids)
    for chunk in in_chunks(wanted):
        statement = sa.select(table.c.record_id, table.c.delta).where(
            table.c.tenant_id == session.actor.tenant_id, table.c.record_id.in_(chunk)
        )
        for id, delta in session.connection.execute(statement):
            if id not in found and texts.search(to_json(delta)):
                found.add(id)
    return found
