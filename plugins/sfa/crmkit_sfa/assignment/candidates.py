"""Who can take a lead: the pure rules. What they need to know is given to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Literal
from uuid import UUID

import attrs

from crmkit.core.frozen import frozen
from crmkit.core.values.text import fold
from crmkit_sfa.assignment.entities import Method
from crmkit_sfa.assignment.turns import paid, pick

Skip = Literal["frozen", "departed", "dealer", "absent", "full", "unskilled", "gave_up", ""]


@frozen(kw_only=True)
class Candidate:
    """A user among whom a rule picks. ``load`` is how many open leads the user has, ``capacity`` how many at the most."""

    user_id: UUID
    login: str
    name: str = ""
    state: str = "active"
    dealer: bool = False
    weight: int = 1
    capacity: int | None = None
    load: int = 0
    skills: frozenset[str] = frozenset()
    away_until: date | None = None

    @property
    def full(self) -> bool:
        """Whether the user has as many open leads as may be."""
        return self.capacity is not None and self.load >= self.capacity


@frozen
class Choice:
    """Who was picked among candidates, and why the others were passed over, by user. Nobody: all were."""

    chosen: Candidate | None
    skipped: Mapping[UUID, Skip]
    credits: Mapping[UUID, int]


def skip(candidate: Candidate, needed: frozenset[str], without: frozenset[UUID] = frozenset()) -> Skip:
    """Return why a candidate cannot take a lead that needs these skills; an empty text when it can."""
    if candidate.state != "active":
        return "departed" if candidate.state == "departed" else "frozen"
    if candidate.dealer:
        return "dealer"
    if candidate.user_id in without:
        return "gave_up"
    if candidate.away_until is not None:
        return "absent"
    if not needed <= candidate.skills:
        return "unskilled"
    return "full" if candidate.full else ""


def choose(
    method: Method,
    candidates: Sequence[Candidate],
    credits: Mapping[UUID, int],
    needed: frozenset[str] = frozenset(),
    without: frozenset[UUID] = frozenset(),
) -> Choice:
    """Return who takes the next lead, by a method, among candidates in their order.

    ``round_robin`` counts all alike, ``weighted`` by their weights; ``load`` takes whoever has the fewest open leads for
    the weight, and among equals whoever's turn it is.
    """
    skipped: dict[UUID, Skip] = {c.user_id: why for c in candidates if (why := skip(c, needed, without))}
    able = [candidate for candidate in candidates if candidate.user_id not in skipped]
    if not able:
        return Choice(None, skipped, credits)
    by_id = {candidate.user_id: candidate for candidate in able}
    if method == "load":
        least = min(Fraction(c.load, c.weight) for c in able)
        able = [c for c in able if Fraction(c.load, c.weight) == least]
    weights = [(c.user_id, c.weight if method == "weighted" else 1) for c in able]
    chosen, after = pick(credits, weights)
    return Choice(by_id[chosen], skipped, after)


def took(candidates: Iterable[Candidate], user: UUID) -> list[Candidate]:
    """Return the candidates once a user has got one more lead."""
    return [attrs.evolve(c, load=c.load + 1) if c.user_id == user else c for c in candidates]


def charged(credits: Mapping[UUID, int], candidates: Sequence[Candidate], user: UUID) -> dict[UUID, int]:
    """Return credits after a user was picked by somebody else than the turn: it counts as the user's turn."""
    weights = [(c.user_id, 1) for c in candidates]
    given = dict(credits)
    for key, weight in weights:
        given[key] = given.get(key, 0) + weight
    return paid(given, weights, user)


def words(values: Iterable[str]) -> frozenset[str]:
    """Return skills as they are compared."""
    return frozenset(fold(value).strip() for value in values if value.strip())
