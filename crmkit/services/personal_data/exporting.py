"""Everything that is held on a person, as one document: to be handed out, and to see what there is.

It is made from the metadata of entities, so entities of plugins are in it without doing anything. What the actor may not
see is left out and counted: the document says when it is not complete.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from crmkit.core.customer import Customer
from crmkit.core.entity import EMPTY, STAMPED, EntityInfo, FieldInfo, ViaLink
from crmkit.core.errors import NotFound
from crmkit.core.field_rights import projected
from crmkit.core.fieldtypes import Kind
from crmkit.core.frozen import frozen
from crmkit.core.identity import IdentityClaim
from crmkit.core.journal import MergeJournal
from crmkit.core.merging import empty
from crmkit.core.messages import Message, msg
from crmkit.core.values.ids import parse_id
from crmkit.hooks.errors import CollectError
from crmkit.hooks.personal_data import PersonalData, PersonalDataRequest
from crmkit.hooks.run import run_collect
from crmkit.services.access.required import require_right
from crmkit.services.attachments import safe_name
from crmkit.services.merging.resolving import merged_into, resolve
from crmkit.services.personal_data.reach import Reach, Reached
from crmkit.services.personal_data.traces import claims_naming
from crmkit.store.chunks import distinct_chunks
from crmkit.store.references import existing_ids
from crmkit.store.session import Session
from crmkit.store.trail import entries_where

_LEFT_OUT = frozenset({*STAMPED, "custom"}) - {"created_at", "updated_at"}


@frozen
class Named:
    """A record that is referred to, with the name that people know it by, where the actor may see it."""

    entity: str
    id: UUID
    name: str = ""


@frozen
class Section:
    """The records of one entity, each with its filled fields by name; references are ``Named``.

    ``labels`` are what people call the fields. ``withheld`` counts the records that the actor may not see, ``hidden``
    names the fields.
    """

    entity: str
    label: str
    records: tuple[Mapping[str, Any], ...]
    labels: Mapping[str, str] = EMPTY
    withheld: int = 0
    hidden: tuple[str, ...] = ()


@frozen
class PluginBlock:
    """What a plugin holds beside its entities, or the ``error`` that kept it from saying."""

    plugin: str
    title: Message | None = None
    rows: tuple[Mapping[str, Any], ...] = ()
    error: Message | None = None


@frozen
class Merged:
    """A customer that was merged into this one, when, and when that was taken back."""

    lost_id: UUID
    kept_id: UUID
    at: datetime | None
    undone_at: datetime | None


@frozen
class Handled:
    """An entry of the audit log: when a record was changed, what was done, through which plugin, and which fields."""

    at: datetime
    entity: str
    record_id: UUID
    action: str
    plugin: str
    fields: tuple[str, ...]


@frozen
class File:
    """An attachment. ``path`` is where it stands in a folder or archive that is written."""

    path: str
    name: str
    media_type: str
    size: int
    sha256: str


@frozen
class PersonalExport:
    """All that is held on a person. ``customers`` are the ids under which the person was known, the present one first."""

    customer_id: UUID
    name: str
    customers: tuple[UUID, ...]
    made_at: datetime
    made_by: str
    sections: tuple[Section, ...]
    plugins: tuple[PluginBlock, ...]
    merges: tuple[Merged, ...]
    files: tuple[File, ...]
    history: tuple[Handled, ...] = ()

    @property
    def missing(self) -> tuple[Message, ...]:
        """What is not in it, and why."""
        found = [
            msg("{count} records of {entity} that you may not see", count=section.withheld, entity=section.label)
            for section in self.sections
            if section.withheld
        ]
        found += [
            msg("fields of {entity} that you may not see: {fields}", entity=s.label, fields=", ".join(s.hidden))
            for s in self.sections
            if s.hidden
        ]
        failed = [block for block in self.plugins if block.error is not None]
        return (*found, *(msg("plugin {plugin}: {error}", plugin=b.plugin, error=b.error) for b in failed))

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing


def export_person(session: Session, customer: Customer | UUID | str, *, history: bool = False) -> PersonalExport:
    """Return everything that is held on a customer, as far as the actor may see it; what is left out is counted.

    The id of a customer that was merged leads to what it became; deleted records are in it, too. ``history`` adds who
    changed what and when. Raises NotFound, and AccessDenied without the right to export the customer.
    """
    session.flush()
    given = customer.id if isinstance(customer, Customer) else parse_id(customer)
    id = resolve(session, Customer, given)
    require_right(session, session.database.registry.get(Customer), [id], "export")
    with session.acting_as(session.actor.elevated()):
        ids = (id, *merged_into(session, Customer, id))
        roots = sorted(session.list(Customer, id=list(ids), deleted=True), key=lambda one: ids.index(one.id))
        if not roots:
            raise NotFound(msg("no customer with id {id}", id=str(given)))
        reach = Reach(session, "customer", roots)
        possible = [claim for one in ids for claim in claims_naming(session, one)]
    return _Export(session, reach, roots, ids, possible).document(history)


class _Export:
    """One export, with the rights of the actor."""

    def __init__(
        self, session: Session, reach: Reach, roots: list[Any], ids: tuple[UUID, ...], possible: list[IdentityClaim]
    ) -> None:
        self._session, self._registry = session, session.database.registry
        self._roots, self._ids, self._known = roots, ids, frozenset(ids)
        self._records = self._held(reach, possible)
        self._visible = {name: self._seen(name, records) for name, records in self._records.items()}
        self._names = self._titles()

    def document(self, history: bool) -> PersonalExport:
        session, customer = self._session, self._roots[0]
        name = session.shown(customer, ["name"])["name"]
        return PersonalExport(
            customer_id=customer.id,
            name=str(name),
            customers=self._ids,
            made_at=session.clock.now(),
            made_by=session.actor.name,
            sections=tuple(self._sections()),
            plugins=tuple(self._blocks()),
            merges=tuple(self._merges()),
            files=tuple(self._files()),
            history=tuple(self._history()) if history else (),
        )

    # -- what is held --------------------------------------------------------------------------------------------

    def _held(self, reach: Reach, possible: Iterable[IdentityClaim]) -> dict[str, dict[UUID, Any]]:
        """Return the records by entity, the customer first, less those that are about other customers alone."""
        others = {
            (rule.link, rule.there)
            for info in self._registry
            for rule in info.access
            if isinstance(rule, ViaLink) and self._registry.get(rule.link).field(rule.there).reference == "customer"
        }
        found: dict[str, dict[UUID, Any]] = {"customer": {}}
        for item in reach:
            if not self._of_others(item, others):
                found.setdefault(item.info.name, {})[item.record.id] = item.record
        for one in reach.referring:
            found.setdefault(one.info.name, {})[one.record.id] = one.record
        for claim in possible:
            found.setdefault("identity_claim", {})[claim.id] = claim
        return found

    def _of_others(self, item: Reached, links: set[tuple[str, str]]) -> bool:
        there = [reference for link, reference in links if item.info.name == link]
        return any(getattr(item.record, reference) not in (None, *self._known) for reference in there)

    def _seen(self, entity: str, records: Mapping[UUID, Any]) -> set[UUID]:
        session = self._session
        return existing_ids(session.connection, session.database, session.narrowing, entity, records, deleted=True)

    def _sections(self) -> Iterator[Section]:
        for name, records in self._records.items():
            info = self._registry.get(name)
            hidden = self._session.hidden(info.cls)
            seen = [record for id, record in records.items() if id in self._visible[name]]
            shown = tuple(self._fields(info, record, hidden) for record in seen)
            filled = {field for record in shown for field in record}
            yield Section(
                entity=name,
                label=info.plural_label,
                records=shown,
                labels={field.name: field.label for field in info.fields if field.name in filled},
                withheld=len(records) - len(seen),
                hidden=tuple(sorted(hidden)) if seen else (),
            )

    def _fields(self, info: EntityInfo, record: Any, hidden: frozenset[str]) -> Mapping[str, Any]:
        fields = [f for f in info.fields if f.name not in _LEFT_OUT and f.name not in hidden]
        values = projected(info, record, hidden, [f.name for f in fields])
        shown = {f.name: self._value(info, f, record, values[f.name]) for f in fields if not empty(values[f.name])}
        declared = {f.name for f in info.fields if f.custom}
        free = {name: value for name, value in record.custom.items() if name not in declared and not empty(value)}
        return {**shown, **({"custom": free} if free and "custom" not in hidden else {})}

    # -- what it refers to ---------------------------------------------------------------------------------------

    def _value(self, info: EntityInfo, field: FieldInfo, record: Any, value: Any) -> Any:
        target = _target(field, record)
        if target is None or not isinstance(value, UUID):
            return value
        return Named(target, value, self._names.get((target, value), ""))

    def _titles(self) -> dict[tuple[str, UUID], str]:
        """Return the names of all records that are referred to and that the actor may see."""
        wanted: dict[str, set[UUID]] = {}
        for name, records in self._records.items():
            info = self._registry.get(name)
            for record in records.values():
                for field in info.fields:
                    target, value = _target(field, record), _referred(field, record)
                    if target is not None and target in self._registry and isinstance(value, UUID):
                        wanted.setdefault(target, set()).add(value)
        found: dict[tuple[str, UUID], str] = {}
        for entity, ids in wanted.items():
            info = self._registry.get(entity)
            if info.title in self._session.hidden(info.cls) or not info.editable:
                continue
            for chunk in distinct_chunks(sorted(ids)):
                for record in self._session.list(info.cls, id=chunk, deleted=True):
                    found[entity, record.id] = str(getattr(record, info.title, ""))
        return found

    # -- beside the records --------------------------------------------------------------------------------------

    def _blocks(self) -> Iterator[PluginBlock]:
        session = self._session
        caller = session.hooks.caller("collect_personal_data")
        call = PersonalDataRequest(session.masked(self._roots[0]), self._ids, session.cause)
        for plugin, item in run_collect(caller, session.contexts, call):
            if isinstance(item, CollectError):
                yield PluginBlock(plugin, error=item.message)
            elif isinstance(item, PersonalData):
                yield PluginBlock(plugin, item.title, item.rows)
            else:
                yield PluginBlock(plugin, error=msg("it returned {given}, not PersonalData", given=type(item).__name__))

    def _merges(self) -> Iterator[Merged]:
        with self._session.acting_as(self._session.actor.elevated()):
            found = self._session.list(MergeJournal, entity="customer", kept_id=list(self._ids))
            for one in sorted(found, key=lambda one: one.id):
                yield Merged(one.lost_id, one.kept_id, one.created_at, one.undone_at)

    def _files(self) -> Iterator[File]:
        hidden = self._session.hidden("attachment")
        if hidden & {"sha256", "filename"}:
            return
        number = 0
        for id, record in self._records.get("attachment", {}).items():
            if id in self._visible["attachment"] and record.sha256:
                number += 1
                path = f"files/{number:04}-{safe_name(record.filename)}"
                yield File(path, record.filename, record.media_type, record.size, record.sha256)

    def _history(self) -> Iterator[Handled]:
        ids = [id for name in self._records for id in self._visible[name]]
        entries = entries_where(self._session, ids, lambda table: [])
        for entry in sorted(entries, key=lambda entry: (entry.occurred_at, entry.id)):
            hidden = self._session.hidden(entry.entity) if entry.entity in self._registry else frozenset()
            fields = tuple(sorted(name for name in entry.delta if name not in hidden and not name.startswith("$")))
            yield Handled(entry.occurred_at, entry.entity, entry.record_id, entry.action, entry.plugin, fields)


def _target(field: FieldInfo, record: Any) -> str | None:
    """Return the entity that a field of a record refers to."""
    if field.reference:
        return field.reference
    generic = field.name == "record_id" and field.kind is Kind.ID
    return getattr(record, "entity", None) if generic else None


def _referred(field: FieldInfo, record: Any) -> Any:
    return record.custom.get(field.name) if field.custom else getattr(record, field.name)
