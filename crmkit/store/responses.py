"""Stored responses of commands: what of them concerns records, so that it can be erased with the records."""

from __future__ import annotations

import hmac
import re
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.customer import Customer
from crmkit.core.frozen import frozen
from crmkit.core.values.pattern import pattern
from crmkit.store.erased_keys import secret_of
from crmkit.store.faults import faults_translated
from crmkit.store.types import from_json

if TYPE_CHECKING:
    from crmkit.store.database import Database
    from crmkit.store.session import Session

MOST = 1_000
"""Records noted with a response; one that saw more is taken to concern everybody."""

ERASED_RESPONSE = '{"$erased":true}'
"""Stands in the place of a response that was erased: the command is not carried out again, and returns nothing."""

PAGE = 500

_ID = pattern(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)


@frozen
class StoredResponse:
    """What is stored of a command that was carried out: the digest of its content, and its result as JSON text."""

    fingerprint: str
    result: str
    created_at: datetime

    @property
    def erased(self) -> bool:
        """Whether the result was erased; the command is still known to have been carried out."""
        return self.result == ERASED_RESPONSE


def stored_response(session: Session, key: str) -> StoredResponse | None:
    """Return what is stored under an idempotency key; None when no such command was carried out. One statement."""
    return stored_responses(session.database, session.connection, session.actor.tenant_id, [key]).get(key)


def stored_responses(
    database: Database, connection: sa.Connection, tenant: UUID, keys: Sequence[str]
) -> dict[str, StoredResponse]:
    """Return what is stored under some of a tenant's idempotency keys, by key. One statement where nobody was erased."""
    secret, found = _stored(database, connection, tenant, keys)
    missing = [key for key in keys if key not in found] if secret is not None else []
    if secret is not None and missing:
        # Somebody was erased, so keys may have been replaced.
        replaced = {_erased_key(secret, key): key for key in missing}
        _, erased = _stored(database, connection, tenant, list(replaced))
        found |= {replaced[name]: response for name, response in erased.items()}
    return found


def _stored(
    database: Database, connection: sa.Connection, tenant: UUID, keys: Sequence[str]
) -> tuple[bytes | None, dict[str, StoredResponse]]:
    """Return the secret of the keys of what was erased, None before the first time, and what is stored under keys."""
    statements, name = database.statements, (Customer, ("responses.stored",))
    statement = statements.get(name)
    if statement is None:
        table, secrets = database.table("command_results"), database.table("erasure_secrets")
        mine = (table.c.tenant_id == sa.bindparam("tenant"), table.c.key.in_(sa.bindparam("keys", expanding=True)))
        secret = sa.select(secrets.c.secret).where(secrets.c.tenant_id == sa.bindparam("tenant")).scalar_subquery()
        one = sa.select(secret.label("secret")).subquery()
        columns = (one.c.secret, table.c.key, table.c.fingerprint, table.c.result, table.c.created_at)
        statement = statements[name] = sa.select(*columns).select_from(one.outerjoin(table, sa.and_(*mine)))
    rows = connection.execute(statement, {"tenant": tenant, "keys": list(keys)}).all()
    found = {
        row.key: StoredResponse(row.fingerprint, row.result, row.created_at) for row in rows if row.result is not None
    }
    return None if rows[0].secret is None else bytes(rows[0].secret), found


def store_response(session: Session, key: str, fingerprint: str, result: str) -> None:
    """Store the response (JSON text) of what was carried out under an idempotency key, within the same transaction.

    What the session has seen is noted with it. Raises UniqueViolation for a key that is stored already; where new rows
    wait, whoever inserts them does.
    """
    statement = session.database.table("command_results").insert()
    values = {
        "tenant_id": session.actor.tenant_id,
        "key": key,
        "fingerprint": fingerprint,
        "result": result,
        "records": records_seen(session),
        "created_at": session.clock.now(),
    }
    if session.deferred is not None:
        session.deferred.add_beside(statement, values)
        return
    with faults_translated():
        session.connection.execute(statement, values)
    session.written_beside()


def forget_responses(session: Session, prefix: str, before: datetime) -> int:
    """Forget the responses stored before an instant under keys that begin with ``prefix``; returns how many.

    Their keys are free again. Erased ones are not found by a prefix; they hold nothing.
    """
    table = session.database.table("command_results")
    # A range, which the primary key answers.
    end = prefix[:-1] + chr(ord(prefix[-1]) + 1)
    with faults_translated():
        done = session.connection.execute(
            table.delete().where(
                table.c.tenant_id == session.actor.tenant_id,
                table.c.key >= prefix,
                table.c.key < end,
                table.c.created_at < before,
            )
        )
    session.written_beside()
    return done.rowcount


def _erased_key(secret: bytes, key: str) -> str:
    """Return what stands in the place of a key that was erased: the same command still finds it."""
    return "erased:" + hmac.new(secret, key.encode("utf-8", "surrogatepass"), "sha256").hexdigest()


def records_seen(session: Session) -> bytes | None:
    """Return the ids of the records that a session has seen, 16 bytes each; None when they are too many to keep."""
    seen = session.work.current
    return None if len(seen) > MOST else b"".join(id.bytes for id in seen)


def erase_responses(session: Session, ids: Collection[UUID], texts: re.Pattern[str] | None) -> int:
    """Erase the stored responses of commands that saw one of these records, or in which ``texts`` finds something.

    Their keys become digests, by which the same commands are still known. Returns how many. The caller has checked the
    right to erase.
    """
    table, tenant = session.database.table("command_results"), session.actor.tenant_id
    wanted = frozenset(ids)
    found = [
        row.key
        for row in _rows(session, table)
        if _saw(row.records, wanted) or _concerns(row.key, wanted, texts) or _concerns(row.result, wanted, texts)
    ]
    secret = secret_of(session) if found else b""
    for key in found:
        erased = {"key": _erased_key(secret, key), "result": ERASED_RESPONSE, "fingerprint": "", "records": b""}
        # The key may have been used before, for what was erased earlier.
        session.connection.execute(table.delete().where(table.c.tenant_id == tenant, table.c.key == erased["key"]))
        session.connection.execute(
            table.update().where(table.c.tenant_id == tenant, table.c.key == key).values(**erased)
        )
    return len(found)


def ids_in(text: str) -> set[UUID]:
    """Return the ids that stand in a text."""
    return {UUID(found) for found in _ID.findall(text)}


def _rows(session: Session, table: sa.Table) -> Iterator[Any]:
    last = ""
    while True:
        page = session.connection.execute(
            sa.select(table.c.key, table.c.result, table.c.records)
            .where(table.c.tenant_id == session.actor.tenant_id, table.c.key > last)
            .where(table.c.result != ERASED_RESPONSE)
            .order_by(table.c.key)
            .limit(PAGE)
        ).all()
        yield from page
        if len(page) < PAGE:
            return
        last = page[-1].key


def _saw(records: bytes | None, wanted: frozenset[UUID]) -> bool:
    if records is None:
        return True
    packed = bytes(records)
    return any(UUID(bytes=packed[at : at + 16]) in wanted for at in range(0, len(packed), 16))


def _concerns(text: str, wanted: frozenset[UUID], texts: re.Pattern[str] | None) -> bool:
    if not wanted.isdisjoint(ids_in(text)):
        return True
    # In the JSON text, quotes and line ends look other than in the value.
    return texts is not None and any(texts.search(part) for part in _parts(text))


def _parts(text: str) -> Iterator[str]:
    yield text
    if text[:1] in '{["':
        yield from _strings(from_json(text))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
