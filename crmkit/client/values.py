"""Values on their way: what JSON holds of them, and back into what a field or a class says that they are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs

from crmkit.core.entity import STAMPED, EntityInfo, entity_info
from crmkit.core.jsonforms import typed_custom, value_of
from crmkit.core.values.money import Money
from crmkit.core.values.partial_date import PartialDate, parse_partial_date

if TYPE_CHECKING:
    import cattrs

_GIVEN_BY_STORE = frozenset({*STAMPED, "deleted_at"})


def plain(value: Any) -> Any:
    """Return a value as JSON holds it: decimals, dates and ids as text, money as amount and currency."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID | PartialDate):
        return str(value)
    if isinstance(value, Money):
        return {"amount": f"{value.amount:f}", "currency": value.currency}
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(one) for one in value]
    if attrs.has(type(value)):
        return {one.name: plain(getattr(value, one.name)) for one in attrs.fields(type(value))}
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def entity_of(cls: type[Any]) -> EntityInfo | None:
    """Return what is declared of a class that is an entity; None for another one."""
    return entity_info(cls) if hasattr(cls, "__crm_entity__") else None


def as_entity(info: EntityInfo, document: Mapping[str, Any]) -> Any:
    """Return a record of a document: every value has the type of its field. What did not come has its default."""
    values: dict[str, Any] = {}
    for field in info.stored:
        if field.name in document and field.name != "custom":
            values[field.name] = value_of(field.kind, document[field.name])
    if "custom" in document:
        typed = typed_custom(info)
        custom = document["custom"] or {}
        values["custom"] = typed(custom) if typed else MappingProxyType(dict(custom))
    for one in attrs.fields(info.cls):
        if one.init and one.name not in values and one.default is attrs.NOTHING:
            values[one.name] = None
    return info.cls(**values)


def of_entity(info: EntityInfo, record: Any) -> dict[str, Any]:
    """Return what makes a record: its fields that are not what they are by default, and its id."""
    made: dict[str, Any] = {}
    for field in info.stored:
        value = getattr(record, field.name)
        if field.name in _GIVEN_BY_STORE or (field.name != "id" and not field.required and value == field.default):
            continue
        made[field.name] = plain(value)
    return made


def as_class(cls: type[Any], document: Mapping[str, Any]) -> Any:
    """Return an instance of an attrs class of a document; raises what cattrs raises for one that does not fit."""
    return _converter().structure(document, cls)


@lru_cache(maxsize=1)
def _converter() -> cattrs.Converter:
    import cattrs

    made = cattrs.Converter()
    made.register_structure_hook(Decimal, lambda raw, _: Decimal(str(raw)))
    made.register_structure_hook(datetime, lambda raw, _: datetime.fromisoformat(raw).astimezone(UTC))
    made.register_structure_hook(date, lambda raw, _: date.fromisoformat(raw))
    made.register_structure_hook(UUID, lambda raw, _: UUID(str(raw)))
    made.register_structure_hook(Money, lambda raw, _: Money(Decimal(raw["amount"]), raw["currency"]))
    made.register_structure_hook(PartialDate, lambda raw, _: parse_partial_date(raw))
    return made
