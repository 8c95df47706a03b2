"""Adding or updating many records by a key of their own fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

import attrs
import sqlalchemy as sa

from crmkit.core.entity import STAMPED, Part, change
from crmkit.core.errors import ConfigError
from crmkit.core.messages import msg
from crmkit.store.chunks import in_chunks
from crmkit.store.database import Database
from crmkit.store.references import identifies, key_values
from crmkit.store.unit_of_work import Pair

if TYPE_CHECKING:
    from crmkit.store.session import Session


def upsert(session: Session, entity: type[Any], records: Sequence[Any], key: tuple[str, ...]) -> dict[str, int]:
    """Add new records and change known ones; returns the counts created, updated and unchanged.

    A record whose key is empty is a new one: it equals no other.
    """
    info = session.database.registry.get(entity)
    session.actor.require(info.name, "bulk")
    for name in key:
        if info.field(name).custom:
            raise ConfigError(
                msg("{entity}.{field} cannot be a key: it is a custom field", entity=info.name, field=name)
            )
    keys = [key_values(record, key) for record in records]
    known = find_by_key(session, entity, key, [values for values in keys if identifies(values)])
    counts = {"created": 0, "updated": 0, "unchanged": 0}
    for record, values in zip(records, keys, strict=True):
        before = known.get(values)
        if before is None:
            session.add(record)
            if identifies(values):
                known[values] = record
            counts["created"] += 1
            continue
        after = overlay(before, filled_values(record))
        known[values] = after
        if after == before:
            counts["unchanged"] += 1
        else:
            session.update(after)
            counts["updated"] += 1
    return counts


def find_by_key(
    session: Session, entity: type[Any], key: tuple[str, ...], wanted: Sequence[tuple[Any, ...]]
) -> dict[tuple[Any, ...], Any]:
    """Return the records, by key, that have one of the wanted keys. One statement asks for many."""
    info = session.database.registry.get(entity)
    found: dict[tuple[Any, ...], Any] = {}
    if not wanted:
        return found
    # The most selective part of the key narrows the search; the rest is compared here.
    lead = max(range(len(key)), key=lambda place: len({values[place] for values in wanted}))
    values = list({values[lead] for values in wanted if values[lead] is not None})
    keys = set(wanted)
    others = {
        name: wanted[0][place]
        for place, name in enumerate(key)
        if place != lead and len({values[place] for values in wanted}) == 1 and wanted[0][place] is not None
    }
    for chunk in in_chunks(values):
        equal: dict[str, Any] = {key[lead]: chunk, **others}
        for record in session.list(info.cls, None, **equal):
            record_key = key_values(record, key)
            if record_key in keys:
                found[record_key] = record
    return found


def filled_values(record: Part) -> dict[str, Any]:
    """Return the fields of a record that differ from their defaults, bookkeeping and id left out."""
    values: dict[str, Any] = {}
    for attribute in attrs.fields(cast(Any, type(record))):
        if attribute.name in STAMPED or attribute.name in ("id", "deleted_at"):
            continue
        value = getattr(record, attribute.name)
        if attribute.default is attrs.NOTHING or value != attribute.default:
            values[attribute.name] = value
    return values


def overlay(before: Any, values: dict[str, Any]) -> Any:
    """Return ``before`` with other values; custom fields are merged, and the record itself when nothing differs."""
    changed = {name: value for name, value in values.items() if getattr(before, name) != value}
    if "custom" in changed:
        changed["custom"] = {**before.custom, **changed["custom"]}
        if changed["custom"] == before.custom:
            del changed["custom"]
    return change(before, **changed) if changed else before


def keys_in_use(
    connection: sa.Connection,
    database: Database,
    tenant: UUID,
    entity: str,
    key: tuple[str, ...],
    pairs: Sequence[Pair],
    own: set[UUID],
) -> set[tuple[Any, ...]]:
    """Return the unique keys of ``pairs`` that living records other than ``own`` have in the database."""
    table = database.tables[entity]
    columns = [table.c[name] for name in key]
    lead = columns[-1]
    used: set[tuple[Any, ...]] = set()
    values = list({getattr(after, key[-1]) for _, after in pairs})
    for chunk in in_chunks(values):
        statement = sa.select(table.c.id, *columns).where(
            table.c.tenant_id == tenant, table.c.deleted_at.is_(None), lead.in_(chunk)
        )
        used.update(tuple(row[1:]) for row in connection.execute(statement) if row[0] not in own)
    return used
