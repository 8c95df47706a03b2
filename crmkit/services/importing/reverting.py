"""Taking an import back: what it made is deleted, what it changed gets its old values, unless changed since.

The audit log says what an import did; every entry names the run as its cause. Entries are undone newest first. What is
undone already is passed over, so an interrupted revert is gone on with by starting it again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid5

import sqlalchemy as sa

from crmkit.core.access import Actor
from crmkit.core.domain_event import DOMAIN_EVENT
from crmkit.core.entity import EMPTY, EntityInfo, change
from crmkit.core.errors import Conflict, CrmError, NotFound
from crmkit.core.frozen import frozen
from crmkit.core.journal import AuditEntry, ImportRun
from crmkit.core.jsonforms import field_value
from crmkit.core.messages import Message, msg
from crmkit.hooks.causation import Cause
from crmkit.services.append_only import rewriting
from crmkit.store.application import Application
from crmkit.store.session import Session

CHUNK = 500
SHOWN = 100


@frozen
class RevertConflict:
    """A record that was left as it is, and why."""

    entity: str
    record_id: UUID
    title: str
    reason: Message


@frozen
class RevertReport:
    """How many records were ``deleted`` and ``restored`` to old values; ``conflicts`` counts those left alone."""

    run_id: UUID
    name: str
    dry_run: bool
    deleted: int
    restored: int
    conflicts: int
    shown: tuple[RevertConflict, ...]


def list_runs(session: Session, limit: int | None = None) -> list[ImportRun]:
    """Return the imports, newest first."""
    return session.list(ImportRun, order="-created_at", limit=limit)


def find_run(session: Session, needle: str) -> ImportRun:
    """Return the import with this id, or the newest one for "last" that is not reverted yet. Raises NotFound."""
    if needle == "last":
        found = session.list(ImportRun, "state != reverted", order="-created_at", limit=1)
        if not found:
            raise NotFound(msg("there is no import that could be reverted"))
        return found[0]
    return session.get(ImportRun, needle)


def revert_import(
    application: Application,
    actor: Actor,
    needle: str,
    *,
    dry_run: bool = False,
    on_progress: Callable[[int], None] | None = None,
) -> RevertReport:
    """Take the import ``needle`` (an id or "last") back and return what became of its records.

    ``on_progress`` gets the number of audit entries gone through. Raises NotFound, and Conflict when it was taken back
    before.
    """
    with Session(application, actor, reads=True) as session:
        run = find_run(session, needle)
    if run.state == "reverted":
        raise Conflict(msg("import {name} of {id} was reverted before", name=run.name, id=str(run.id)))
    reverter = _Reverter(application, actor, run, dry_run)
    reverter.run(on_progress)
    return reverter.report()


class _Reverter:
    def __init__(self, application: Application, actor: Actor, run: ImportRun, dry_run: bool) -> None:
        self._app, self._actor, self._run, self._dry_run = application, actor, run, dry_run
        # A cause of its own, the same for each attempt, tells the undoing from what was done.
        self._cause = Cause(event_id=uuid5(run.id, "revert"))
        self._deleted: set[UUID] = set()
        self._restored: set[UUID] = set()
        self._left: dict[UUID, RevertConflict] = {}
        # What records would hold by now, in a dry run.
        self._imagined: dict[UUID, Any] = {}

    def report(self) -> RevertReport:
        return RevertReport(
            run_id=self._run.id,
            name=self._run.name,
            dry_run=self._dry_run,
            deleted=len(self._deleted),
            restored=len(self._restored - self._deleted),
            conflicts=len(self._left),
            shown=tuple(self._left.values())[:SHOWN],
        )

    def run(self, on_progress: Callable[[int], None] | None) -> None:
        """Undo chunk by chunk, each one transaction, then mark the run as reverted."""
        before: UUID | None = None
        done = 0
        while True:
            with self._session() as session:
                entries = _entries(session, self._run.id, before)
            if not entries:
                break
            self._undo(entries)
            before, done = entries[-1].id, done + len(entries)
            if on_progress is not None:
                on_progress(done)
        if not self._dry_run:
            with self._session() as session:
                session.update(change(session.get(ImportRun, self._run.id), state="reverted"))

    def _session(self) -> Session:
        return Session(self._app, self._actor, cause=self._cause, reads=self._dry_run)

    def _undo(self, entries: Sequence[AuditEntry]) -> None:
        """Undo entries together; when that is refused, record by record, so that one cannot hold up the others."""
        left = dict(self._left)
        try:
            self._undo_together(entries)
            return
        except CrmError as error:
            if error.code in ("database_unavailable", "storage_full") or len({e.record_id for e in entries}) == 1:
                raise
        self._left = left
        for record in dict.fromkeys(entry.record_id for entry in entries):
            own = [entry for entry in entries if entry.record_id == record]
            try:
                self._undo_together(own)
            except CrmError as error:
                if error.code in ("database_unavailable", "storage_full"):
                    raise
                self._leave(own[0], "", error.message)

    def _undo_together(self, entries: Sequence[AuditEntry]) -> None:
        deleted: set[UUID] = set()
        restored: set[UUID] = set()
        with self._session() as session:
            by_entity: dict[str, list[AuditEntry]] = {}
            for entry in entries:
                # What plugins have told of stays told.
                if entry.entity != DOMAIN_EVENT:
                    by_entity.setdefault(entry.entity, []).append(entry)
            touched = _touched_since(session, entries, self._run.id, self._cause.event_id)
            changes: dict[UUID, Any] = {}
            for entity, some in by_entity.items():
                info = session.database.registry.get(entity)
                titled = info.title not in session.hidden(info.cls)
                ids = list(dict.fromkeys(entry.record_id for entry in some))
                current = {record.id: record for record in session.list(info.cls, id=ids)}
                for entry in some:
                    id = entry.record_id
                    record = changes.get(id) or self._imagined.get(id) or current.get(id)
                    if record is None or record.deleted_at is not None:
                        continue
                    undone = self._undone(info, entry, record, touched, titled)
                    if undone is record:
                        continue
                    changes[record.id] = undone
                    (deleted if undone.deleted_at is not None else restored).add(record.id)
            if self._dry_run:
                self._imagined.update({id: record for id, record in changes.items() if record.deleted_at is None})
            elif changes:
                # What was imported by mistake was never said, so append-only records go too.
                with rewriting(session):
                    session.update(*changes.values())
        self._deleted |= deleted
        self._restored |= restored

    def _undone(
        self, info: EntityInfo, entry: AuditEntry, record: Any, touched: Mapping[UUID, set[str]], titled: bool
    ) -> Any:
        """Return the record as it was before ``entry``; the record itself where it must stay as it is."""
        title = str(getattr(record, info.title, "")) if titled else ""
        if entry.action == "created":
            made = {name: field_value(info, name, value) for name, value in entry.delta.items()}
            for name in touched.get(record.id, ()):
                if name in info.by_name and getattr(record, name) != made.get(name, _empty(info, name)):
                    self._leave(entry, title, msg("somebody changed it after the import"))
                    return record
            return change(record, deleted_at=self._app.clock.now())
        values: dict[str, Any] = {}
        for name, (old, new) in entry.delta.items():
            if name not in info.by_name:
                continue
            old, new, now = field_value(info, name, old), field_value(info, name, new), getattr(record, name)
            if now == new:
                values[name] = old
            elif now != old:
                expected = msg("{field} was changed after the import", field=f"{info.name}.{name}")
                self._leave(entry, title, expected)
        return change(record, **values) if values else record

    def _leave(self, entry: AuditEntry, title: str, reason: Message) -> None:
        self._left.setdefault(entry.record_id, RevertConflict(entry.entity, entry.record_id, title, reason))


def _empty(info: EntityInfo, name: str) -> Any:
    """Return what a field holds that a new record's audit entry leaves out."""
    return EMPTY if name == "custom" else info.by_name[name].default


