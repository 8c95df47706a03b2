"""Telephone numbers in E.164 form (``+49300074321``), read by the rules of ``phonenumbers``."""

from __future__ import annotations

import re
import unicodedata

from crmkit.core.frozen import frozen
from crmkit.core.messages import msg
from crmkit.core.values.bad_value import BadValue
from crmkit.core.values.pattern import pattern

# Numbers in E.164 form already, of plans where nothing stands between country code and subscriber's number that
# phonenumbers would strip: no trunk zero, carrier code or old mobile prefix. Tested against phonenumbers itself.
_FAST = pattern(
    r"\+(?:1[2-9]\d{9}|861[3-8]\d{9}|(?:20|27|3[0-4]|4[0134568]|49|6[0-6]|8[124]|9[0-5]|35[1-9]|37[1-467]|38[1-35-79]|42[01]"
    r"|852|853|886|97[1-7])[2-9]\d{5,10})",
    re.ASCII,
).fullmatch
_LONGEST = 15  # digits, country code included (ITU-T E.164, 6)


@frozen
class PhoneNumber:
    """A telephone number. ``valid`` tells whether today's numbering plan knows it; old numbers often are not.

    ``e164`` is ``+`` and digits, ``country`` the ISO 3166 code of its country or None, ``extension`` digits or None.
    """

    e164: str
    valid: bool
    country: str | None
    extension: str | None = None

    def __str__(self) -> str:
        """Return the normalised form: E.164, with ``;ext=`` (RFC 3966) when there is an extension."""
        return f"{self.e164};ext={self.extension}" if self.extension else self.e164


def normalise_phone(raw: str, country: str | None = None) -> str:
    """Return a telephone number in E.164 form, an extension as ``;ext=123``.

    ``country`` (ISO 3166 alpha-2) says where a number without ``+`` is dialled. Raises ``BadInput``.
    """
    return raw if _FAST(raw) else str(parse_phone(raw, country))


def parse_phone(raw: str, country: str | None = None) -> PhoneNumber:
    """Read a telephone number; one that no plan knows is read too, and marked as not valid. Raises ``BadInput``."""
    import phonenumbers

    text = unicodedata.normalize("NFKC", raw).strip()
    region = country.strip().upper() if country else None
    if region and region not in phonenumbers.SUPPORTED_REGIONS and not text.startswith("+"):
        raise BadValue(raw, msg("a country code such as DE for this number; {country} is none", country=country))
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        if error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE and not region:
            expected = msg("a telephone number with + and country code, or the country it belongs to")
            raise BadValue(raw, expected) from None
        raise BadValue(raw, msg("a telephone number such as +49 30 0074321")) from None
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if len(e164) > _LONGEST + 1:
        raise BadValue(raw, msg("a telephone number of at most {digits} digits", digits=_LONGEST))
    return PhoneNumber(
        e164,
        phonenumbers.is_valid_number(number),
        phonenumbers.region_code_for_number(number) or _region_of_code(number.country_code, region),
        number.extension or None,
    )


def _region_of_code(calling_code: int | None, hint: str | None) -> str | None:
    """Return the country of a number outside every plan: the hint when it has that calling code, else the main one."""
    import phonenumbers

    regions = phonenumbers.region_codes_for_country_code(calling_code or 0)
    if hint in regions:
        return hint
    return next((region for region in regions if region.isalpha()), None)
