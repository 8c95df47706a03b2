"""Filters that speak of segments: ``in segment "VIP"`` is replaced by what the segment is.

A saved filter stands in its place as if it had been typed there; a frozen list becomes a question for its members. What
is left knows no segments, and is asked and checked for rights as any other filter is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import UUID

from crmkit.core.filter.faults import FilterError, Unsuitable
from crmkit.core.filter.fold import fold
from crmkit.core.filter.parsing import parse
from crmkit.core.filter.printing import quote
from crmkit.core.filter.targets import resolve_children
from crmkit.core.filter.tokens import tokenize
from crmkit.core.filter.tree import (
    EVERYTHING,
    MAX_CONDITIONS,
    And,
    Compare,
    Has,
    InSegment,
    Not,
    Or,
    Predicate,
    check_size,
    parts,
)
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg, shown
from crmkit.core.registry import EntityRegistry

MAX_SEGMENTS = 8
"""How deep segments may be nested."""

MEMBERS, SEGMENT = "segment_members", "segment_id"
"""What counts the members of frozen lists, and the field that tells of which list."""


@frozen
class SegmentDefinition:
    """What a segment is: a saved ``filter`` of ``entity`` (empty: everything), or with ``frozen`` a list of members."""

    id: UUID
    name: str
    entity: str
    filter: str = ""
    frozen: bool = False


FindSegment = Callable[[str], SegmentDefinition | None]
"""Finds a segment by its name or id, among those that whoever asks may see."""


def speaks_of_segments(predicate: Predicate) -> bool:
    """Whether the filter says ``in segment`` anywhere."""
    return isinstance(predicate, InSegment) or any(speaks_of_segments(part) for part in parts(predicate))


def segments_named(predicate: Predicate) -> Iterator[str]:
    """Yield the names of the segments that the filter itself speaks of."""
    if isinstance(predicate, InSegment):
        yield predicate.name
    for part in parts(predicate):
        yield from segments_named(part)


def expanded(
    predicate: Predicate, registry: EntityRegistry, entity: str, find: FindSegment, around: tuple[str, ...] = ()
) -> Predicate:
    """Return the filter with every segment replaced by its meaning.

    ``around`` names the segments, outermost first, whose definition ``predicate`` is. Raises FilterError for a segment
    that there is not, that is of another entity or broken, for segments in a circle (with the circle), and for filters
    that become too deep or too large.
    """
    made = _Expansion(registry, find).expand(predicate, entity, around)
    check_size(made)
    return made


def segment_renamed(text: str, old: str, new: str) -> str:
    """Return the text of a filter with ``in segment old`` put as ``in segment new``; the rest stays to the letter."""
    made, done = "", 0
    tokens = tokenize(text)
    for first, second, name in zip(tokens, tokens[1:], tokens[2:], strict=False):
        words = (first.kind, first.text.lower(), second.kind, second.text.lower())
        if (
            words == ("word", "in", "word", "segment")
            and name.kind in ("word", "quoted")
            and fold(name.text) == fold(old)
        ):
            made += text[done : name.start] + quote(new)
            done = name.end
    return made + text[done:]


class _Expansion:
    def __init__(self, registry: EntityRegistry, find: FindSegment) -> None:
        self._registry, self._find = registry, find
        self._conditions = 0

    def expand(self, predicate: Predicate, entity: str, around: tuple[str, ...]) -> Predicate:
        match predicate:
            case And(items):
                return And(tuple(self.expand(item, entity, around) for item in items))
            case Or(items):
                return Or(tuple(self.expand(item, entity, around) for item in items))
            case Not(item):
                return Not(self.expand(item, entity, around))
            case Has(children, op, count, where) if where is not None:
                return Has(children, op, count, self.expand(where, self._child(children, entity), around))
            case InSegment(name):
                return self._meaning(name, entity, around)
        self._conditions += 1
        if self._conditions > MAX_CONDITIONS:
            # Each segment may be small and be used twice by the next one.
            raise FilterError(msg("with its segments it has more than {limit} conditions", limit=MAX_CONDITIONS))
        return predicate

    def _meaning(self, name: str, entity: str, around: tuple[str, ...]) -> Predicate:
        segment = self._find(name)
        if segment is None:
            raise FilterError(msg("there is no segment {name}, or none that you may see", name=shown(name)))
        if segment.entity != entity:
            problem = msg(
                "segment {name} is one of {entity}, not of {asked}",
                name=shown(segment.name),
                entity=segment.entity,
                asked=entity,
            )
            raise FilterError(problem)
        path = (*around, segment.name)
        if segment.name in around:
            circle = " → ".join(path[path.index(segment.name) :])
            raise FilterError(msg("segments lead in a circle: {circle}", circle=circle))
        if len(path) > MAX_SEGMENTS:
            raise FilterError(
                msg("segments are nested more than {limit} deep: {path}", limit=MAX_SEGMENTS, path=" → ".join(path))
            )
        if segment.frozen:
            return self.expand(Has(MEMBERS, where=Compare(SEGMENT, "=", segment.id)), entity, path)
        try:
            inner = parse(segment.filter, self._registry, entity) if segment.filter.strip() else EVERYTHING
        except FilterError as fault:
            raise FilterError(
                msg("segment {name}: {problem}", name=shown(segment.name), problem=fault.problem)
            ) from None
        return self.expand(inner, entity, path)

    def _child(self, children: str, entity: str) -> str:
        try:
            return resolve_children(children, self._registry, entity).entity
        except Unsuitable as fault:
            raise FilterError(fault.problem) from None
