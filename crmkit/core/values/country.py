"""Countries: the ISO 3166-1 alpha-2 code of whatever people write."""

from __future__ import annotations

from functools import cache, lru_cache

from crmkit.core.messages import msg
from crmkit.core.values.bad_value import BadValue
from crmkit.core.values.countries import COUNTRIES
from crmkit.core.values.pattern import pattern
from crmkit.core.values.text import search_key

# Everyday names that the CLDR table lacks. A name that several countries share, such as Congo, is left out.
_ALIASES = {
    "AE": "UAE, Emirates, 阿联酋",
    "AT": "Österreich, Autriche",
    "BA": "Bosnia",
    "BE": "België, Belgique, Belgien",
    "BO": "Plurinational State of Bolivia",
    "BR": "Brasil, Brasilien",
    "BY": "Belorussia",
    "CD": "DR Congo, DRC, Democratic Republic of the Congo, Congo-Kinshasa, Zaire",
    "CG": "Republic of the Congo, Congo-Brazzaville",
    "CH": "Schweiz, Suisse, Svizzera",
    "CI": "Ivory Coast",
    "CN": "People's Republic of China, PR China, PRC, Mainland China, 中华人民共和国, 中國大陸, 中国大陆",
    "CV": "Cabo Verde",
    "CZ": "Czech Republic, Česko, Česká republika",
    "DE": "Deutschland, Allemagne, Alemania, Federal Republic of Germany, BRD",
    "DK": "Danmark",
    "ES": "España, Spanien, Espagne",
    "FI": "Suomi",
    "FM": "Federated States of Micronesia",
    "FR": "Frankreich, Francia",
    "GB": "UK, U.K., Great Britain, Britain, England, Scotland, Wales, Northern Ireland, "
    "United Kingdom of Great Britain and Northern Ireland, 大不列颠",
    "GR": "Hellas, Ellada, Hellenic Republic",
    "HK": "Hong Kong, Hongkong, 香港",
    "HR": "Hrvatska",
    "HU": "Magyarország",
    "IE": "Éire, Republic of Ireland, Irland",
    "IR": "Islamic Republic of Iran, Persia",
    "IS": "Ísland",
    "IT": "Italia, Italien, Italie",
    "JP": "Nippon, Nihon, 日本国",
    "KP": "DPRK, Democratic People's Republic of Korea, 북한",
    "KR": "Korea, Republic of Korea, Korea Republic, 대한민국, 한국",
    "LA": "Lao People's Democratic Republic",
    "MD": "Republic of Moldova",
    "MK": "Macedonia",
    "MM": "Burma",
    "MO": "Macao, Macau, 澳门, 澳門",
    "MX": "México, Mexiko, Mexique",
    "NL": "Holland, The Netherlands, Nederland, Niederlande, Pays-Bas, 荷蘭",
    "NO": "Norge",
    "PL": "Polska",
    "PS": "Palestine, State of Palestine",
    "RU": "Russian Federation, Rossiya, Россия",
    "SE": "Sverige",
    "SY": "Syrian Arab Republic",
    "SZ": "Swaziland",
    "TR": "Turkey, Turkiye",
    "TW": "Taiwan, 台湾, 臺灣, 台灣",
    "TZ": "United Republic of Tanzania",
    "US": "USA, U.S., U.S.A., America, United States of America, The States, 美利坚合众国, 美國",
    "VA": "Holy See, Vatican",
    "VE": "Bolivarian Republic of Venezuela",
    "VN": "Viet Nam",
}
_CLOSE = 0.85  # difflib ratio: one wrong letter in seven; refuses Iceland for Ireland
_NOT_WORD = pattern(r"[^\w\s]+")


def is_country(code: str) -> bool:
    """Tell whether ``code`` is an upper-case ISO 3166-1 alpha-2 code (or ``XK``)."""
    return code in COUNTRIES


def country_code(raw: str) -> str:
    """Return the ISO 3166-1 alpha-2 code of a code, alpha-3 code, English or Chinese name or everyday alias.

    Case and accents do not count. A misspelling is taken only when a single country is close to it. Kosovo is ``XK``,
    the code that the EU and CLDR use. Raises ``BadInput``.
    """
    if raw in COUNTRIES:
        return raw
    return _lookup(raw)


@lru_cache(maxsize=2048)
def _lookup(raw: str) -> str:
    key = _key(raw)
    codes = _codes_by_name()
    code = codes.get(key)
    if code is None and len(key) >= 5 and key.isascii():
        from difflib import get_close_matches

        close = {codes[name] for name in get_close_matches(key, codes, n=8, cutoff=_CLOSE)}
        code = close.pop() if len(close) == 1 else None
    if code is None:
        raise BadValue(raw, msg("a country: its name in English or Chinese, or its ISO 3166 code such as DE"))
    return code


@cache
def _codes_by_name() -> dict[str, str]:
    codes: dict[str, str] = {}
    for code, names in COUNTRIES.items():
        for name in (code, *names):
            codes[_key(name)] = code
            # CLDR writes "Myanmar (Burma)" and "Hong Kong SAR China"; people write the part before.
            codes.setdefault(_key(name.partition(" (")[0].partition(" SAR ")[0]), code)
    for code, aliases in _ALIASES.items():
        codes.update((_key(alias), code) for alias in aliases.split(", "))
    return codes


def _key(name: str) -> str:
    words = _NOT_WORD.sub(" ", search_key(name).replace("&", " and ").replace(".", "").replace("'", "")).split()
    if len(words) > 1 and words[0] == "the":
        del words[0]
    return " ".join("saint" if word == "st" else word for word in words)
