"""Whom a change may concern: from a changed record of any entity to the records whose answer to a filter may differ.

A filter reads more than the record that it asks. Each place it reads from is a route back: from a user to the customers
it owns, from an interaction over its participants to customers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from crmkit.core.filter.faults import FilterError, Unsuitable, unresolved
from crmkit.core.filter.moments import Moment
from crmkit.core.filter.targets import resolve_children, resolve_path
from crmkit.core.filter.tree import Compare, Empty, Has, In, InSegment, Match, Me, Predicate, Value, parts
from crmkit.core.frozen import frozen
from crmkit.core.registry import EntityRegistry


@frozen
class Referring:
    """A step to the records of ``entity`` whose ``field`` holds one of the ids at hand."""

    entity: str
    field: str


@frozen
class Holding:
    """A step from records of ``entity`` to the ids that their ``field`` holds.

    Where ``kind_field`` is given, it names the entity of the record that is held, which must be ``kind``.
    """

    entity: str
    field: str
    kind_field: str = ""
    kind: str = ""


Step = Referring | Holding
Route = tuple[Step, ...]
"""Steps from the changed records to those that the filter asks; none where these are the changed ones themselves."""


def routes_of(predicate: Predicate, registry: EntityRegistry, entity: str) -> Mapping[str, frozenset[Route]]:
    """Return, for each entity that the filter reads, the ways from its records to those of ``entity`` that are asked.

    Raises FilterError for unknown fields, and for segments, which are to be replaced by their meaning before.
    """
    found: dict[str, set[Route]] = {entity: {()}}
    for name, route in _routes(predicate, registry, entity, ()):
        found.setdefault(name, set()).add(route)
    return {name: frozenset(some) for name, some in found.items()}


def depends_on_time(predicate: Predicate) -> bool:
    """Whether the answer may change without any record changing: the filter speaks of now, today and their like."""
    return any(isinstance(value, Moment) for value in values_of(predicate))


def depends_on_user(predicate: Predicate) -> bool:
    """Whether the filter speaks of me."""
    return any(isinstance(value, Me) for value in values_of(predicate))


def values_of(predicate: Predicate) -> Iterator[Value]:
    """Yield every value that the filter compares with, but the texts of ``contains`` and its kin."""
    if isinstance(predicate, Compare):
        yield predicate.value
    elif isinstance(predicate, In):
        yield from predicate.values
    for part in parts(predicate):
        yield from values_of(part)


def _routes(predicate: Predicate, registry: EntityRegistry, entity: str, route: Route) -> Iterator[tuple[str, Route]]:
    """Yield what is read beside records of ``entity``, from which ``route`` leads on."""
    try:
        if isinstance(predicate, Compare | In | Match | Empty):
            here = entity
            for hop in resolve_path(predicate.path, registry, entity).hops:
                route = (Referring(here, hop.field.name), *route)
                here = hop.target
                yield here, route
        elif isinstance(predicate, InSegment):
            raise unresolved(predicate.name)
        elif isinstance(predicate, Has):
            children = resolve_children(predicate.children, registry, entity)
            up = children.up
            kind = entity if up.kind_field else ""
            route = (Holding(up.entity, up.field, up.kind_field, kind), *route)
            yield up.entity, route
            if children.down:
                route = (Referring(up.entity, children.down), *route)
                yield children.entity, route
            entity = children.entity
    except Unsuitable as fault:
        raise FilterError(fault.problem) from None
    for part in parts(predicate):
        yield from _routes(part, registry, entity, route)
