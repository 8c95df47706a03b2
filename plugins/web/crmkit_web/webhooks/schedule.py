"""When a message is tried again: soon at first, then with growing pauses, for about three days in all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from crmkit_web.webhooks.entities import Delivery

PAUSES = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
)  # fmt: skip
"""The pause after each failed attempt, as Standard Webhooks suggests; after the last one the message is given up."""

GIVEN_UP_AFTER = timedelta(days=4)
"""A message that waited for so long is given up however seldom it was tried."""

LONGEST_RETRY_AFTER = timedelta(days=1)
"""A receiver is left alone no longer than this, whatever it asks for."""

RESTS_AFTER = 3
"""After so many failures in a row a receiver is left alone for a while, so that it does not hold up the others."""

FIRST_REST, LONGEST_REST = timedelta(seconds=30), timedelta(minutes=30)

BUSY = (429, 503)
"""The statuses whose Retry-After counts."""


def next_attempt(
    attempt: int, first: datetime, now: datetime, message: UUID, retry_after: timedelta | None = None
) -> datetime | None:
    """Return when to try again after a failed ``attempt`` (from 1); None when it is given up.

    The pause is up to a tenth longer, by the message: what failed together does not come back all at once.
    """
    if attempt > len(PAUSES) or now - first >= GIVEN_UP_AFTER:
        return None
    pause = PAUSES[attempt - 1] * (1 + message.int % 1_000 / 10_000)
    return now + max(pause, retry_after or timedelta())


def retry_after(status: int, header: str, now: datetime) -> timedelta | None:
    """Return how long a receiver asks to be left alone (RFC 9110, 10.2.3): seconds, or a date; None when it does not."""
    text = header.strip()
    if status not in BUSY or not text:
        return None
    if text.isascii() and text.isdigit():
        asked = timedelta(seconds=min(int(text[:9]), 10**8))
    else:
        try:
            until = parsedate_to_datetime(text)
        except (ValueError, OverflowError):
            return None
        asked = (until if until.tzinfo else until.replace(tzinfo=UTC)) - now
    return min(max(asked, timedelta()), LONGEST_RETRY_AFTER)


def failures_in_a_row(latest: Sequence[Delivery]) -> int:
    """Return how many of the latest deliveries, the newest first, failed since one succeeded."""
    return next((count for count, one in enumerate(latest) if one.outcome == "delivered"), len(latest))


def resting_until(latest: Sequence[Delivery]) -> datetime | None:
    """Return until when a receiver is left alone, by its latest deliveries, the newest first; None: not at all.

    It rests when it asked for it, and after some failures in a row: one that is dead would otherwise keep workers waiting,
    one time-out after the other, for as many messages as there are.
    """
    failures = failures_in_a_row(latest)
    if not failures:
        return None
    newest: Delivery = latest[0]
    if newest.status in BUSY and newest.next_attempt_at is not None:
        return newest.next_attempt_at
    if failures < RESTS_AFTER:
        return None
    rest: timedelta = min(LONGEST_REST, FIRST_REST * 2 ** min(failures - RESTS_AFTER, 10))
    return newest.attempted_at + rest
