"""By what an erased customer is known again: digests of identifiers, keyed with a secret of the tenant.

Nobody can read an identifier from a digest, and nobody without the database's secret can try identifiers. Digests are
kept apart from records, so that no export, list or search shows them.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.customer import Customer
from crmkit.store.chunks import in_chunks
from crmkit.store.faults import faults_translated
from crmkit.store.inserting import insert_new

if TYPE_CHECKING:
    from crmkit.store.session import Session

Identifier = tuple[str, ...]
"""What an identifier is, then its parts, as in ``("email", "anna@example.com")``."""


def erasure_secret(session: Session) -> bytes | None:
    """Return the tenant's secret; None when nobody was ever erased. One look at a row."""
    statements, key = session.database.statements, (Customer, ("erasure.secret",))
    statement = statements.get(key)
    if statement is None:
        table = session.database.table("erasure_secrets")
        statement = statements[key] = sa.select(table.c.secret).where(table.c.tenant_id == sa.bindparam("tenant"))
    with faults_translated():
        found = session.connection.scalar(statement, {"tenant": session.actor.tenant_id})
    return None if found is None else bytes(found)


def remember(session: Session, erasure_id: UUID, identifiers: Collection[Identifier]) -> None:
    """Keep the digests of identifiers under an erasure."""
    if not identifiers:
        return
    secret = secret_of(session)
    tenant = session.actor.tenant_id
    rows = [
        {"tenant_id": tenant, "digest": digest, "erasure_id": erasure_id}
        for digest in sorted({digest_of(secret, identifier) for identifier in identifiers})
    ]
    statement = insert_new(session.database.table("erased_keys"), session.database.dialect)
    with faults_translated():
        session.connection.execute(statement, rows)


def forget(session: Session, erasure_id: UUID) -> None:
    """Drop the digests of an erasure."""
    table = session.database.table("erased_keys")
    mine = (table.c.tenant_id == session.actor.tenant_id, table.c.erasure_id == erasure_id)
    with faults_translated():
        session.connection.execute(table.delete().where(*mine))


def erasures_of(session: Session, secret: bytes, identifiers: Iterable[Identifier]) -> Mapping[Identifier, UUID]:
    """Return the erasures, the latest of each, under which identifiers are remembered."""
    by_digest: dict[bytes, list[Identifier]] = {}
    for identifier in dict.fromkeys(identifiers):
        by_digest.setdefault(digest_of(secret, identifier), []).append(identifier)
    table, digests, found = session.database.table("erased_keys"), list(by_digest), dict[Identifier, UUID]()
    for chunk in in_chunks(digests):
        statement = (
            sa.select(table.c.digest, table.c.erasure_id)
            .where(table.c.tenant_id == session.actor.tenant_id, table.c.digest.in_(chunk))
            .order_by(table.c.erasure_id)
        )
        with faults_translated():
            for digest, erasure in session.connection.execute(statement):
                found.update(dict.fromkeys(by_digest[bytes(digest)], erasure))
    return found


def digest_of(secret: bytes, identifier: Identifier) -> bytes:
    """Return the digest of an identifier: the first 16 bytes of its HMAC-SHA256."""
    text = "\0".join(identifier).encode("utf-8", "surrogatepass")
    return hmac.digest(secret, text, "sha256")[:16]


def secret_of(session: Session) -> bytes:
    """Return the tenant's secret, made when there is none."""
    known = erasure_secret(session)
    if known is not None:
        return known
    table = session.database.table("erasure_secrets")
    made = {"tenant_id": session.actor.tenant_id, "secret": secrets.token_bytes(32)}
    with faults_translated():
        session.connection.execute(insert_new(table, session.database.dialect).values(made))
    found = erasure_secret(session)
    assert found is not None, "it was written, here or by whoever was quicker"
    return found