def _entries(session: Session, run: UUID, before: UUID | None) -> list[AuditEntry]:
    """Return the next audit entries of a run, newest first; ids sort by the time of their making.

    What a run did is all there is to undo, whoever may read the audit log; records are changed with the actor's rights.
    """
    with session.acting_as(session.actor.elevated()):
        table = session.table(AuditEntry)
        statement = sa.select(table.c.id).where(table.c.cause_id == run, table.c.entity != "import_run")
        if before is not None:
            statement = statement.where(table.c.id < before)
        ids = [row[0] for row in session.execute(statement.order_by(table.c.id.desc()).limit(CHUNK))]
        found = {entry.id: entry for entry in session.list(AuditEntry, id=ids)} if ids else {}
        return [found[id] for id in ids]


def _touched_since(
    session: Session, entries: Sequence[AuditEntry], run: UUID, revert: UUID | None
) -> Mapping[UUID, set[str]]:
    """Return which fields of the records that the run made were changed later, other than by plugins' hooks."""
    made = {entry.record_id: entry.version for entry in entries if entry.action == "created"}
    touched: dict[UUID, set[str]] = {}
    with session.acting_as(session.actor.elevated()):
        later = session.list(AuditEntry, record_id=list(made), plugin="", action="updated") if made else ()
    for entry in later:
        if entry.cause_id not in (run, revert) and entry.version > made[entry.record_id]:
            touched.setdefault(entry.record_id, set()).update(entry.delta)
    return touched
