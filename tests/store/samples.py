"""A record of every entity of the core, all of them about one another."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from crmkit.core.customer import Customer
from crmkit.core.entities import CORE_ENTITIES
from crmkit.core.entity import EntityInfo, change
from crmkit.core.fieldtypes import Kind
from crmkit.core.registry import EntityRegistry
from crmkit.core.values.ids import new_id
from crmkit.core.values.money import Money

_TEXTS = {"type": "referred_by", "kind": "call", "entity": "customer", "value": "https://example.com"}


def one_of_each(
    now: datetime, label: str = "", registry: EntityRegistry | None = None, **common: Any
) -> dict[str, Any]:
    """Return records that can be stored together, by entity, by default of the core's entities.

    ``common`` fills fields where an entity has them. Sets of another ``label`` and day can be stored beside them.
    """
    registry = registry or EntityRegistry(CORE_ENTITIES)
    ids = {info.name: new_id() for info in registry if info.editable}
    other = Customer(name="Other", **common)
    made = {
        info.name: info.cls(id=ids[info.name], **values_of(info, ids, now, label, common))
        for info in registry.in_reference_order()
        if info.editable
    }
    made["customer_relation"] = change(made["customer_relation"], to_id=other.id, type="supplier_of")
    return {"other customer": other, **made}


def values_of(
    info: EntityInfo, ids: dict[str, Any], now: datetime, label: str, common: dict[str, Any]
) -> dict[str, Any]:
    """Return values for the required fields of an entity, and for those of ``common`` that it has."""
    values: dict[str, Any] = {name: value for name, value in common.items() if name in info.by_name}
    for field in info.stored:
        if field.name in values or not field.required:
            continue
        if field.reference:
            values[field.name] = ids[field.reference]
        elif field.kind is Kind.TEXT:
            fitting = {"currency": "EUR"}.get(field.format) or _TEXTS.get(field.name, info.name + label)
            values[field.name] = field.choices[0] if field.choices else fitting
        else:
            fillings: dict[Kind, Any] = {
                Kind.ID: ids["customer"],
                Kind.INTEGER: max(1, field.minimum or 0),
                Kind.DECIMAL: Decimal(1),
                Kind.MONEY: Money.of("1", "EUR"),
                Kind.INSTANT: now,
                Kind.DATE: now.date(),
            }
            values[field.name] = fillings[field.kind]
    if info.name == "contact_point":
        values["kind"] = "url"
    if info.name == "delegation":
        values["user_id"] = common.get("owner_id", ids["user"])
        values["ends_at"] = now + timedelta(days=1)
    return values
