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
from crmkit.core.values.ids import new_id_bytes, new_id_text
from crmkit.hooks.causation import Cause
from crmkit.store.codec import Codec
from crmkit.store.types import encode, spelled, to_json, uuid_from_bytes
from crmkit.store.writing import Writer

NO_ORIGIN = "{}"
"""The origin of a change that no plugin had a part in."""


class DeltaWriter:
    """Makes the audit delta of records of one entity, as JSON text, by functions generated once."""

    def __init__(self, info: EntityInfo) -> None:
        audited = [field for field in info.stored if field.audited]
        self.names = tuple(field.name for field in audited)
        self.created: Callable[[Any], str] = _generate_created(info, audited)
        """Returns the filled fields of a new record."""
        self._values: Callable[[Any], tuple[Any, ...]] = attrgetter(*self.names)

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


def _generate_created(info: EntityInfo, fields: Sequence[FieldInfo]) -> Callable[[Any], str]:
    """Return the function that writes the fields of a record that differ from their defaults as JSON."""
    names: dict[str, Any] = {"spelled": spelled, "encode": encode}
    lines = ["def created(r):", "    found = {}"]
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
    lines.append("    return encode(found).decode()")
    exec(compile("\n".join(lines), f"<delta of {info.name}>", "exec"), names)
    made: Callable[[Any], str] = names["created"]
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
    """Collects the audit and event rows of one flush, as driver values.

    An event repeats its audit entry but for its type and ``depth``, so it is made when somebody asks for it.
    """

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
        to_id = codecs["audit_entry"].to_driver["id"]
        self._id = to_id or _same
        self._new_id: Callable[[], Any] = new_id_text if to_id is None else new_id_bytes
        self._instant = codecs["audit_entry"].to_driver["occurred_at"] or _same
        self.audit: list[tuple[Any, ...]] = []
        self._depth = 0
        # The types of domain events, which are their names, by the place of their audit entry.
        self._named: dict[int, str] = {}
        self._origins: dict[tuple[str, str, tuple[tuple[str, str], ...]], str] = {}

    @property
    def first(self) -> UUID | None:
        """The id of the first event."""
        if not self.audit:
            return None
        id = self.audit[0][0]
        return uuid_from_bytes(id) if isinstance(id, bytes) else UUID(id)

    @property
    def event_rows(self) -> list[tuple[Any, ...]]:
        """The rows of the events, in the order of their audit entries."""
        named, depth = self._named, self._depth
        return [
            (
                *(id, tenant, named.get(place) or f"{entity}.{action}", entity, record),
                *(at, who, by, because, depth),
            )
            for place, (id, tenant, at, who, _, by, entity, record, action, _, because, *_) in enumerate(self.audit)
        ]

    def insert(self, writer: Writer, cursor: Any) -> None:
        """Insert all of them."""
        if self._named or len(self.audit) == 1:
            writer.insert(cursor, "audit_entry", self.audit)
            writer.insert(cursor, "event", self.event_rows)
        else:
            writer.insert_journal(cursor, self.audit, self._depth)

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
        add, new_id, created = self.audit.append, self._new_id, delta.created
        usual = self._origin(plugin, cause.hook)
        special = bool(plugins or derived)
        by, because, origin, events = plugin, why, usual, cause.events
        origins: dict[tuple[str, str, int], str] = {}
        first = len(self.audit)
        for before, after in pairs:
            record_id = after.id
            if special:
                by = plugins.get(record_id, plugin)
                fields = derived.get(record_id)
                if by is not plugin or fields:
                    # Records share what is noted of them, where it is the same.
                    hook = DERIVE if record_id in plugins else cause.hook
                    key = (by, hook, id(fields))
                    known = origins.get(key)
                    if known is None:
                        known = origins[key] = self._origin(by, hook, tuple(fields.items()) if fields else ())
                    origin = known
                else:
                    origin = usual
            if events:
                own = self._own_cause(after, events)
                because = why if own is None else to_id(own)
            if before is None:
                action, text = "created", created(after)
            else:
                action, text = action_of(before, after), delta.updated(before, after)
            version, record = after.version, to_id(record_id)
            row = new_id(), tenant, at, who, whose, by, entity, record, action, version, because, text, origin
            add(row)
        self._depth = cause.depth
        if entity == DOMAIN_EVENT:
            self._name_domain_events(pairs, first)

    def _name_domain_events(self, pairs: Sequence[tuple[Any, Any]], first: int) -> None:
        """Give the events of new domain events the names of these as their types."""
        for place, (before, after) in enumerate(pairs, first):
            if before is None and "." in after.name:
                self._named[place] = after.name

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
        tenant, by = self._tenant, actor.plugin
        at, who, whose, why = self._circumstances(now, actor, cause)
        text, origin = self._deltas[entity].repointed(field, before, after), self._origin(by, cause.hook)
        self.audit += [
            (self._new_id(), tenant, at, who, whose, by, entity, record, "updated", version, why, text, origin)
            for record, version in moved
        ]
        self._depth = cause.depth

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
