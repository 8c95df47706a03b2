"""Records that do no more than follow a reference. They are many, so they are planned and written as sets of ids."""

from __future__ import annotations

from uuid import UUID
from weakref import WeakKeyDictionary

import attrs

from crmkit.core.entity import EntityInfo, FieldInfo
from crmkit.core.merging import generic_reference, policy_of
from crmkit.core.registry import EntityRegistry
from crmkit.store.repointing import DriverId
from crmkit.store.session import Session

Movable = frozenset[tuple[str, str]]
"""Entities and fields that a merge may change."""

_movable: WeakKeyDictionary[EntityRegistry, dict[str, Movable]] = WeakKeyDictionary()


@attrs.define
class Followers:
    """The records of ``info`` whose ``field`` goes from ``before`` to ``after``, and of which nothing else changes."""

    info: EntityInfo
    field: FieldInfo
    before: UUID
    after: UUID
    ids: dict[DriverId, None]

    def take_out(self, session: Session, id: UUID) -> bool:
        """Leave a record out, since more becomes of it; returns whether it was among them."""
        to_driver = session.database.codecs[self.info.name].to_driver["id"]
        key = to_driver(id) if to_driver else id
        if key not in self.ids:
            return False
        del self.ids[key]
        return True


def follow_alone(registry: EntityRegistry, merged: str, info: EntityInfo, field: FieldInfo) -> bool:
    """Whether letting ``field`` follow, where no unique key collides, has no further consequence in a merge of ``merged``.

    It has where a key, or a record that must not refer to one thing twice, has another field that the merge may change.
    """
    if field.reference == info.name:
        return False
    moving = movable(registry, merged)
    for key in info.unique:
        if field.name in key and any((info.name, name) in moving for name in key if name != field.name):
            return False
    if field.reference and policy_of(field) == "union":
        return not any(
            other.name != field.name and other.reference == field.reference and policy_of(other) == "union"
            for other in info.stored
        )
    return True


def movable(registry: EntityRegistry, merged: str) -> Movable:
    """Return the references that may follow when records of ``merged`` become one, directly or by way of others.

    Records that get the same unique key become one in turn, so what refers to these may follow as well.
    """
    known = _movable.setdefault(registry, {})
    if merged not in known:
        known[merged] = _closure(registry, merged)
    return known[merged]


def _closure(registry: EntityRegistry, merged: str) -> Movable:
    generic = {(info.name, field.name) for info in registry if (field := generic_reference(info)) is not None}
    united, moving = {merged}, set(generic)
    while True:
        for entity in united:
            moving |= {(info.name, field.name) for info, field in registry.references_to(entity) if info.editable}
        keyed = {
            info.name for info in registry if any((info.name, name) in moving for key in info.unique for name in key)
        }
        if keyed <= united:
            return frozenset(moving)
        united |= keyed
