"""Whether a customer may be contacted: a decision from the statements on record, with its reason.

The rules, in this order:

1. Only statements in effect count that reach the channel, contact point and purpose in question.
2. A withdrawal cancels every grant from before it or of the same moment, however specific. When the grant was recorded
   does not matter, only when it was given.
3. Of what is left, the more specific statement sets aside the less specific one: a contact point comes before a
   channel, a channel before all channels, one purpose before all purposes. One that is more specific in one respect and
   less in the other sets nothing aside.
4. Of equally specific statements the newest counts.
5. Where statements are left that disagree, the tie denies. Where none is left, nobody may be contacted.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol
from uuid import UUID

from crmkit.core.consent import EVERY_PURPOSE
from crmkit.core.frozen import frozen
from crmkit.core.messages import Message, msg

Rank = tuple[tuple[bool, bool], bool]


class Fact(Protocol):
    """What a decision reads of a statement; ``Consent`` has it all."""

    @property
    def id(self) -> UUID: ...
    @property
    def purpose(self) -> str: ...
    @property
    def channel(self) -> str: ...
    @property
    def contact_point_id(self) -> UUID | None: ...
    @property
    def decision(self) -> str: ...
    @property
    def effective_at(self) -> datetime: ...


@frozen
class Decision:
    """Whether contact is ``allowed``, and why.

    ``fact_id`` is the statement that decided, None when there is none; ``considered`` are the ids of all statements in
    effect that reach the question, newest first.
    """

    allowed: bool
    reason: Message
    fact_id: UUID | None = None
    considered: tuple[UUID, ...] = ()

    def __bool__(self) -> bool:
        return self.allowed


def decide(facts: Iterable[Fact], channel: str, purpose: str, contact_point: UUID | None, now: datetime) -> Decision:
    """Decide from the statements of one customer; their order means nothing.

    Without ``contact_point``, statements about single points are left aside: the question is about the channel.
    """
    reaching = sorted(
        (fact for fact in facts if fact.effective_at <= now and _reaches(fact, channel, purpose, contact_point)),
        key=lambda fact: (fact.effective_at, fact.id),
        reverse=True,
    )
    considered = tuple(fact.id for fact in reaching)
    if not reaching:
        nothing = msg("no statement on {purpose} by {channel} is on record", purpose=purpose, channel=channel)
        return Decision(False, nothing)
    left = _newest(_most_specific(_not_withdrawn(reaching)))
    denials = [fact for fact in left if fact.decision != "granted"]
    deciding = (denials or left)[0]
    return Decision(not denials, _reason(deciding, tied=0 < len(denials) < len(left)), deciding.id, considered)


def _reaches(fact: Fact, channel: str, purpose: str, contact_point: UUID | None) -> bool:
    return (
        fact.purpose in (purpose, EVERY_PURPOSE)
        and fact.channel in (channel, "")
        and (fact.contact_point_id is None or fact.contact_point_id == contact_point)
    )


def _rank(fact: Fact) -> Rank:
    """Return how specific a statement is in its two respects: whom it reaches, and for what."""
    return (fact.contact_point_id is not None, fact.channel != ""), fact.purpose != EVERY_PURPOSE


def _covers(broad: Rank, narrow: Rank) -> bool:
    """Whether ``narrow`` is as specific as ``broad``, or more, in both respects."""
    return broad[0] <= narrow[0] and broad[1] <= narrow[1]


def _not_withdrawn(facts: list[Fact]) -> list[Fact]:
    last = max((fact.effective_at for fact in facts if fact.decision == "withdrawn"), default=None)
    return [fact for fact in facts if fact.decision != "granted" or last is None or fact.effective_at > last]


def _most_specific(facts: list[Fact]) -> list[Fact]:
    ranks = {_rank(fact) for fact in facts}
    kept = {rank for rank in ranks if not any(other != rank and _covers(rank, other) for other in ranks)}
    return [fact for fact in facts if _rank(fact) in kept]


def _newest(facts: list[Fact]) -> list[Fact]:
    newest: dict[Rank, datetime] = {}
    for fact in facts:
        rank = _rank(fact)
        newest[rank] = max(fact.effective_at, newest.get(rank, fact.effective_at))
    return [fact for fact in facts if fact.effective_at == newest[_rank(fact)]]


def _reason(fact: Fact, tied: bool) -> Message:
    at = f"{fact.effective_at:%Y-%m-%d}"
    reach = _reach(fact)
    if tied:
        return msg("statements of equal weight disagree; the one of {at} for {reach} denies", at=at, reach=reach)
    if fact.decision == "granted":
        return msg("granted for {reach} on {at}", reach=reach, at=at)
    if fact.decision == "denied":
        return msg("denied for {reach} on {at}", reach=reach, at=at)
    return msg("withdrawn for {reach} on {at}", reach=reach, at=at)


def _reach(fact: Fact) -> Message:
    purpose = msg("all purposes") if fact.purpose == EVERY_PURPOSE else fact.purpose
    if fact.contact_point_id is not None:
        return msg("{purpose} by this contact point", purpose=purpose)
    if fact.channel:
        return msg("{purpose} by {channel}", purpose=purpose, channel=fact.channel)
    return msg("{purpose} by every channel", purpose=purpose)
