"""Which fields a filter reads, for checking stored filters against the rights of whoever runs them."""

from __future__ import annotations

from collections.abc import Iterator

from crmkit.core.filter.faults import FilterError, Unsuitable, unresolved
from crmkit.core.filter.targets import resolve_children, resolve_path
from crmkit.core.filter.tree import Compare, Empty, Has, In, InSegment, Match, Predicate, parts
from crmkit.core.registry import EntityRegistry


def fields_used(predicate: Predicate, registry: EntityRegistry, entity: str) -> frozenset[tuple[str, str]]:
    """Return the names (entity, field) of all fields that the filter reads.

    Raises FilterError for unknown ones, and for segments, which are to be replaced by their meaning before.
    """
    return frozenset(_used(predicate, registry, entity))


def _used(predicate: Predicate, registry: EntityRegistry, entity: str) -> Iterator[tuple[str, str]]:
    try:
        if isinstance(predicate, Compare | In | Match | Empty):
            target = resolve_path(predicate.path, registry, entity)
            here = entity
            for hop in target.hops:
                yield here, hop.field.name
                here = hop.target
            yield target.entity, target.field.name
        elif isinstance(predicate, InSegment):
            raise unresolved(predicate.name)
        elif isinstance(predicate, Has):
            children = resolve_children(predicate.children, registry, entity)
            yield children.up.entity, children.up.field
            entity = children.entity
    except Unsuitable as fault:
        raise FilterError(fault.problem) from None
    for part in parts(predicate):
        yield from _used(part, registry, entity)
