"""Why is a record as it is: who gave each field its present value, through which plugin, and what led to it.

Everything is read from what was recorded with the changes themselves: audit entries with the origin of each (see
``crmkit.core.origin``), the events that caused them, and the refusals that were kept. Nothing is guessed or run again.
Whoever may read a record may ask; values of fields that the actor may not read are masked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.audit_chain import is_tombstone
from crmkit.core.entity import STAMPED, EntityInfo, Part
from crmkit.core.errors import BadInput, NotFound, did_you_mean
from crmkit.core.field_rights import MASKED
from crmkit.core.frozen import frozen
from crmkit.core.journal import AuditEntry
from crmkit.core.messages import msg, shown
from crmkit.core.origin import DERIVE, Origin, Release, read_origin
from crmkit.core.values.ids import parse_id
from crmkit.hooks.causation import DEPTH_LIMIT
from crmkit.services.origins import Origins
from crmkit.store.chunks import distinct_chunks
from crmkit.store.refusals import Refusal, refusals_of
from crmkit.store.session import Session
from crmkit.store.trail import entries_where, records_now

How = Literal["written", "derived", "default", "erased", "unrecorded"]
"""How a field came to its value: somebody wrote it; a hook derived it; nobody did, it is the default; the log of it was
erased; the log does not tell."""


@frozen
class Deed:
    """One recorded change of a record: what happened, when, who did it and on whose behalf, by which plugin's hook.

    ``who`` and ``on_behalf`` are logins, empty for the system; ``by`` is None for what no plugin did. ``cause`` says in
    words what led to it where that is no change of a record: an import, a hand-over, a command.
    """

    id: UUID
    occurred_at: datetime
    entity: str
    record_id: UUID
    action: str
    version: int
    who: str
    on_behalf: str
    by: Release | None
    hook: str
    cause: str


@frozen
class FieldOrigin:
    """Where the present value of one field comes from.

    ``by`` and ``hook`` tell which plugin wrote or derived it, None for the one who acted in ``deed`` itself. ``because``
    holds the changes that led to ``deed``, the nearest first; the last one is what somebody did of his own accord.
    ``deed`` is None for what was never changed or is not recorded.
    """

    name: str
    value: Any
    how: How
    by: Release | None = None
    hook: str = ""
    deed: Deed | None = None
    because: tuple[Deed, ...] = ()


@frozen
class RefusedChange:
    """A change of the record that a plugin refused: when, who tried, which plugin's hook, and why (in English).

    ``reason`` is empty for a reader from whom fields of the record are hidden.
    """

    occurred_at: datetime
    who: str
    on_behalf: str
    by: Release
    hook: str
    reason: str
    because: tuple[Deed, ...] = ()


@frozen
class RecordOrigin:
    """Where a record comes from: its making, its fields and the refusals of changes to it that were kept."""

    entity: str
    id: UUID
    title: str
    made: Deed | None
    fields: tuple[FieldOrigin, ...]
    refused: tuple[RefusedChange, ...] = ()


def explain(session: Session, entity: type[Part] | str, id: UUID | str, *, fields: Iterable[str] = ()) -> RecordOrigin:
    """Return where a record comes from: by default its filled fields, else ``fields``, custom ones by their own names.

    Raises NotFound for a record that the actor may not see and BadInput for a field that the entity does not have.
    """
    info = session.database.registry.get(entity)
    key = parse_id(id)
    record = records_now(session, info.cls, [key]).get(key)
    if record is None:
        raise NotFound(msg("no {entity} with id {id}", entity=info.name, id=str(key)))
    entries = [entry for entry in entries_where(session, [key], lambda table: []) if entry.action != "erased"]
    refusals = refusals_of(session, key)
    present = _present(session, info, record)
    wanted = _wanted(info, present, tuple(fields))
    last = _last_changes(entries, wanted)
    deeds = _Deeds(session, [*last.values(), *entries[-1:]], [one.cause_id for one in refusals])
    return RecordOrigin(
        entity=info.name,
        id=key,
        title="" if (title := present.get(info.title)) is MASKED else str(title or ""),
        made=next((deeds.of(entry) for entry in entries[-1:] if entry.action == "created"), None),
        fields=tuple(_field(name, present.get(name), last.get(name), bool(entries), deeds) for name in wanted),
        # A reason may quote any field of the record.
        refused=tuple(_refused(one, deeds, quoted=not session.hidden(info.cls)) for one in refusals),
    )


def entity_of(session: Session, id: UUID) -> str | None:
    """Return the entity of the record with this id, as the audit log knows it; None for one that it does not know."""
    table = session.database.tables["audit_entry"]
    statement = sa.select(table.c.entity).where(table.c.tenant_id == session.actor.tenant_id, table.c.record_id == id)
    found: str | None = session.connection.scalar(statement.limit(1))
    return found


def _present(session: Session, info: EntityInfo, record: Any) -> dict[str, Any]:
    """Return what the audited fields hold, custom ones under their own names, ``MASKED`` for hidden ones."""
    values: dict[str, Any] = {}
    for name, value in session.shown(record).items():
        field = info.by_name[name]
        if name == "custom" and isinstance(value, Mapping):
            values.update(value)
        elif (field.audited or field.custom) and name not in STAMPED and name not in ("id", "custom"):
            values[name] = value
    return values


def _wanted(info: EntityInfo, present: Mapping[str, Any], asked: tuple[str, ...]) -> list[str]:
    known = {*present, *(field.name for field in info.fields if field.custom)}
    for name in asked:
        if name not in known:
            hint = did_you_mean(name, sorted(known))
            raise BadInput(msg("{entity} has no field {field}; {hint}", entity=info.name, field=shown(name), hint=hint))
    if asked:
        return list(dict.fromkeys(asked))
    return [name for name, value in present.items() if not _empty(value)]


def _last_changes(entries: Iterable[AuditEntry], wanted: Iterable[str]) -> dict[str, AuditEntry]:
    """Return the newest entry that tells of each field; one whose values were erased could have told of any."""
    found: dict[str, AuditEntry] = {}
    missing = set(wanted)
    for entry in entries:
        if not missing:
            break
        if is_tombstone(entry.delta):
            found.update(dict.fromkeys(missing, entry))
            break
        for name in missing & _told(entry):
            found[name] = entry
            missing.discard(name)
    return found


def _told(entry: AuditEntry) -> set[str]:
    """Return the fields that an entry tells of, custom ones under their own names."""
    told = set(entry.delta)
    if "custom" in told:
        held = entry.delta["custom"]
        before, after = ({}, held) if entry.action == "created" else (held[0] or {}, held[1] or {})
        told |= {name for name in {*before, *after} if before.get(name) != after.get(name)}
    return told


def _field(name: str, value: Any, entry: AuditEntry | None, recorded: bool, deeds: _Deeds) -> FieldOrigin:
    if entry is None:
        return FieldOrigin(name, value, "default" if recorded else "unrecorded")
    deed, because = deeds.of(entry), deeds.because(entry.cause_id)
    if is_tombstone(entry.delta):
        return FieldOrigin(name, value, "erased", deed=deed, because=because)
    origin: Origin = read_origin(entry.origin)
    if name in origin.derived:
        return FieldOrigin(name, value, "derived", origin.derived[name], DERIVE, deed, because)
    how: How = "derived" if origin.hook == DERIVE else "written"
    return FieldOrigin(name, value, how, deed.by, origin.hook, deed, because)


def _refused(one: Refusal, deeds: _Deeds, *, quoted: bool) -> RefusedChange:
    return RefusedChange(
        occurred_at=one.occurred_at,
        who=deeds.login(one.actor_id),
        on_behalf=deeds.login(one.on_behalf_id),
        by=one.by,
        hook=one.hook,
        reason=one.reason if quoted else "",
        because=deeds.because(one.cause_id),
    )


class _Deeds:
    """Turns audit entries into deeds, and follows causes back to the first: as many queries as the longest chain."""

    def __init__(self, session: Session, entries: Iterable[AuditEntry], causes: Iterable[UUID | None]) -> None:
        self._session = session
        self._entries: dict[UUID, AuditEntry] = {}
        mine = list(entries)
        self._read({*(entry.cause_id for entry in mine), *causes})
        self._origins = Origins(session, [*mine, *self._entries.values()])

    def of(self, entry: AuditEntry) -> Deed:
        """Return what an entry tells of."""
        origin = read_origin(entry.origin)
        caused = entry.cause_id is not None and entry.cause_id not in self._entries
        return Deed(
            id=entry.id,
            occurred_at=entry.occurred_at,
            entity=entry.entity,
            record_id=entry.record_id,
            action=entry.action,
            version=entry.version,
            who=self._origins.login(entry.actor_id),
            on_behalf=self._origins.login(entry.on_behalf_id),
            by=origin.by or (Release(entry.plugin) if entry.plugin else None),
            hook=origin.hook,
            cause=self._origins.cause(entry.cause_id) if caused else "",
        )

    def because(self, cause: UUID | None) -> tuple[Deed, ...]:
        """Return the changes that led to what has this cause, the nearest first."""
        found: list[Deed] = []
        while cause is not None and cause in self._entries and len(found) <= DEPTH_LIMIT:
            entry = self._entries[cause]
            found.append(self.of(entry))
            cause = entry.cause_id
        return tuple(found)

    def login(self, user: UUID | None) -> str:
        """Return a user's login; empty for the system."""
        return self._origins.login(user)

    def _read(self, causes: set[UUID | None]) -> None:
        database, session = self._session.database, self._session
        table, codec = database.tables["audit_entry"], database.codecs["audit_entry"]
        for _ in range(DEPTH_LIMIT + 1):
            unknown = [cause for cause in causes if cause is not None and cause not in self._entries]
            if not unknown:
                return
            for chunk in distinct_chunks(unknown):
                statement = sa.select(*[table.c[name] for name in codec.load_columns])
                statement = statement.where(table.c.tenant_id == session.actor.tenant_id, table.c.id.in_(chunk))
                for row in session.connection.execute(statement):
                    entry = codec.from_row(row)
                    self._entries[entry.id] = entry
            causes = {self._entries[cause].cause_id for cause in unknown if cause in self._entries}


def _empty(value: Any) -> bool:
    return value is not MASKED and (value is None or value == "" or value == () or value == {} or value is False)
