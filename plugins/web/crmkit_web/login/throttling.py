"""Guessing passwords is made slow: failures are counted in the database, and each next attempt has to wait longer.

An attempt is counted before it is looked at, so that many at once are no way around. Whoever has logged in from an address
before is not held up by failures that come from other ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING, Any

from crmkit.core.entity import change
from crmkit.plugin import Context, msg
from crmkit_web.login.digests import digest_of
from crmkit_web.login.entities import Throttle
from crmkit_web.serving.problems import Problem

if TYPE_CHECKING:
    from crmkit import Crm

FREE: Mapping[str, int] = {"login": 5, "pair": 5, "address": 20}
"""Attempts in a row that may fail before there is a delay."""

LONGEST: Mapping[str, int] = {"login": 60, "pair": 60, "address": 300}
"""The longest delay, in seconds. It starts with one second and doubles with each failure."""

FORGOTTEN = timedelta(days=1)
"""Failures count no more when the last one is as old as this."""

KNOWN = timedelta(days=90)
"""How long an address counts as a user's own after a log-in from it."""


def count_attempt(crm: Crm, login: str, address: str) -> None:
    """Count an attempt as one that fails; raises Problem 429, and counts nothing, while there is a delay."""
    keys = _keys(login, address)
    with crm.session() as session:
        ctx, now = crm.context(session, "web"), crm.clock.now()
        rows = _held(ctx, keys)
        pair = rows.get(keys["pair"])
        known = pair is not None and pair.succeeded_at is not None and now - pair.succeeded_at < KNOWN
        kinds = ("pair" if known else "login", "address")
        waits = [row.closed_until - now for kind in kinds if (row := rows.get(keys[kind])) and row.closed_until]
        if waits and max(waits) > timedelta():
            seconds = ceil(max(waits).total_seconds())
            raise Problem(
                429,
                "too_many_attempts",
                msg("too many attempts to log in; try again in {count} s", count=seconds),
                headers={"retry-after": str(seconds)},
            )
        for kind in kinds:
            _put(ctx, rows.get(keys[kind]), keys[kind], *_failed(kind, rows.get(keys[kind]), now))


def forget_failures(ctx: Context, login: str, address: str) -> None:
    """Note that the attempt that was counted last has succeeded."""
    now, keys = ctx.clock.now(), _keys(login, address)
    rows = _held(ctx, keys)
    if (row := rows.get(keys["login"])) is not None:
        _put(ctx, row, row.key, 0, None)
    if (row := rows.get(keys["address"])) is not None:
        # A log-in of one's own is no way to go on guessing the passwords of others.
        _put(ctx, row, row.key, max(0, row.failures - 1), None)
    pair = rows.get(keys["pair"])
    if pair is None:
        ctx.session.add(Throttle(key=keys["pair"], tried_at=now, succeeded_at=now))
    else:
        ctx.session.update(change(pair, failures=0, tried_at=now, closed_until=None, succeeded_at=now))


def _keys(login: str, address: str) -> Mapping[str, str]:
    name = login.strip().casefold()
    return {
        "login": digest_of(f"login\0{name}"),
        "pair": digest_of(f"pair\0{name}\0{address}"),
        "address": digest_of(f"address\0{address}"),
    }


def _held(ctx: Context, keys: Mapping[str, str]) -> dict[str, Throttle]:
    """Return the rows by their keys, once it is this transaction's turn to change them."""
    for key in sorted((keys["login"], keys["address"])):
        ctx.services.take_turns("web.login", key)
    return {row.key: row for row in ctx.session.list(Throttle, key=sorted(keys.values()))}


def _failed(kind: str, row: Throttle | None, now: datetime) -> tuple[int, datetime | None]:
    """Return how many failures there are with one more, and until when the next attempt has to wait."""
    fresh = row is None or row.tried_at is None or now - row.tried_at >= FORGOTTEN
    failures = 1 if fresh or row is None else row.failures + 1
    beyond = failures - FREE[kind]
    return failures, None if beyond <= 0 else now + timedelta(seconds=min(LONGEST[kind], 2 ** min(beyond - 1, 20)))


def _put(ctx: Context, row: Throttle | None, key: str, failures: int, closed_until: datetime | None) -> None:
    values: dict[str, Any] = {"failures": failures, "tried_at": ctx.clock.now(), "closed_until": closed_until}
    if row is None:
        ctx.session.add(Throttle(key=key, **values))
    else:
        ctx.session.update(change(row, **values))
