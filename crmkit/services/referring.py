"""What refers to records: so that nobody puts something away that others have come to need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.entity import EntityInfo, Part
from crmkit.core.merging import generic_reference
from crmkit.store.session import Session


def referring(session: Session, records: Sequence[Part]) -> Mapping[UUID, Mapping[str, int]]:
    """Return, by record and by the name of the entity, how many living records that the actor sees refer to it.

    Records of the journal do not count. One statement for each field that can refer to one of them.
    """
    counts: dict[UUID, dict[str, int]] = {record.id: {} for record in records}
    by_entity: dict[str, list[UUID]] = {}
    for record in records:
        by_entity.setdefault(session.database.registry.of(record).name, []).append(record.id)
    for entity, ids in by_entity.items():
        for info, name, of_entity in _references(session, entity):
            table = session.table(info.cls)
            column = table.c[name]
            asked: sa.Select[Any] = sa.select(column, sa.func.count()).where(column.in_(ids)).group_by(column)
            if of_entity:
                asked = asked.where(table.c.entity == entity)
            rows: list[Any] = [*session.execute(asked)]
            for id, number in rows:
                counts[id][info.name] = counts[id].get(info.name, 0) + number
    return counts


def _references(session: Session, entity: str) -> list[tuple[EntityInfo, str, bool]]:
    """Return the fields that can refer to records of an entity; those to records of any entity are marked."""
    registry = session.database.registry
    found = [(info, field.name, False) for info, field in registry.references_to(entity) if not field.custom]
    for info in registry:
        generic = generic_reference(info)
        if generic is not None:
            found.append((info, generic.name, "entity" in info.by_name))
    return [(info, name, narrow) for info, name, narrow in found if info.editable]
