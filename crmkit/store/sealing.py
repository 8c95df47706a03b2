"""Sealing the audit log: entries get their links in the chain after they were written, so that writing stays quick.

Entries are sealed in the order of their events. ``audit_links`` holds a row for each sealed entry, ``audit_seals`` one
for each batch: how long the chain was and how it ended. Where the log is not complete yet nothing is sealed.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.audit_chain import SALT_BYTES, Head, digest_of, first_link, link_of
from crmkit.core.frozen import frozen
from crmkit.core.journal import AuditEntry
from crmkit.store.database import Database

BATCH = 1_000
"""Entries under one seal, and in one transaction."""

_LOCK = 0x63726D6B


@frozen
class Seal:
    """What stood when a batch was sealed. ``position`` is the event up to which the log is sealed."""

    number: int
    length: int
    position: int
    link: bytes
    sealed_at: datetime

    @property
    def head(self) -> Head:
        """The end of the chain under this seal."""
        return Head(self.length, self.link)


def last_seal(connection: sa.Connection, database: Database, tenant: UUID) -> Seal | None:
    """Return the newest seal of a tenant, None when nothing is sealed yet."""
    table = database.table("audit_seals")
    row = connection.execute(
        sa.select(table.c.number, table.c.length, table.c.position, table.c.link, table.c.sealed_at)
        .where(table.c.tenant_id == tenant)
        .order_by(table.c.number.desc())
        .limit(1)
    ).first()
    return None if row is None else Seal(row[0], row[1], row[2], bytes(row[3]), row[4])


def lock_chain(connection: sa.Connection, tenant: UUID) -> None:
    """Until the transaction ends, let nobody else seal or erase in this tenant. SQLite's writers take turns anyway."""
    if connection.dialect.name == "postgresql":
        key = (_LOCK, int.from_bytes(tenant.bytes[-4:], "big", signed=True))
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(*[sa.cast(part, sa.Integer) for part in key])))


def seal_batch(connection: sa.Connection, database: Database, tenant: UUID, now: datetime, until: int) -> int:
    """Seal the next entries whose events stand up to position ``until``; the caller commits. Returns how many."""
    lock_chain(connection, tenant)
    last = last_seal(connection, database, tenant) or Seal(0, 0, 0, first_link(tenant), now)
    waiting = _unsealed(connection, database, tenant, last.position, until)
    if not waiting:
        return 0
    rows, sequence, link = [], last.length, last.link
    for _, entry in waiting:
        salt = secrets.token_bytes(SALT_BYTES)
        digest = digest_of(salt, entry.delta)
        sequence += 1
        link = link_of(link, sequence, entry, digest)
        rows.append(
            {
                "tenant_id": tenant,
                "sequence": sequence,
                "entry_id": entry.id,
                "salt": salt,
                "digest": digest,
                "link": link,
            }
        )
    connection.execute(database.table("audit_links").insert(), rows)
    connection.execute(
        database.table("audit_seals")
        .insert()
        .values(
            tenant_id=tenant,
            number=last.number + 1,
            length=sequence,
            position=waiting[-1][0],
            link=link,
            sealed_at=now,
        )
    )
    return len(rows)


def _unsealed(
    connection: sa.Connection, database: Database, tenant: UUID, after: int, until: int
) -> Sequence[tuple[int, AuditEntry]]:
    log, entries, codec = database.tables["event"], database.tables["audit_entry"], database.codecs["audit_entry"]
    statement = (
        sa.select(log.c.position, *[entries.c[name] for name in codec.load_columns])
        .join_from(log, entries, sa.and_(entries.c.id == log.c.id, entries.c.tenant_id == log.c.tenant_id))
        .where(log.c.tenant_id == tenant, log.c.position > after, log.c.position <= until)
        .order_by(log.c.position)
        .limit(BATCH)
    )
    return [(row[0], codec.from_row(row[1:])) for row in connection.execute(statement)]
