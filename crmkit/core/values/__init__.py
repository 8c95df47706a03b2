"""The pure rules of single values: money, mail addresses, telephone numbers, countries, dates, names, text, ids, time.

Each rule is one module; all names are offered here, and each module is loaded when a name of it is first used.
Everything refused raises ``BadValue``, a ``BadInput`` that carries the value and what was expected.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crmkit.core.values.address import address_key as address_key
    from crmkit.core.values.address import one_line as one_line
    from crmkit.core.values.bad_value import BadValue as BadValue
    from crmkit.core.values.clock import Clock as Clock
    from crmkit.core.values.clock import FixedClock as FixedClock
    from crmkit.core.values.clock import SystemClock as SystemClock
    from crmkit.core.values.clock import parse_date as parse_date
    from crmkit.core.values.clock import parse_instant as parse_instant
    from crmkit.core.values.clock import time_zone as time_zone
    from crmkit.core.values.clock import today as today
    from crmkit.core.values.contact_point import normalise_point as normalise_point
    from crmkit.core.values.country import country_code as country_code
    from crmkit.core.values.country import is_country as is_country
    from crmkit.core.values.ids import new_id as new_id
    from crmkit.core.values.ids import parse_id as parse_id
    from crmkit.core.values.mail import is_free_mail_domain as is_free_mail_domain
    from crmkit.core.values.mail import normalise_mail as normalise_mail
    from crmkit.core.values.money import Money as Money
    from crmkit.core.values.money import clean_decimal as clean_decimal
    from crmkit.core.values.money import is_currency as is_currency
    from crmkit.core.values.money import minor_units as minor_units
    from crmkit.core.values.money import round_half_up as round_half_up
    from crmkit.core.values.partial_date import PartialDate as PartialDate
    from crmkit.core.values.partial_date import parse_partial_date as parse_partial_date
    from crmkit.core.values.person_name import NameParts as NameParts
    from crmkit.core.values.person_name import display_name as display_name
    from crmkit.core.values.person_name import split_name as split_name
    from crmkit.core.values.phone import PhoneNumber as PhoneNumber
    from crmkit.core.values.phone import normalise_phone as normalise_phone
    from crmkit.core.values.phone import parse_phone as parse_phone
    from crmkit.core.values.text import ascii_domain as ascii_domain
    from crmkit.core.values.text import domain_of as domain_of
    from crmkit.core.values.text import fold as fold
    from crmkit.core.values.text import normalise_url as normalise_url
    from crmkit.core.values.text import one_space as one_space
    from crmkit.core.values.text import search_key as search_key

_NAMES = {
    "address": "address_key one_line",
    "bad_value": "BadValue",
    "clock": "Clock FixedClock SystemClock parse_date parse_instant time_zone today",
    "contact_point": "normalise_point",
    "country": "country_code is_country",
    "ids": "new_id parse_id",
    "mail": "is_free_mail_domain normalise_mail",
    "money": "Money clean_decimal is_currency minor_units round_half_up",
    "partial_date": "PartialDate parse_partial_date",
    "person_name": "NameParts display_name split_name",
    "phone": "PhoneNumber normalise_phone parse_phone",
    "text": "ascii_domain domain_of fold normalise_url one_space search_key",
}
_MODULES = {name: module for module, names in _NAMES.items() for name in names.split()}

__all__ = sorted(_MODULES)


def __getattr__(name: str) -> Any:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = value  # found without this function from now on
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
