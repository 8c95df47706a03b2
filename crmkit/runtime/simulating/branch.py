"""A throw-away copy in which recorded history takes place once more, under a configuration of its own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from crmkit.core.domain_event import DOMAIN_EVENT, creates
from crmkit.core.entity import EntityInfo, change
from crmkit.core.errors import CrmError, NotFound
from crmkit.core.frozen import frozen
from crmkit.core.lifecycle import Lifecycle
from crmkit.core.lifecycle_definition import LifecycleDefinition
from crmkit.core.values.clock import FixedClock
from crmkit.runtime.crm import Crm
from crmkit.runtime.simulating.recording import Deed, Entry
from crmkit.services.lifecycle.defining import active_lifecycles, define, ensure_lifecycles
from crmkit.services.lifecycle.evaluating import evaluate_rules
from crmkit.store.session import Session
from crmkit.store.trail import values_after

DAY = timedelta(days=1)


class QuietCrm(Crm):
    """A CRM whose notify hooks stay unheard unless ``tells``: they may reach beyond the copy."""

    tells = False

    def committed(self, first: UUID, entities: Collection[str]) -> None:
        if self.tells:
            super().committed(first, entities)


@frozen
class RefusedRecord:
    """A record of a deed that is refused; ``title`` is what the deed called it, where it says so."""

    entity: str
    record_id: UUID
    title: str


@frozen
class RefusedDeed:
    """Something that was done and is refused in a branch: when, whose, which records, and why."""

    at: datetime
    actor_id: UUID | None
    records: tuple[RefusedRecord, ...]
    reason: str


class Branch:
    """One course of events. ``ids`` maps ids of recorded records to those that hooks gave theirs here."""

    def __init__(self, crm: QuietCrm, clock: FixedClock, present: Callable[[str, UUID], Any]) -> None:
        self.crm, self._clock, self._present = crm, clock, present
        self.ids: dict[UUID, UUID] = {}
        self.refused: list[RefusedDeed] = []
        self.skipped = 0
        self._logged = 0
        self._staged: set[UUID] = set()
        self._absent: set[UUID] = set()
        self._evaluated: datetime | None = None
        self._lifecycles: set[str] = set()

    # -- the beginning ---------------------------------------------------------------------------------------------

    def load(self, records: Iterable[tuple[str, list[Any]]], at: datetime) -> None:
        """Fill the copy with records as they were ``at`` the beginning; no hook is asked."""
        self._clock.set(at)
        database, tenant = self.crm.database, self.crm.system.tenant_id
        with database.connection(tenant=tenant) as connection:
            connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
            cursor = connection.connection.cursor()
            for entity, found in records:
                codec = database.codecs[entity]
                rows = [codec.to_row(record, tenant.bytes) for record in found]
                database.writer.insert(cursor, entity, rows)
            cursor.close()
            connection.commit()
        self._evaluated = at

    def begin(self, lifecycles: Iterable[LifecycleDefinition], changed: bool) -> None:
        """Bring ``lifecycles`` into force where the branch is the one that is ``changed``.

        Raises ValidationFailed for a definition that is wrong, or leaves records without a stage.
        """
        with self.crm.session() as session:
            ensure_lifecycles(session, self.crm.lifecycles())
        with self.crm.session() as session:
            for definition in lifecycles:
                self._lifecycles.add(definition.name)
                before = [one for one in active_lifecycles(session) if one.name == definition.name]
                if changed:
                    made = define(session, definition)
                    self.ids.update({one.id: made.id for one in before})

    # -- what happens ----------------------------------------------------------------------------------------------

    def take(self, deed: Deed) -> None:
        """Let a recorded deed take place here, as far as it is somebody's own; hooks derive the rest anew."""
        if deed.by_rules or (self.crm.tells and deed.depth > 0):
            return
        self._days_until(deed.at)
        self._clock.set(deed.at)
        if deed.derived:
            self._logged = self._last_position()
        self._do(deed)
        if deed.derived:
            self._pair(deed.derived)

    def _do(self, deed: Deed) -> None:
        actor = attrs.evolve(self.crm.system, user_id=deed.actor_id, plugin=deed.own[0].plugin)
        skipped = self.skipped
        try:
            with self.crm.session(actor) as session:
                for entry in deed.own:
                    self._stage(session, entry)
        except CrmError as error:
            self.skipped = skipped
            if deed.in_bulk:
                for half in deed.halves():
                    self._do(half)
                return
            records = tuple(self._refused(entry) for entry in deed.own)
            self._absent.update(entry.record_id for entry in deed.own if entry.action == "created")
            self.refused.append(RefusedDeed(deed.at, deed.actor_id, records, "; ".join(error.lines())))

    def _refused(self, entry: Entry) -> RefusedRecord:
        info = self.crm.registry.get(entry.entity)
        title = entry.values.get(info.title or "", "") if entry.action == "created" else ""
        return RefusedRecord(entry.entity, entry.record_id, str(title))

    def finish(self, until: datetime) -> None:
        """Let the days up to ``until`` pass."""
        self._days_until(until)
        self._clock.set(until)
        self._evaluate()

    def _stage(self, session: Session, entry: Entry) -> None:
        registry = self.crm.registry
        if entry.entity not in {info.name for info in registry} or entry.action == "erased":
            self.skipped += 1
            return
        info = registry.get(entry.entity)
        id = self.ids.get(entry.record_id, entry.record_id)
        if entry.entity == "lifecycle" and self._known_lifecycle(session, info, entry):
            return
        values = self._values(info, entry)
        if not self._absent.isdisjoint(value for value in values.values() if isinstance(value, UUID)):
            # It follows from something that did not take place here.
            self.skipped += 1
            self._absent.add(entry.record_id)
            return
        if entry.action == "created":
            session.add(info.cls(**{**self._unrecorded(info, entry), **values, "id": id}))
            self._staged.add(id)
            return
        try:
            if entry.action == "restored":
                session.restore(info.cls, id)
                return
            record = session.get(info.cls, id)
        except NotFound:
            self.skipped += 1
            return
        if entry.action == "deleted":
            session.delete(record)
        else:
            values.pop("deleted_at", None)
            session.update(change(record, **values))

    def _known_lifecycle(self, session: Session, info: EntityInfo, entry: Entry) -> bool:
        """Whether a lifecycle need not be stored: it is the one under examination, or is in force already."""
        if entry.action != "created":
            return session.find(Lifecycle, id=self.ids.get(entry.record_id, entry.record_id)) is None
        then = info.cls(**values_after(info, entry.values, created=True))
        for one in active_lifecycles(session):
            if one.name == then.name and (one.name in self._lifecycles or one.revision == then.revision):
                self.ids[entry.record_id] = one.id
                return True
        return False

    def _values(self, info: EntityInfo, entry: Entry) -> dict[str, Any]:
        values = values_after(info, entry.values, entry.action == "created")
        return {
            name: self.ids.get(value, value) if isinstance(value, UUID) else value for name, value in values.items()
        }

    def _unrecorded(self, info: EntityInfo, entry: Entry) -> dict[str, Any]:
        """Return the fields of a new record that are not audited, as they are now."""
        names = [field.name for field in info.stored if not field.audited and not field.common]
        record = self._present(entry.entity, entry.record_id) if names else None
        return {} if record is None else {name: getattr(record, name) for name in names}

    def _pair(self, derived: Iterable[Entry]) -> None:
        """Note which records, derived here, stand for those that were derived then."""
        found: dict[tuple[str, str], list[UUID]] = {}
        for entity, plugin, id in self._created():
            found.setdefault((entity, plugin), []).append(id)
        made = {key: iter(ids) for key, ids in found.items()}
        for entry in derived:
            if entry.action == "created":
                here = next(made.get((entry.entity, entry.plugin), iter(())), None)
                if here is not None:
                    self.ids[entry.record_id] = here

    def _created(self) -> list[tuple[str, str, UUID]]:
        event = self.crm.database.tables["event"]
        statement = (
            sa.select(event.c.position, event.c.entity, event.c.plugin, event.c.record_id, event.c.type)
            .where(event.c.tenant_id == self.crm.system.tenant_id, event.c.position > self._logged)
            .order_by(event.c.position)
        )
        with self.crm.session(reads=True) as session:
            rows = session.connection.execute(statement).all()
        return [(row[1], row[2], row[3]) for row in rows if creates(row[1], row[4])]

    def _last_position(self) -> int:
        event = self.crm.database.tables["event"]
        with self.crm.session(reads=True) as session:
            return session.connection.scalar(sa.select(sa.func.max(event.c.position))) or 0

    # -- time ------------------------------------------------------------------------------------------------------

    def _days_until(self, at: datetime) -> None:
        """Let lifecycle rules do at each midnight (UTC) what is due, as the background does."""
        if self._evaluated is None:
            self._evaluated = at
        midnight = datetime.combine(self._evaluated.date(), datetime.min.time(), UTC) + DAY
        while midnight <= at:
            self._clock.set(midnight)
            self._evaluate()
            self._evaluated = midnight
            midnight += DAY

    def _evaluate(self) -> None:
        evaluate_rules(self.crm, self.crm.system)

    # -- the end ---------------------------------------------------------------------------------------------------

    def touched(self) -> dict[str, set[UUID]]:
        """Return the ids of all records that were written since the beginning, by entity."""
        event = self.crm.database.tables["event"]
        statement = sa.select(event.c.entity, event.c.record_id).distinct()
        found: dict[str, set[UUID]] = {}
        with self.crm.session(reads=True) as session:
            for entity, id in session.connection.execute(statement):
                found.setdefault(entity, set()).add(id)
        return found

    def made(self) -> set[UUID]:
        """Return the ids of records that hooks and rules made here and that no recorded record stands for."""
        event = self.crm.database.tables["event"]
        named = sa.and_(event.c.entity == DOMAIN_EVENT, event.c.type.not_like(f"{DOMAIN_EVENT}.%"))
        statement = sa.select(event.c.record_id).where(sa.or_(event.c.type.like("%.created"), named))
        with self.crm.session(reads=True) as session:
            created = set(session.connection.scalars(statement))
        return created - self._staged - set(self.ids.values())

    @property
    def recorded(self) -> Mapping[UUID, UUID]:
        """The ids of recorded records by those that they have here, where these differ."""
        return {here: recorded for recorded, here in self.ids.items()}
