"""Time zones of calendar files: what their names mean, and VTIMEZONE written and read. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from crmkit.core.frozen import frozen
from crmkit.plugin import BadInput, msg
from crmkit_sfa.activities.timing import defined_zone, known_zone


@frozen
class Zone:
    """A time zone of a file: its name, and its definition where no IANA zone has that name."""

    name: str
    definition: str = ""

    @property
    def tz(self) -> tzinfo:
        """The zone itself."""
        return defined_zone(self.definition) if self.definition else known_zone(self.name)


def zone_called(name: str, definitions: dict[str, str]) -> Zone:
    """Return the zone that a file calls ``name``; ``definitions`` are its VTIMEZONE components by TZID.

    IANA names count as such, also behind a vendor's prefix, and so do the names that Windows has. Raises BadInput for a
    name that nobody knows and that the file does not define.
    """
    text = name.strip().strip('"')
    known = iana_name(text)
    if known:
        return Zone(known)
    if text in definitions:
        zone = Zone(text, definitions[text])
        zone.tz.utcoffset(datetime(2026, 1, 1))
        return zone
    raise BadInput(msg("TZID {name}: no time zone is called so, and the file does not define it", name=name))


def iana_name(name: str) -> str:
    """Return the IANA name that ``name`` stands for, or the empty text."""
    from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

    cleaned = name.strip("/")
    if cleaned in _names():
        return cleaned
    if cleaned in WINDOWS_TO_OLSON:
        return str(WINDOWS_TO_OLSON[cleaned])
    parts = cleaned.split("/")
    for start in range(1, len(parts) if name.startswith("/") else 0):
        tail = "/".join(parts[start:])
        if tail in _names():
            return tail
    return ""


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    return frozenset(available_timezones()) - {"localtime", "Factory"}


@lru_cache(maxsize=200)
def vtimezone(name: str, first_year: int, last_year: int) -> str:
    """Return the VTIMEZONE of an IANA zone for the years from one to another, both included.

    Each change of the offset is told with the local time before it, as RFC 5545 3.6.5 wants.
    """
    zone = ZoneInfo(name)
    at = datetime(first_year, 1, 1, tzinfo=UTC)
    changes: dict[tuple[timedelta, timedelta, str, bool], list[datetime]] = {}
    offset = _offset(at, zone)
    changes[(offset, offset, _name(at, zone), _summer(at, zone))] = [at.replace(tzinfo=None) + offset]
    end = datetime(last_year + 1, 1, 1, tzinfo=UTC)
    while at < end:
        after = at + timedelta(days=7)
        if (_offset(at, zone), _name(at, zone)) != (_offset(after, zone), _name(after, zone)):
            when = _change(at, after, zone)
            before = _offset(when - timedelta(seconds=1), zone)
            now = _offset(when, zone)
            # Where zones have a winter time below their standard (Ireland), programs still expect the higher one here.
            summer = now > before if now != before else _summer(when, zone)
            key = (before, now, _name(when, zone), summer)
            changes.setdefault(key, []).append(when.replace(tzinfo=None) + before)
        at = after
    lines = ["BEGIN:VTIMEZONE", f"TZID:{name}"]
    for (before, now, called, summer), starts in changes.items():
        part = "DAYLIGHT" if summer else "STANDARD"
        lines += [f"BEGIN:{part}", f"DTSTART:{starts[0]:%Y%m%dT%H%M%S}"]
        lines += [f"RDATE:{start:%Y%m%dT%H%M%S}" for start in starts[1:]]
        lines += [f"TZOFFSETFROM:{_signed(before)}", f"TZOFFSETTO:{_signed(now)}", f"TZNAME:{called}", f"END:{part}"]
    return "\r\n".join([*lines, "END:VTIMEZONE", ""])


def _change(low: datetime, high: datetime, zone: tzinfo) -> datetime:
    before = (_offset(low, zone), _name(low, zone))
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) / 2).replace(microsecond=0)
        if (_offset(middle, zone), _name(middle, zone)) == before:
            low = middle
        else:
            high = middle
    return high


def _offset(at: datetime, zone: tzinfo) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()


def _name(at: datetime, zone: tzinfo) -> str:
    return at.astimezone(zone).tzname() or "LMT"


def _summer(at: datetime, zone: tzinfo) -> bool:
    return (at.astimezone(zone).dst() or timedelta()) > timedelta()


def _signed(offset: timedelta) -> str:
    seconds = int(offset.total_seconds())
    sign, seconds = ("-" if seconds < 0 else "+"), abs(seconds)
    tail = f"{seconds % 60:02}" if seconds % 60 else ""
    return f"{sign}{seconds // 3600:02}{seconds // 60 % 60:02}{tail}"
