"""Values as JSON has them: decimals and ids as text, instants in UTC as RFC 3339 has them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
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


class Document(dict[str, Any]):
    """A record as a document. JSON knows all that is in it, so nobody looks again."""


def encoded(document: Any, translate: Translate | None = None) -> bytes:
    """Return a document as JSON in UTF-8. Messages in it are put into the language of ``translate``."""
    return _ENCODER.encode(plain(document, translate))


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
