"""Values as JSON has them: decimals and ids as text, instants in UTC as RFC 3339 has them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from math import isfinite
from typing import Any
from uuid import UUID

import attrs
import msgspec

from crmkit.core.field_rights import Masked
from crmkit.core.messages import Message, Translate
from crmkit.core.values.money import Money
from crmkit.core.values.partial_date import PartialDate

_AS_IT_IS = (str, int, float, bytes, Decimal, UUID)
_ENCODER = msgspec.json.Encoder(decimal_format="string")
_WIDEST = 2**63
"""Whole numbers below are read exactly, however they are written; no column holds wider ones."""


class Document(dict[str, Any]):
    """A record as a document. JSON knows all that is in it, so nobody looks again."""


def encoded(document: Any, translate: Translate | None = None) -> bytes:
    """Return a document as JSON in UTF-8. Messages in it are put into the language of ``translate``."""
    return _ENCODER.encode(plain(document, translate))


def decoded(text: bytes) -> Any:
    """Return the document that a text in JSON is.

    ``20.0`` and ``2e1`` are read as whole numbers, which they are to JSON Schema; all others with a point or an exponent
    are floats. Raises msgspec.DecodeError, ValueError and RecursionError for what is no JSON.
    """
    return _DECODER.decode(text)


def _number(text: str) -> int | float:
    value = float(text)
    if not isfinite(value):
        raise ValueError("number out of range")
    if not value.is_integer() or abs(value) > _WIDEST:
        return value
    # What a float rounds to a whole number need not be one.
    exact = Decimal(text)
    return int(exact) if exact == int(exact) and abs(exact) < _WIDEST else value


_DECODER = msgspec.json.Decoder(float_hook=_number)


def plain(value: Any, translate: Translate | None = None) -> Any:
    """Return a value with records and values of ours as what JSON knows."""
    if value is None or type(value) is Document or isinstance(value, _AS_IT_IS):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, date):
        return value
    if isinstance(value, Money):
        return money(value)
    if isinstance(value, Message):
        return value.render(translate)
    if isinstance(value, PartialDate):
        return str(value)
    if isinstance(value, Masked):
        return None
    if isinstance(value, Mapping):
        return {str(key): plain(item, translate) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item, translate) for item in value]
    if attrs.has(type(value)):
        return {a.name: plain(getattr(value, a.name), translate) for a in attrs.fields(type(value)) if a.name[0] != "_"}
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def money(value: Money) -> dict[str, str]:
    """Return an amount with its currency."""
    return {"amount": f"{value.amount:f}", "currency": value.currency}
