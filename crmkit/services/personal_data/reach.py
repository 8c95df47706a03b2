"""Everything that is held on a person: all records that refer to the customer, their parts, and what refers to those.

It is found by the metadata of entities alone, so entities of plugins take part without doing anything for it. The
session must have every right; what is deleted counts as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal
from uuid import UUID

import attrs

from crmkit.core.entity import EntityInfo, FieldInfo, ViaLink
from crmkit.core.erasure import Policy, erase_policy
from crmkit.core.frozen import frozen
from crmkit.core.merging import generic_reference
from crmkit.core.personal_data import Erasure
from crmkit.store.chunks import distinct_chunks
from crmkit.store.session import Session

Key = tuple[str, UUID]
"""Entity and id of a record."""


@frozen
class Edge:
    """How a record was reached: by a reference with a policy, or as something that the person took part in."""

    policy: Policy | Literal["root", "joined"]
    source: Key


@attrs.define(eq=False)
class Reached:
    """A record that belongs to the person. ``shared``: other customers took part in it, too."""

    info: EntityInfo
    record: Any
    edges: list[Edge] = attrs.field(factory=list)
    shared: bool = False

    @property
    def key(self) -> Key:
        """Entity and id."""
        return self.info.name, self.record.id


@frozen
class Referring:
    """A record that is not about the person and loses its reference when the person is erased."""

    info: EntityInfo
    record: Any
    field: FieldInfo


class Reach:
    """What is held on the records ``roots`` of ``entity``, such as a customer and those merged into it."""

    def __init__(self, session: Session, entity: str, roots: Sequence[Any]) -> None:
        self._session, self._registry = session, session.database.registry
        self._root = self._registry.get(entity)
        self._roots = {record.id for record in roots}
        self.items: dict[str, dict[UUID, Reached]] = {
            entity: {r.id: Reached(self._root, r, [Edge("root", (entity, r.id))]) for r in roots}
        }
        self.referring: list[Referring] = []
        level: dict[str, set[UUID]] = {entity: set(self._roots)}
        while level:
            level = self._follow(level)

    def __iter__(self) -> Iterator[Reached]:
        for records in self.items.values():
            yield from records.values()

    def get(self, key: Key) -> Reached | None:
        """Return what was reached of an entity with an id."""
        return self.items.get(key[0], {}).get(key[1])

    def is_root(self, item: Reached) -> bool:
        """Whether it is one of the records that it began with."""
        return item.info is self._root and item.record.id in self._roots

    # -- the way -------------------------------------------------------------------------------------------------

    def _follow(self, level: Mapping[str, set[UUID]]) -> dict[str, set[UUID]]:
        found: dict[str, set[UUID]] = {}
        for info, field, ids in self._references(level):
            policy = erase_policy(info, field)
            if policy is None:
                continue
            for record in self._records(info, field, ids):
                source = _source(info, field, record, level)
                if source is None:
                    continue
                if policy == "clear":
                    self.referring.append(Referring(info, record, field))
                elif self._add(info, record, Edge(policy, source)):
                    found.setdefault(info.name, set()).add(record.id)
        for info, rule in self._joins():
            new = found.get(rule.link, set())
            for record, shared in self._joined(info, rule, [self.items[rule.link][id].record for id in new]):
                if self._add(info, record, Edge("joined", (self._root.name, record.id))):
                    found.setdefault(info.name, set()).add(record.id)
                self.items[info.name][record.id].shared = shared
        return found

    def _add(self, info: EntityInfo, record: Any, edge: Edge) -> bool:
        """Note a record and how it was reached; returns whether it is new."""
        records = self.items.setdefault(info.name, {})
        known = records.get(record.id)
        if known is None:
            records[record.id] = Reached(info, record, [edge])
            return True
        if edge not in known.edges:
            known.edges.append(edge)
        return False

    def _references(self, level: Mapping[str, set[UUID]]) -> Iterator[tuple[EntityInfo, FieldInfo, set[UUID]]]:
        """Yield every reference that may lead to records of ``level``, with their ids.

        Those that name the entity in a field of their own are asked once for all entities: there are many of these.
        """
        for entity, ids in level.items():
            for info, field in self._registry.references_to(entity):
                if info.editable:
                    yield info, field, ids
        everything = set().union(*level.values())
        for info in self._registry:
            generic = generic_reference(info)
            if generic is not None:
                yield info, generic, everything

    def _records(self, info: EntityInfo, field: FieldInfo, ids: Iterable[UUID]) -> Iterator[Any]:
        if field.custom:
            for id in sorted(ids):
                yield from self._session.list(info.cls, f"{field.name} = {id}", deleted=True)
            return
        for chunk in distinct_chunks(sorted(ids)):
            equal: dict[str, Any] = {field.name: chunk}
            yield from self._session.list(info.cls, deleted=True, **equal)

    # -- what the person took part in ----------------------------------------------------------------------------

    def _joins(self) -> Iterator[tuple[EntityInfo, ViaLink]]:
        """Yield the entities whose records the roots are joined to by another entity, as customers to interactions."""
        for info in self._registry:
            for rule in info.access:
                if isinstance(rule, ViaLink):
                    link = self._registry.get(rule.link)
                    if link.field(rule.there).reference == self._root.name:
                        yield info, rule

    def _joined(self, info: EntityInfo, rule: ViaLink, links: Sequence[Any]) -> Iterator[tuple[Any, bool]]:
        """Yield the records that the roots are joined to, and whether others are, too."""
        mine = [link for link in links if getattr(link, rule.there) in self._roots]
        living = {getattr(link, rule.here) for link in mine if link.deleted_at is None}
        for chunk in distinct_chunks(getattr(link, rule.here) for link in mine):
            others = self._others(rule, chunk)
            for record in self._session.list(info.cls, id=chunk, deleted=True):
                # Whoever was taken off a record again has no part in it; a record that is gone was theirs.
                if record.id in living or record.deleted_at is not None:
                    yield record, record.id in others

    def _others(self, rule: ViaLink, ids: list[UUID]) -> set[UUID]:
        """Return which of the records with these ids others than the roots take part in, who are not erased."""
        cls = self._registry.get(rule.link).cls
        equal: dict[str, Any] = {rule.here: ids}
        links = [link for link in self._session.list(cls, **equal) if getattr(link, rule.there) is not None]
        people = {getattr(link, rule.there) for link in links} - self._roots
        for chunk in distinct_chunks(sorted(people)):
            people -= {erasure.customer_id for erasure in self._session.list(Erasure, customer_id=chunk)}
        return {getattr(link, rule.here) for link in links if getattr(link, rule.there) in people}


def _value(record: Any, field: FieldInfo) -> UUID:
    found: UUID = record.custom[field.name] if field.custom else getattr(record, field.name)
    return found


def _source(info: EntityInfo, field: FieldInfo, record: Any, level: Mapping[str, set[UUID]]) -> Key | None:
    """Return the record of ``level`` that a record refers to; None where the id is that of another entity's record."""
    value = _value(record, field)
    named = field.reference or (record.entity if "entity" in info.by_name else "")
    if named:
        return (named, value) if value in level.get(named, ()) else None
    return next(((entity, value) for entity, ids in level.items() if value in ids), None)
