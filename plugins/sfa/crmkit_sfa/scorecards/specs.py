"""The hook by which criteria of scorecards get their values."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from crmkit.core.frozen import frozen
from crmkit.hooks.kinds import Kind
from crmkit.plugin import Context, hookspec


@frozen
class ScoreQuestion:
    """Whose facts are asked for, which ones, and from when (included) to when (not included)."""

    parties: tuple[UUID, ...]
    facts: frozenset[str]
    since: datetime
    until: datetime


@frozen
class ScoreFact:
    """One value of one party. Where there is nothing to say there is no fact, rather than a guess."""

    party_id: UUID
    name: str
    value: Decimal


class ScorecardSpecs:
    """Asked when a scorecard is evaluated."""

    @hookspec(kind=Kind.COLLECT, since="0.1")
    def collect_sfa_score_facts(self, ctx: Context, call: ScoreQuestion) -> Iterable[ScoreFact]:
        """Return values of the facts that are asked for, by party; their names begin with whose they are: ``dealer.value``."""
