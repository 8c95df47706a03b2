"""Which territory a lead belongs to. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from uuid import UUID

from crmkit.core.frozen import frozen
from crmkit_sfa.assignment.entities import Territory


@frozen
class Fit:
    """The territory that a lead belongs to, those above it from the nearest on, and others that fit and lost."""

    territory: Territory
    above: tuple[Territory, ...]
    overlapping: tuple[Territory, ...]


def in_force(record: Territory | object, day: date) -> bool:
    """Tell whether something with dates of validity counts on a day."""
    since, until = getattr(record, "valid_from", None), getattr(record, "valid_until", None)
    return (since is None or since <= day) and (until is None or until >= day)


def path(territory: Territory, by_id: Mapping[UUID, Territory]) -> tuple[Territory, ...] | None:
    """Return a territory and those above it, the nearest first; None where one is missing or it goes round."""
    found = [territory]
    while (parent := found[-1].parent_id) is not None:
        above = by_id.get(parent)
        if above is None or above in found:
            return None
        found.append(above)
    return tuple(found)


def fitting(territories: Sequence[Territory], matching: Collection[UUID], day: date) -> Fit | None:
    """Return the territory for a record that the filters of ``matching`` match, on a day; None when none fits.

    A territory fits when it and all above it are in force and match. Of several the higher priority wins, then the deeper
    one, then the name. One that lies above the winner is no overlap.
    """
    by_id = {territory.id: territory for territory in territories}
    ways = []
    for territory in territories:
        way = path(territory, by_id)
        if way is not None and all(one.id in matching and in_force(one, day) for one in way):
            ways.append(way)
    if not ways:
        return None
    above = {one.id for way in ways for one in way[1:]}
    ends = sorted(
        (way for way in ways if way[0].id not in above), key=lambda way: (-way[0].priority, -len(way), way[0].name)
    )
    best = ends[0]
    return Fit(best[0], best[1:], tuple(way[0] for way in ends[1:]))
