"""Removing contents that no attachment refers to any more."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import timedelta

import sqlalchemy as sa

from crmkit.core.errors import CrmError
from crmkit.services.attachments.attaching import Attachments
from crmkit.store.chunks import in_chunks
from crmkit.store.faults import faults_translated
from crmkit.store.session import Session

GRACE = timedelta(days=1)
"""Age below which a content is left alone: whoever put it may not have committed yet."""


def release(session: Session, attachments: Attachments, digests: Iterable[str]) -> None:
    """Remove these contents once the session is committed, as far as no attachment refers to them then.

    Deleted attachments still refer to theirs, since they can be restored; erased ones do not.
    """
    wanted = sorted({digest for digest in digests if digest})
    if wanted:

        def remove() -> None:
            _remove(session, attachments, wanted)

        session.after_commit(remove)


def sweep(session: Session, attachments: Attachments, grace: timedelta = GRACE) -> int:
    """Remove contents of the tenant that no attachment refers to and that are older than ``grace``; returns how many.

    Such are left behind when a transaction that attached something is rolled back. A content that
    cannot be read is left.
    """
    before = session.clock.now() - grace
    old = [digest for digest, at in attachments.contents.kept(session.actor.tenant_id) if at <= before]
    return _remove(session, attachments, old)


def _remove(session: Session, attachments: Attachments, digests: Collection[str]) -> int:
    tenant, contents, removed = session.actor.tenant_id, attachments.contents, 0
    for digest in sorted(set(digests) - _referred(session, digests)):
        try:
            content = contents.get(tenant, digest)
        except CrmError:
            continue
        contents.remove(tenant, digest)
        # Whoever attached the same content in between was too early for our question and too late for its own.
        if _referred(session, [digest]):
            contents.put(tenant, content, session.clock.now())
        else:
            removed += 1
    return removed


def _referred(session: Session, digests: Collection[str]) -> set[str]:
    """Return those that an attachment refers to, whoever may see it, asked anew of what is committed."""
    table = session.database.tables["attachment"]
    found: set[str] = set()
    wanted = sorted(digests)
    with faults_translated(), session.database.connection(reads=True, tenant=session.actor.tenant_id) as connection:
        for chunk in in_chunks(wanted):
            mine = (table.c.tenant_id == session.actor.tenant_id, table.c.sha256.in_(chunk))
            found.update(connection.scalars(sa.select(table.c.sha256).where(*mine)))
    return found
