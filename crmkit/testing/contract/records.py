"""Records that can be stored, made from the metadata of their entities; a plugin with rules of its own says what they need."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

from crmkit.core.entity import EntityInfo, FieldInfo, Part
from crmkit.core.fieldtypes import Kind
from crmkit.core.merging import generic_reference
from crmkit.core.values.ids import new_id
from crmkit.core.values.money import Money
from crmkit.core.values.partial_date import PartialDate
from crmkit.runtime.crm import Crm

Values = Callable[[str, int], Mapping[str, Any]]
"""Gives values for the fields of the record with a number of an entity, by name; they count before generated ones."""

_FORMATTED = {
    "country": "DE",
    "currency": "EUR",
    "language": "en",
    "timezone": "Europe/Berlin",
    "name": "Anna",
}


class Records:
    """Makes records. No two have the same number, so none of their texts are the same either."""

    def __init__(self, crm: Crm, values: Values | None = None) -> None:
        self._registry, self._clock, self._values = crm.registry, crm.clock, values or (lambda entity, number: {})
        self._numbers = count(1)

    def of(self, info: EntityInfo, customer: UUID, **given: Any) -> list[Part]:
        """Return a record of an entity about a customer, the last one, behind those that it refers to.

        Every reference to a customer, required or not, is to this one, and texts that may be left out are filled.
        """
        number = next(self._numbers)
        own = {**self._values(info.name, number), **given}
        before: list[Part] = []
        values = {}
        for field in info.stored:
            if field.name in own or field.common:
                continue
            if field.reference and (field.required or field.reference == "customer"):
                values[field.name] = self._referred(info, field, customer, before)
            elif field.required or _fillable(field):
                values[field.name] = self._value(info, field, number, customer)
        made: Part = info.cls(**{**values, **own})
        return [*before, made]

    def one_per_customer(self, info: EntityInfo) -> bool:
        """Tell whether a customer can have no more than one record of an entity."""
        about = {field.name for field in info.stored if field.reference == "customer"}
        return any(about.issuperset(key) for key in info.unique if key)

    def _referred(self, info: EntityInfo, field: FieldInfo, customer: UUID, before: list[Part]) -> UUID:
        if field.reference == "customer":
            return customer
        made = self.of(self._registry.get(field.reference), customer)
        before += made
        return made[-1].id

    def _value(self, info: EntityInfo, field: FieldInfo, number: int, customer: UUID) -> Any:
        now = self._clock.now()
        if field.kind is Kind.TEXT:
            if field.name == "entity" and generic_reference(info) is not None:
                return "customer"
            return field.choices[0] if field.choices else _text(field, number)
        if field.kind is Kind.ID:
            return customer if field == generic_reference(info) else new_id()
        counted = any(field.name in key for key in info.unique)
        at_least = max(field.minimum or 0, 1)
        made: dict[Kind, Any] = {
            Kind.INTEGER: at_least + (number if counted else 0),
            Kind.DECIMAL: Decimal(at_least + (number if counted else 0)),
            Kind.BOOLEAN: False,
            Kind.MONEY: Money.of(at_least, "EUR"),
            Kind.DATE: now.date() + timedelta(days=number if counted else 0),
            Kind.INSTANT: now + timedelta(seconds=number if counted else 0),
            Kind.PARTIAL_DATE: PartialDate(year=now.year),
            Kind.WORDS: (),
            Kind.JSON: field.default if field.default is not None else {},
        }
        return made[field.kind]


def _fillable(field: FieldInfo) -> bool:
    return field.kind is Kind.TEXT and not field.choices and not field.format


def _text(field: FieldInfo, number: int) -> str:
    if field.format == "email":
        return f"somebody{number}@example.com"
    if field.format == "domain":
        return f"example{number}.com"
    if field.format:
        return _FORMATTED[field.format]
    told = f"{field.name.replace('_', ' ')} {number}"
    return told if len(told) <= field.max_length else str(number)[-field.max_length :]


def changes_of(info: EntityInfo, record: Any, crm: Crm) -> Iterator[dict[str, Any]]:
    """Yield changes of one field each that people would make to a record: empty ones are filled, choices move on."""
    now = crm.clock.now()
    fillings: dict[Kind, Any] = {Kind.INSTANT: now, Kind.DATE: now.date(), Kind.INTEGER: 1, Kind.DECIMAL: Decimal(1)}
    for field in info.stored:
        if field.common or field.reference:
            continue
        value = getattr(record, field.name)
        if field.choices:
            yield {
                field.name: field.choices[(field.choices.index(value) + 1) % len(field.choices)]
                if value
                else field.choices[0]
            }
        elif field.kind is Kind.BOOLEAN:
            yield {field.name: not value}
        elif _fillable(field) and value and len(value) < field.max_length and field.name != "entity":
            yield {field.name: f"{value}!"}
        elif value is None and field.kind in fillings:
            yield {field.name: fillings[field.kind]}
