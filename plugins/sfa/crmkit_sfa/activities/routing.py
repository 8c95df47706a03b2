"""The order of a day's visits: by time where it is fixed, else short ways. Pure.

Free stops with coordinates are inserted where they cost least and then improved by 2-opt (G. A. Croes, "A method for
solving traveling-salesman problems", 1958) and by moving single stops; fixed ones keep the order of their times. Free stops
without coordinates come after one in the same postal code, else in the same city.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from datetime import datetime
from itertools import pairwise
from math import asin, cos, radians, sin, sqrt

from crmkit.core.frozen import frozen

EARTH_KM = 6371.0088
"""The mean radius of the earth in kilometres (IUGG)."""
ROUNDS = 50

Place = tuple[float, float]
"""Latitude and longitude in degrees."""


@frozen
class Stop:
    """A place to be at; ``at`` is the time that it is fixed to, if any."""

    id: Hashable
    at: datetime | None = None
    place: Place | None = None
    postal_code: str = ""
    city: str = ""


def distance(one: Place, other: Place) -> float:
    """Return the great-circle distance in kilometres (haversine formula)."""
    lat, lat2 = radians(one[0]), radians(other[0])
    half = sin((lat2 - lat) / 2) ** 2 + cos(lat) * cos(lat2) * sin(radians(other[1] - one[1]) / 2) ** 2
    return 2 * EARTH_KM * asin(sqrt(min(1.0, half)))


def length(stops: Sequence[Stop], start: Place | None = None) -> float:
    """Return how long a route is in kilometres, from ``start`` if given; stops without coordinates add nothing."""
    total, here = 0.0, start
    for stop in stops:
        if stop.place is not None:
            total += 0.0 if here is None else distance(here, stop.place)
            here = stop.place
    return total


def in_time(stops: Sequence[Stop]) -> bool:
    """Whether the fixed stops are in the order of their times."""
    times = [stop.at for stop in stops if stop.at is not None]
    return all(one <= other for one, other in pairwise(times))


def route(stops: Sequence[Stop], start: Place | None = None) -> list[Stop]:
    """Return the stops, each once, in a sensible order.

    Never longer than the given order, where that keeps the fixed times.
    """
    fixed = sorted((stop for stop in stops if stop.at is not None), key=lambda stop: stop.at or datetime.min)
    free = [stop for stop in stops if stop.at is None and stop.place is not None]
    somewhere = [stop for stop in stops if stop.at is None and stop.place is None]
    tries = [_improved(_inserted(fixed, free, start), start)]
    given = [stop for stop in stops if stop not in somewhere]
    if in_time(given):
        tries.append(_improved(given, start))
    best = min(tries, key=lambda one: length(one, start))
    return _grouped(best, somewhere)


def _inserted(fixed: Sequence[Stop], free: Sequence[Stop], start: Place | None) -> list[Stop]:
    """Put each free stop, the nearest first, where the way becomes longer by least."""
    found, left = list(fixed), list(free)
    if not found and left:
        first = min(left, key=lambda stop: (length([stop], start), str(stop.id)))
        left.remove(first)
        found = [first]
    while left:
        cost, at, stop = min(
            (
                (length([*found[:at], stop, *found[at:]], start), at, stop)
                for stop in left
                for at in range(len(found) + 1)
            ),
            key=lambda one: (one[0], one[1], str(one[2].id)),
        )
        del cost
        found.insert(at, stop)
        left.remove(stop)
    return found


def _improved(stops: Sequence[Stop], start: Place | None) -> list[Stop]:
    best, shortest = list(stops), length(stops, start)
    for _ in range(ROUNDS):
        better = None
        for i in range(len(best)):
            for j in range(i + 1, len(best)):
                for tried in (
                    [*best[:i], *reversed(best[i : j + 1]), *best[j + 1 :]],
                    [*best[:i], *best[i + 1 : j + 1], best[i], *best[j + 1 :]],
                    [*best[:i], best[j], *best[i:j], *best[j + 1 :]],
                ):
                    if in_time(tried) and (long := length(tried, start)) < shortest - 1e-9:
                        better, shortest = tried, long
        if better is None:
            break
        best = better
    return best


def _grouped(stops: list[Stop], somewhere: Sequence[Stop]) -> list[Stop]:
    """Put stops without coordinates and time behind one in the same place, else at the end, place by place."""
    found = list(stops)
    for stop in sorted(somewhere, key=lambda one: (one.postal_code, one.city.casefold())):
        at = _last(found, lambda one: bool(stop.postal_code) and one.postal_code == stop.postal_code)  # noqa: B023
        if at is None:
            at = _last(found, lambda one: bool(stop.city) and one.city.casefold() == stop.city.casefold())  # noqa: B023
        found.insert(len(found) if at is None else at + 1, stop)
    return found


def _last(stops: Sequence[Stop], fits: object) -> int | None:
    assert callable(fits)
    return next((at for at in range(len(stops) - 1, -1, -1) if fits(stops[at])), None)
