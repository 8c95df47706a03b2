"""Public holidays by country and region, from the ``holidays`` library, which is imported when a calendar needs it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from types import MappingProxyType

from crmkit.core.errors import did_you_mean
from crmkit.core.frozen import frozen
from crmkit.core.messages import Message, msg


@frozen
class HolidayYear:
    """One year: the free days with their names, and the weekend days that are worked in exchange, as in China."""

    free: Mapping[date, str]
    worked: frozenset[date]


def holiday_problem(code: str) -> Message | None:
    """Return what would have been right instead of ``code`` ("DE", "DE-HH"), None when its holidays are known."""
    country, _, region = code.partition("-")
    known = _known()
    if country not in known:
        return msg("a country whose holidays are known, such as DE or CN; {hint}", hint=did_you_mean(country, known))
    if "-" in code and region not in known[country]:
        return msg("a region of {country}; {hint}", country=country, hint=did_you_mean(region, known[country]))
    return None


@lru_cache(maxsize=1024)
def holiday_year(code: str, year: int) -> HolidayYear:
    """Return the holidays of ``year`` in a country or region whose code ``holiday_problem`` finds right."""
    import holidays

    country, _, region = code.partition("-")
    found = holidays.country_holidays(country, subdiv=region or None, years=year)
    free = {day: name for day, name in sorted(found.items()) if day.year == year}
    worked = frozenset(day for day in getattr(found, "weekend_workdays", ()) if day.year == year)
    return HolidayYear(MappingProxyType(free), worked - free.keys())


@lru_cache(maxsize=1)
def _known() -> Mapping[str, tuple[str, ...]]:
    import holidays

    return {country: tuple(regions) for country, regions in holidays.list_supported_countries().items()}
