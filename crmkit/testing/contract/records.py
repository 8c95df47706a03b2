"""Records that can be stored, made from the metadata of their entities; a plugin with rules of its own says what they need."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

from crmkit.core.entity import EntityInfo, FieldInfo, Part
from crmkit.core.fields import EMPTY
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

    def __init__(
        self,
        crm: Crm,
        values: Values | None = None,
        referring: Mapping[str, Sequence[str]] = EMPTY,
        single: Collection[str] = (),
        numbers: Iterator[int] | None = None,
    ) -> None:
        """``referring`` names references, by entity, that are filled although they may be left open.

        ``single`` names entities of which a customer has one record at most, though no unique key of theirs says so.
        ``numbers`` are shared with others who make records for the same database.
        """
        self._registry, self._clock, self._values = crm.registry, crm.clock, values or (lambda entity, number: {})
        self._referring, self._single = referring, frozenset(single)
        self._numbers = numbers or count(1)

    def of(self, info: EntityInfo, customer: UUID, **given: Any) -> list[Part]:
        """Return a record of an entity about a customer, the last one, behind those that it refers to.

        Every reference to a customer, required or not, is to this one, but for open ones that keep a customer from being
        merged; texts that may be left out are filled. A value with a dotted name is one of the record that a reference
        leads to, as in ``order_id.status``.
        """
        number = next(self._numbers)
        own = {**self._values(info.name, number), **given}
        further: dict[str, dict[str, Any]] = {}
        for name in [name for name in own if "." in name]:
            reference, _, inner = name.partition(".")
            further.setdefault(reference, {})[inner] = own.pop(name)
        before: list[Part] = []
        values = {}
        for field in info.stored:
            if field.name in own or field.common:
                continue
            if field.reference and (field.required or self._filled(info, field)):
                values[field.name] = self._referred(field, customer, before, further.get(field.name, {}))
            elif field.required or _fillable(field):
                values[field.name] = self._value(info, field, number, customer)
        made: Part = info.cls(**{**values, **own})
        return [*before, made]

    def one_per_customer(self, info: EntityInfo) -> bool:
        """Tell whether a customer can have no more than one record of an entity."""
        about = {field.name for field in info.stored if field.reference == "customer"}
        return info.name in self._single or any(about.issuperset(key) for key in info.unique if key)

    def _filled(self, info: EntityInfo, field: FieldInfo) -> bool:
        about = field.reference == "customer" and field.merge != "block"
        return about or field.name in self._referring.get(info.name, ())

    def _referred(self, field: FieldInfo, customer: UUID, before: list[Part], given: Mapping[str, Any]) -> UUID:
        if field.reference == "customer":
            return customer
        made = self.of(self._registry.get(field.reference), customer, **given)
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


def changeable(info: EntityInfo, filled_in: Sequence[str] = ()) -> list[FieldInfo]:
    """Return the fields that people change in records of an entity, ``filled_in`` being those that its plugin fills."""
    return [field for field in info.stored if not (field.common or field.reference or field.name in filled_in)]


def changed_value(field: FieldInfo, record: Any, now: datetime) -> Any:
    """Return what people would change a field of a record to, None for nothing: empty ones are filled, choices move on."""
    value = getattr(record, field.name)
    if field.choices:
        return field.choices[(field.choices.index(value) + 1) % len(field.choices)] if value else field.choices[0]
    if field.kind is Kind.BOOLEAN:
        return not value
    if _fillable(field):
        return f"{value}!" if value and len(value) < field.max_length and field.name != "entity" else None
    fillings = {Kind.INSTANT: now, Kind.DATE: now.date(), Kind.INTEGER: 1, Kind.DECIMAL: Decimal(1)}
    return fillings.get(field.kind) if value is None else None
