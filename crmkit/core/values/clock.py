"""Time: the injected clock, and reading instants and civil dates. Instants are aware and in UTC, dates stay dates."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, tzinfo
from threading import Lock
from typing import Protocol

from crmkit.core.messages import msg
from crmkit.core.values.bad_value import BadValue
from crmkit.core.values.pattern import pattern

_DATE = pattern(
    r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})"
    r"|(?P<y1>\d{4})/(?P<m1>\d{1,2})/(?P<d1>\d{1,2})"
    r"|(?P<d2>\d{1,2})\.\s?(?P<m2>\d{1,2})\.\s?(?P<y2>\d{4})"
    r"|(?P<y3>\d{4})\s?年\s?(?P<m3>\d{1,2})\s?月\s?(?P<d3>\d{1,2})\s?[日号號]",
    re.ASCII,
)
_SLASHED = pattern(r"\d{1,2}[/-]\d{1,2}[/-](?:\d{4}|\d{2})", re.ASCII)
_WORDS = pattern(r"[^\W\d_]+")


class Clock(Protocol):
    """Tells the time. Everything that needs "now" takes one, so that tests set it."""

    def now(self) -> datetime:
        """Return the present instant, aware and in UTC."""
        ...


class SystemClock:
    """The computer's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands still until it is moved, for tests. Safe to share between threads."""

    def __init__(self, start: datetime) -> None:
        self._lock = Lock()
        self._now = _utc(start)

    def now(self) -> datetime:
        return self._now

    def set(self, instant: datetime) -> None:
        """Put the clock to ``instant``, which must be aware; it may lie in the past."""
        self._now = _utc(instant)

    def advance(self, **duration: float) -> datetime:
        """Move by ``timedelta(**duration)``, as in ``advance(days=1, minutes=5)``, and return the new time."""
        with self._lock:
            self._now += timedelta(**duration)
            return self._now


def time_zone(name: str) -> tzinfo:
    """Return the time zone of an IANA name such as ``Europe/Berlin``; raises ``BadInput``."""
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        raise BadValue(name, msg("the name of a time zone such as Europe/Berlin or UTC")) from None


def today(clock: Clock, zone: tzinfo) -> date:
    """Return the civil date that ``zone`` has now."""
    return clock.now().astimezone(zone).date()


def parse_instant(raw: str, zone: tzinfo) -> datetime:
    """Read an ISO 8601 date and time (``2024-05-17T09:30``, with ``Z`` or an offset or without) as an instant in UTC.

    Without offset it is local time in ``zone``, and a date alone is its midnight. Where clocks are put back and a local
    time comes twice, the first is meant; a local time that is skipped when clocks go forward is read with the offset
    from before the change, so 02:30 becomes 03:30 (PEP 495, fold=0). Raises ``BadInput``.
    """
    text = raw.strip().upper()
    try:
        # fromisoformat takes any character between date and time; only what ISO 8601 and RFC 3339 allow is meant here.
        if not set(_WORDS.findall(text)) <= {"T", "Z", "W"}:
            raise ValueError(text)
        read = datetime.fromisoformat(text)
        return (read if read.tzinfo else read.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadValue(raw, msg("a date and time such as 2024-05-17T09:30:00+02:00 (ISO 8601)")) from None


def parse_date(raw: str, form: str | None = None) -> date:
    """Read a civil date: ``2024-05-17``, ``2024/5/17``, ``17.05.2024`` or ``2024年5月17日``.

    ``form`` is a strptime format such as ``%d/%m/%Y`` and then the only one taken. Without it, ``05/06/2024`` is
    refused, because half of the world reads it as 5 June and the other half as 6 May. Raises ``BadInput``.
    """
    text = raw.strip()
    if form is not None:
        try:
            return datetime.strptime(text, form).date()
        except ValueError:
            raise BadValue(raw, msg("a date in the format {form}", form=form)) from None
    if len(text) == 10 and text[4] == text[7] == "-" and text.isascii():
        # Nearly all dates in files are written like this.
        with suppress(ValueError):
            return date.fromisoformat(text)
    found = _DATE.fullmatch(text)
    if not found:
        if _SLASHED.fullmatch(text):
            raise BadValue(raw, msg("a date such as 2024-05-17, or a format that says which number is day and month"))
        raise BadValue(raw, msg("a date such as 2024-05-17, 2024/05/17, 17.05.2024 or 2024年5月17日"))
    parts = {name[0]: int(value) for name, value in found.groupdict().items() if value is not None}
    try:
        return date(parts["y"], parts["m"], parts["d"])
    except ValueError:
        raise BadValue(raw, msg("a possible date; this one is in no calendar")) from None


def _utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise BadValue(instant.isoformat(), msg("a time with its offset or time zone"))
    return instant.astimezone(UTC)
