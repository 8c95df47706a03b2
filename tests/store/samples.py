"""A record of every entity of the core, all of them about one another."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from crmkit.core.customer import Customer
from crmkit.core.entities import CORE_ENTITIES
from crmkit.core.entity import EntityInfo
from crmkit.core.fieldtypes import Kind
from crmkit.core.registry import EntityRegistry
from crmkit.core.values.ids import new_id

_TEXTS = {"type": "referred_by", "kind": "call", "value": "https://example.com"}


def one_of_each(now: datetime, **common: Any) -> dict[str, Any]:
    """Return records that can be stored together, by entity; ``common`` fills fields where an entity has them."""
    registry = EntityRegistry(CORE_ENTITIES)
    ids = {info.name: new_id() for info in registry if info.editable}
    return {
        info.name: info.cls(id=ids[info.name], **values_of(info, ids, now, common))
        for info in registry.in_reference_order()
        if info.editable
    }


def second_customer(**common: Any) -> Customer:
    """Return the customer at the other end of a relation."""
    return Customer(name="Other", **common)


def values_of(info: EntityInfo, ids: dict[str, Any], now: datetime, common: dict[str, Any]) -> dict[str, Any]:
    """Return values for the required fields of an entity, and for those of ``common`` that it has."""
    values: dict[str, Any] = {name: value for name, value in common.items() if name in info.by_name}
    for field in info.stored:
        if field.name in values or not field.required:
            continue
        if field.reference:
            values[field.name] = ids[field.reference]
        elif field.kind is Kind.TEXT:
            values[field.name] = field.choices[0] if field.choices else _TEXTS.get(field.name, f"{info.name}")
        else:
            made = {Kind.ID: ids["customer"], Kind.INTEGER: 1, Kind.INSTANT: now}
            values[field.name] = made[field.kind]
    if info.name == "contact_point":
        values["kind"] = "url"
    if info.name == "customer_relation":
        values["type"] = "supplier_of"
    return values
