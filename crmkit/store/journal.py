"""Audit entries and events of a flush: written as rows, in the transaction of the changes they tell about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from crmkit.core.access import Actor
from crmkit.core.entity import EntityInfo, FieldInfo
from crmkit.core.fieldtypes import Kind
from crmkit.core.values.ids import new_id
from crmkit.hooks.causation import Cause
from crmkit.store.codec import Codec
from crmkit.store.types import encoded, spelled, to_json


class DeltaWriter:
    """Makes the audit delta of records of one entity, as JSON text, by functions generated once."""

    def __init__(self, info: EntityInfo) -> None:
        audited = [field for field in info.stored if field.audited]
        self.names = tuple(field.name for field in audited)
        self._filled = _generate_filled(info, audited)
        self._values: Callable[[Any], tuple[Any, ...]] = attrgetter(*self.names)

    def created(self, record: Any) -> str:
        """Return the filled fields of a new record."""
        return encoded(self._filled(record))

    def updated(self, before: Any, after: Any) -> str:
        """Return the changed fields, each with its value before and after."""
        changed = {
            name: (old, new)
            for name, old, new in zip(self.names, self._values(before), self._values(after), strict=True)
            if old is not new and old != new
        }
        return to_json(changed)

    def repointed(self, field: str, before: UUID, after: UUID) -> str:
        """Return what ``updated`` does for records of which this one field changed."""
        return to_json({field: (before, after)} if field in self.names else {})


def _generate_filled(info: EntityInfo, fields: Sequence[FieldInfo]) -> Callable[[Any], dict[str, Any]]:
    """Return the function that collects the fields of a record that differ from their defaults, ready for JSON."""
    names: dict[str, Any] = {"spelled": spelled}
    lines = ["def filled(r):", "    found = {}"]
    for number, field in enumerate(fields):
        if field.default is None:
            test = f"(v := r.{field.name}) is not None"
        elif field.default == "":
            test = f"(v := r.{field.name})"
        else:
            names[f"d{number}"] = field.default
            test = f"(v := r.{field.name}) is not d{number} and v != d{number}"
        value = "spelled(v)" if field.kind in (Kind.PARTIAL_DATE, Kind.JSON) else "v"
        lines.append(f"    if {test}: found[{field.name!r}] = {value}")
    lines.append("    return found")
    exec(compile("\n".join(lines), f"<delta of {info.name}>", "exec"), names)
    made: Callable[[Any], dict[str, Any]] = names["filled"]
    return made


def action_of(before: Any, after: Any) -> str:
    """Return what happened to a record: created, updated, deleted or restored."""
    if before is None:
        return "created"
    if before.deleted_at is None and after.deleted_at is not None:
        return "deleted"
    if before.deleted_at is not None and after.deleted_at is None:
        return "restored"
    return "updated"


class JournalRows:
    """Collects the audit and event rows of one flush, as driver values; ``first`` is the id of the first event."""

    def __init__(self, codecs: Mapping[str, Codec], deltas: Mapping[str, DeltaWriter], tenant: Any) -> None:
        self._deltas = deltas
        self._tenant = tenant
        self._id = codecs["audit_entry"].to_driver["id"] or _same
        self._instant = codecs["audit_entry"].to_driver["occurred_at"] or _same
        self.audit: list[tuple[Any, ...]] = []
        self.event_rows: list[tuple[Any, ...]] = []
        self.first: UUID | None = None

    def add(
        self,
        entity: str,
        pairs: list[tuple[Any, Any]],
        now: datetime,
        actor: Actor,
        plugins: Mapping[UUID, str],
        cause: Cause,
    ) -> None:
        """Add the entries of changed records. ``plugins`` says which plugin derived a record."""
        delta, to_id, tenant = self._deltas[entity], self._id, self._tenant
        at, who, whose, why = self._circumstances(now, actor, cause)
        plugin = actor.plugin
        types = {action: f"{entity}.{action}" for action in ("created", "updated", "deleted", "restored")}
        audit, rows, depth = self.audit, self.event_rows, cause.depth
        for before, after in pairs:
            entry, action = new_id(), action_of(before, after)
            entry_id, record = to_id(entry), to_id(after.id)
            by = plugins.get(after.id, plugin) if plugins else plugin
            text = delta.created(after) if before is None else delta.updated(before, after)
            audit.append((entry_id, tenant, at, who, whose, by, entity, record, action, after.version, why, text))
            rows.append((entry_id, tenant, types[action], entity, record, at, who, by, why, depth))
            if self.first is None:
                self.first = entry

    def add_repointed(
        self,
        entity: str,
        field: str,
        before: UUID,
        after: UUID,
        moved: Sequence[tuple[Any, int]],
        now: datetime,
        actor: Actor,
        cause: Cause,
    ) -> None:
        """Add the entries of records whose reference ``field`` changed; ``moved`` holds driver's ids and new versions."""
        to_id, tenant, by, depth = self._id, self._tenant, actor.plugin, cause.depth
        at, who, whose, why = self._circumstances(now, actor, cause)
        text, type = self._deltas[entity].repointed(field, before, after), f"{entity}.updated"
        entries = [new_id() for _ in moved]
        for entry, (record, version) in zip(entries, moved, strict=True):
            entry_id = to_id(entry)
            self.audit.append((entry_id, tenant, at, who, whose, by, entity, record, "updated", version, why, text))
            self.event_rows.append((entry_id, tenant, type, entity, record, at, who, by, why, depth))
        if self.first is None and entries:
            self.first = entries[0]

    def _circumstances(self, now: datetime, actor: Actor, cause: Cause) -> tuple[Any, Any, Any, Any]:
        """Return, as driver values, when it happened, who did it, for whom, and the event that caused it."""
        ids = (actor.acting_id, actor.on_behalf_id, cause.event_id)
        who, whose, why = [None if id is None else self._id(id) for id in ids]
        return self._instant(now), who, whose, why


def _same(value: Any) -> Any:
    return value
