"""Reading recorded history back as deeds: what one actor did at one moment, in the order of the event log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from crmkit.core.frozen import frozen
from crmkit.core.journal import AuditEntry
from crmkit.store.session import Session

PAGE = 2_000
"""Entries read at a time."""

CORE = "crmkit"
"""The plugin that changes of the core's own rules are recorded under."""


@frozen
class Entry:
    """One recorded change of one record; ``values`` is the delta of the audit entry, ``depth`` that of the event."""

    at: datetime
    actor_id: UUID | None
    on_behalf_id: UUID | None
    cause_id: UUID | None
    plugin: str
    entity: str
    record_id: UUID
    action: str
    version: int
    values: Mapping[str, Any]
    depth: int

    @property
    def circumstances(self) -> tuple[object, ...]:
        """What all entries of one flush have in common."""
        return self.at, self.actor_id, self.on_behalf_id, self.cause_id, self.depth


@frozen
class Deed:
    """Changes that were written together. ``own`` are those that the actor made, ``derived`` what hooks added."""

    at: datetime
    actor_id: UUID | None
    depth: int
    cause_id: UUID | None
    own: tuple[Entry, ...]
    derived: tuple[Entry, ...]

    @property
    def in_bulk(self) -> bool:
        """Whether it is part of an import, where one record may be rejected and the others stay."""
        return self.cause_id is not None and self.depth == 0 and len(self.own) > 1

    def halves(self) -> tuple[Deed, Deed]:
        """Return it as two, each with what was derived then."""
        middle = len(self.own) // 2
        return attrs.evolve(self, own=self.own[:middle]), attrs.evolve(self, own=self.own[middle:])

    @property
    def by_rules(self) -> bool:
        """Whether lifecycle rules, not somebody, moved records."""
        return bool(self.own) and all(
            entry.entity == "stage_track" or (entry.entity == "stage_transition" and entry.values.get("rule"))
            for entry in self.own
        )


def deeds(session: Session, since: datetime | None, until: datetime) -> Iterator[Deed]:
    """Yield what was done after ``since`` (from the first on) up to ``until``, oldest first."""
    group: list[Entry] = []
    seen: set[tuple[str, UUID]] = set()
    for entry in _entries(session, since, until):
        key = (entry.entity, entry.record_id)
        if group and (entry.circumstances != group[-1].circumstances or key in seen):
            yield _deed(group)
            group, seen = [], set()
        group.append(entry)
        seen.add(key)
    if group:
        yield _deed(group)


def count(session: Session, since: datetime | None, until: datetime) -> int:
    """Return how many changes are recorded in that time."""
    table = session.database.tables["audit_entry"]
    found = session.connection.scalar(
        sa.select(sa.func.count()).select_from(table).where(*_within(session, table, since, until))
    )
    return found or 0


def _deed(group: list[Entry]) -> Deed:
    # Somebody's own changes have no plugin; where a plugin acts by itself, all have one, and only the core's are derived.
    authors = {entry.plugin for entry in group}
    author = "" if "" in authors else min(authors - {CORE}, default=CORE)
    own = tuple(entry for entry in group if entry.plugin == author)
    derived = tuple(entry for entry in group if entry.plugin != author)
    first = group[0]
    return Deed(first.at, first.actor_id, first.depth, first.cause_id, own, derived)


def _within(session: Session, table: sa.Table, since: datetime | None, until: datetime) -> list[Any]:
    conditions = [table.c.tenant_id == session.actor.tenant_id, table.c.occurred_at <= until]
    return conditions if since is None else [*conditions, table.c.occurred_at > since]


def _entries(session: Session, since: datetime | None, until: datetime) -> Iterator[Entry]:
    database = session.database
    audit, event, codec = database.tables["audit_entry"], database.tables["event"], database.codecs["audit_entry"]
    columns = [audit.c[name] for name in codec.load_columns]
    position = 0
    while True:
        rows = session.connection.execute(
            sa.select(event.c.position, event.c.depth, *columns)
            .select_from(event.join(audit, sa.and_(audit.c.id == event.c.id, audit.c.tenant_id == event.c.tenant_id)))
            .where(event.c.position > position, *_within(session, audit, since, until))
            .order_by(event.c.position)
            .limit(PAGE)
        ).all()
        for row in rows:
            position = row[0]
            yield _entry(codec.from_row(row[2:]), row[1])
        if len(rows) < PAGE:
            return


def _entry(found: AuditEntry, depth: int) -> Entry:
    return Entry(
        at=found.occurred_at,
        actor_id=found.actor_id,
        on_behalf_id=found.on_behalf_id,
        cause_id=found.cause_id,
        plugin=found.plugin,
        entity=found.entity,
        record_id=found.record_id,
        action=found.action,
        version=found.version,
        values=found.delta,
        depth=depth,
    )
