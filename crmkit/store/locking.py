"""Holding records until the end of the transaction: nobody else changes them, or makes others refer to them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import cache
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.errors import AccessDenied, Conflict
from crmkit.core.messages import msg
from crmkit.store.faults import faults_translated

if TYPE_CHECKING:
    from crmkit.store.session import Session


STEP = 0.05
"""Seconds between two looks of somebody who does not wait for ever."""


def in_turn(session: Session, *words: str, patience: float | None = None) -> None:
    """Let those who name the same words go on one after the other, until the end of their transactions.

    Raises Conflict after ``patience`` seconds; None waits for ever. SQLite's writers take turns anyway.
    """
    session.flush()
    if session.database.dialect != "postgresql":
        return
    key = _number(session.actor.tenant_id, words)
    with faults_translated():
        if patience is None:
            session.connection.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))
            return
        end = monotonic() + patience
        while not session.connection.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(key))):
            if monotonic() >= end:
                raise Conflict(msg("somebody else is at the same thing at this moment; try again"))
            sleep(STEP)


def turns_that_are_free(connection: sa.Connection, tenant: UUID, names: Sequence[tuple[str, ...]]) -> list[bool]:
    """Take the turns of :func:`in_turn` that nobody else has at this moment; tells for each name whether it was taken."""
    if connection.dialect.name != "postgresql":
        return [True] * len(names)
    numbers = [_number(tenant, words) for words in names]
    with faults_translated():
        rows = connection.execute(_free(), {"numbers": sorted(set(numbers))})
        taken = {number for number, free in rows if free}
    return [number in taken for number in numbers]


@cache
def _free() -> sa.Select[Any]:
    numbers = sa.func.unnest(sa.bindparam("numbers", type_=sa.ARRAY(sa.BigInteger))).column_valued("number")
    return sa.select(numbers, sa.func.pg_try_advisory_xact_lock(numbers))


def _number(tenant: UUID, words: Sequence[str]) -> int:
    """Return the number that stands for a tenant's words."""
    named = tenant.bytes + "\0".join(words).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.sha256(named).digest()[:8], "big", signed=True)


def locked(session: Session, entity: str, ids: Iterable[UUID]) -> dict[UUID, Any]:
    """Hold records of ``entity``, deleted ones too, and return them as they are now, whatever the session saw before.

    Waits for transactions that write a reference to one of them. SQLite's writers take turns and need no lock. The
    caller has checked the rights. Raises AccessDenied in a session that only reads.
    """
    session.flush()
    if session.read_only:
        raise AccessDenied(msg("this session only reads"))
    database = session.database
    table, codec = database.tables[entity], database.codecs[entity]
    statement = (
        sa.select(*[table.c[name] for name in codec.load_columns])
        .where(table.c.tenant_id == session.actor.tenant_id, table.c.id.in_(sorted(ids)))
        # All in one order, so that two who want the same records do not wait for one another.
        .order_by(table.c.id)
    )
    if database.dialect == "postgresql":
        statement = statement.with_for_update()
    with faults_translated():
        found = [codec.from_row(row) for row in session.connection.execute(statement)]
    for record in found:
        session.work.current[record.id] = record
    return {record.id: record for record in found}
