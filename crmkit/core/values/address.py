"""Postal addresses on one line, in the order of the country."""

from __future__ import annotations

import re

from crmkit.core.values.pattern import pattern
from crmkit.core.values.text import fold, one_space

_EAST_ASIAN = pattern("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3]")
# Countries that write the postal code behind city and region; elsewhere it stands before the city.
_CODE_LAST = frozenset(["US", "CA", "GB", "AU", "NZ", "IE", "IN", "SG", "ZA", "BR"])
_BETWEEN = pattern(r"[\s,;]+")


def one_line(street: str = "", city: str = "", region: str = "", postal_code: str = "", country: str = "") -> str:
    """Return an address on one line; empty parts leave no trace. ``country`` is a code or name, shown as given.

    ``Obere Str. 57, 12209 Berlin, DE`` and ``305 14th Ave. S., Seattle, WA 98128, US``; addresses whose city or street
    is in Chinese, Japanese or Korean go from large to small: ``CN 100000 北京市朝阳区建国路1号``.
    """
    street, city, region, postal_code, country = map(one_space, (street, city, region, postal_code, country))
    if _EAST_ASIAN.search(city + street):
        # Korean words are spaced, Chinese and Japanese are not.
        gap = " " if re.search("[\uac00-\ud7a3]", city + street) else ""
        return " ".join(filter(None, (country, postal_code, gap.join(filter(None, (region, city, street))))))
    if country.upper() in _CODE_LAST:
        parts = [street, city, f"{region} {postal_code}", country]
    else:
        parts = [street, f"{postal_code} {city}", region, country]
    return ", ".join(filter(None, map(str.strip, parts)))


def address_key(line: str) -> str:
    """Return the form in which address lines are compared: folded, with commas and line breaks as one space."""
    return _BETWEEN.sub(" ", fold(line)).strip()
