"""Audit entries and events of a flush: written as rows, in the transaction of the changes they tell about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from types import MappingProxyType
from typing import Any
from uuid import UUID

import attrs

from crmkit.core.access import Actor
from crmkit.core.domain_event import DOMAIN_EVENT
from crmkit.core.entity import EntityInfo, FieldInfo
from crmkit.core.fieldtypes import Kind
from crmkit.core.origin import DERIVE, origin_text
from crmkit.core.values.ids import new_id
from crmkit.hooks.causation import Cause
from crmkit.store.codec import Codec
from crmkit.store.types import encoded, spelled, to_json

NO_ORIGIN = "{}"
"""The origin of a change that no plugin had a part in."""


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

    def __init__(
        self,
        codecs: Mapping[str, Codec],
        deltas: Mapping[str, DeltaWriter],
        tenant: Any,
        releases: Mapping[str, str],
    ) -> None:
        """``releases`` gives each plugin with its version, as ``crmkit.core.origin`` writes them."""
        self._deltas = deltas
        self._tenant = tenant
        self._releases = releases
        self._id = codecs["audit_entry"].to_driver["id"] or _same
        self._instant = codecs["audit_entry"].to_driver["occurred_at"] or _same
        self.audit: list[tuple[Any, ...]] = []
        self.event_rows: list[tuple[Any, ...]] = []
        self.first: UUID | None = None
        self._origins: dict[tuple[str, str, tuple[tuple[str, str], ...]], str] = {}

    def add(
        self,
        entity: str,
        pairs: list[tuple[Any, Any]],
        now: datetime,
        actor: Actor,
        plugins: Mapping[UUID, str],
        cause: Cause,
        derived: Mapping[UUID, Mapping[str, str]] = MappingProxyType({}),
    ) -> None:
        """Add the entries of changed records.

        ``plugins`` says which plugin derived a record, ``derived`` which release derived which of its fields.
        """
        delta, to_id, tenant = self._deltas[entity], self._id, self._tenant
        at, who, whose, why = self._circumstances(now, actor, cause)
        plugin = actor.plugin
        types = {action: f"{entity}.{action}" for action in ("created", "updated", "deleted", "restored")}
        audit, rows, depth = self.audit, self.event_rows, cause.depth
        usual = self._origin(plugin, cause.hook)
        special = bool(plugins or derived)
        by, because, origin, events = plugin, why, usual, cause.events
        for before, after in pairs:
            entry, action = new_id(), "created" if before is None else action_of(before, after)
            entry_id, record = to_id(entry), to_id(after.id)
            if special:
                by = plugins.get(after.id, plugin)
                fields = derived.get(after.id)
                if by is not plugin or fields:
                    hook = DERIVE if after.id in plugins else cause.hook
                    origin = self._origin(by, hook, tuple(fields.items()) if fields else ())
                else:
                    origin = usual
            if events:
                own = self._own_cause(after, events)
                because = why if own is None else to_id(own)
            text = delta.created(after) if before is None else delta.updated(before, after)
            audit.append(
                (entry_id, tenant, at, who, whose, by, entity, record, action, after.version, because, text, origin)
            )
            rows.append((entry_id, tenant, types[action], entity, record, at, who, by, because, depth))
            if self.first is None:
                self.first = entry
        if entity == DOMAIN_EVENT:
            self.name_domain_events(pairs)

    def name_domain_events(self, pairs: Sequence[tuple[Any, Any]]) -> None:
        """Give the events of new domain events, which were added last, the names of these as their types."""
        first = len(self.event_rows) - len(pairs)
        for number, (before, after) in enumerate(pairs, first):
            if before is None and "." in after.name:
                id, tenant, _, *rest = self.event_rows[number]
                self.event_rows[number] = (id, tenant, after.name, *rest)

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
        origin = self._origin(by, cause.hook)
        entries = [new_id() for _ in moved]
        for entry, (record, version) in zip(entries, moved, strict=True):
            entry_id = to_id(entry)
            self.audit.append(
                (entry_id, tenant, at, who, whose, by, entity, record, "updated", version, why, text, origin)
            )
            self.event_rows.append((entry_id, tenant, type, entity, record, at, who, by, why, depth))
        if self.first is None and entries:
            self.first = entries[0]

    def _circumstances(self, now: datetime, actor: Actor, cause: Cause) -> tuple[Any, Any, Any, Any]:
        """Return, as driver values, when it happened, who did it, for whom, and the event that caused it."""
        ids = (actor.acting_id, actor.on_behalf_id, cause.event_id)
        who, whose, why = [None if id is None else self._id(id) for id in ids]
        return self._instant(now), who, whose, why

    def _origin(self, plugin: str, hook: str, derived: tuple[tuple[str, str], ...] = ()) -> str:
        if not plugin and not derived:
            return NO_ORIGIN
        key = (plugin, hook, derived)
        found = self._origins.get(key)
        if found is None:
            found = origin_text(self._releases.get(plugin, plugin), hook if plugin else "", derived)
            self._origins[key] = found
        return found

    def _own_cause(self, record: Any, events: Mapping[UUID, UUID]) -> UUID | None:
        """Return the event about this very record or one that it refers to; None when a hook was told of none."""
        own = events.get(record.id)
        if own is None:
            # Nearly every record of a plugin refers to what it is about, as points do to a purchase.
            references = (getattr(record, name, None) for name in attrs.fields_dict(type(record)))
            own = next((events[id] for id in references if id.__class__ is UUID and id in events), None)
        return own


def _same(value: Any) -> Any:
    return value
