"""Formats that text fields can ask for, each with a check and what to say when it fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

from crmkit.core.errors import BadInput
from crmkit.core.frozen import frozen
from crmkit.core.messages import Message, msg
from crmkit.core.values.countries import COUNTRIES
from crmkit.core.values.mail import normalise_mail
from crmkit.core.values.money import is_currency
from crmkit.core.values.pattern import pattern

_LANGUAGE = pattern(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_DOMAIN = pattern(r"(?=.{1,253}$)[^\s@/.]{1,63}(\.[^\s@/.]{1,63})+")


@frozen
class Format:
    """``check`` tells whether a filled text has the format; ``expected`` describes it."""

    check: Callable[[str], bool]
    expected: Message


def _is_mail(value: str) -> bool:
    try:
        normalise_mail(value)
    except BadInput:
        return False
    return True


@lru_cache(maxsize=1024)
def _is_language(value: str) -> bool:
    return bool(_LANGUAGE.fullmatch(value))


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    from zoneinfo import available_timezones

    return frozenset(available_timezones())


FORMATS: Mapping[str, Format] = {
    "email": Format(_is_mail, msg("a mail address such as anna@example.com")),
    "country": Format(COUNTRIES.__contains__, msg("an ISO 3166 country code such as DE or CN")),
    "currency": Format(is_currency, msg("an ISO 4217 currency such as EUR or CNY")),
    "language": Format(_is_language, msg("a BCP 47 language tag such as en or zh-Hans")),
    "timezone": Format(lambda value: value in _zones(), msg("an IANA time zone such as Europe/Berlin")),
    "domain": Format(lambda value: bool(_DOMAIN.fullmatch(value)), msg("a domain such as example.com")),
}
