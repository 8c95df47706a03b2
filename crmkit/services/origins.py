"""Who and what audit entries name by id: users by their logins, causes in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.journal import AuditEntry
from crmkit.store.chunks import distinct_chunks
from crmkit.store.session import Session


class Origins:
    """Looks up, in three queries, what ``entries`` name. Whoever may read an entry may know who made it."""

    def __init__(self, session: Session, entries: Sequence[AuditEntry]) -> None:
        self._session = session
        people = {id for entry in entries for id in (entry.actor_id, entry.on_behalf_id) if id is not None}
        causes = {entry.cause_id for entry in entries if entry.cause_id is not None}
        self._logins = {row[0]: row[1] for row in self._rows("user", people, "login")}
        # An event has the id of its audit entry, which is quicker to find.
        events = self._rows("audit_entry", causes, "entity", "action", "record_id")
        self._causes = {row[0]: f"{row[1]}.{row[2]} {row[3]}" for row in events}
        self._causes |= {row[0]: f"import {row[1]}" for row in self._rows("import_run", causes, "name")}

    def login(self, user: UUID | None) -> str:
        """Return a user's login; the id of a user that is not known, the empty text for the system."""
        return "" if user is None else self._logins.get(user, str(user))

    def cause(self, cause: UUID | None) -> str:
        """Return what a cause is: an import by its name, an event by type and record, else the id."""
        return "" if cause is None else self._causes.get(cause, str(cause))

    def _rows(self, entity: str, ids: Iterable[UUID], *columns: str) -> list[Any]:
        session = self._session
        table = session.database.tables[entity]
        found: list[Any] = []
        for chunk in distinct_chunks(ids):
            statement = sa.select(table.c.id, *[table.c[name] for name in columns])
            statement = statement.where(table.c.tenant_id == session.actor.tenant_id, table.c.id.in_(chunk))
            found += session.connection.execute(statement).all()
        return found
