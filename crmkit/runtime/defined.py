"""Entities that an installation defines in its configuration. They become classes like those written in Python."""

from __future__ import annotations

import re
import types
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from keyword import iskeyword
from typing import Any, Literal
from uuid import UUID

from crmkit.core.entity import (
    COMMON,
    ErasePolicy,
    Format,
    MergePolicy,
    Own,
    Part,
    Record,
    Sensitivity,
    Via,
    entity,
    field,
)
from crmkit.core.errors import FieldError, ValidationFailed, did_you_mean
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg
from crmkit.core.values.money import Money
from crmkit.core.values.partial_date import PartialDate

OWNER = "configuration"
"""Stands where the plugin's name stands for entities of plugins."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_TYPES: dict[str, Any] = {
    "text": str,
    "boolean": bool,
    "words": tuple[str, ...],
    "integer": int,
    "decimal": Decimal,
    "money": Money,
    "date": date,
    "partial_date": PartialDate,
    "instant": datetime,
    "id": UUID,
}
# What a field of these types holds when nothing is given; fields of other types then hold None.
_EMPTY: dict[str, Any] = {"text": "", "boolean": False, "words": ()}


@frozen(kw_only=True)
class DefinedField:
    """A field of an entity that an installation defines."""

    name: str
    type: str = ""
    """What it holds: a type other than ``json``; empty: ``id`` for a field with a ``reference``, else ``text``."""
    label: str = ""
    required: bool = False
    choices: tuple[str, ...] = ()
    reference: str = ""
    max_length: int = 200
    minimum: int | None = None
    format: Format = ""
    unique: bool = False
    """Whether no two living records of a tenant may have the same value."""
    indexed: bool = False
    searchable: bool = False
    sensitivity: Sensitivity = "internal"
    merge: MergePolicy | None = None
    erase: ErasePolicy | None = None
    help: str = ""

    @property
    def kind(self) -> str:
        """The type, also where it was left out."""
        return self.type or ("id" if self.reference else "text")


@frozen(kw_only=True)
class DefinedEntity:
    """An entity that an installation defines."""

    name: str
    """Its word in code, filters, events and rights: lower-case letters, digits and underscores."""
    label: str = ""
    """What people call one record; by default made from the name."""
    plural: str = ""
    """The name of its table, and of its records in filters; by default the name with an ``s``."""
    plural_label: str = ""
    """What people call several records."""
    fields: tuple[DefinedField, ...] = ()
    """At least one field of its own."""
    access: Literal["own", "via"] = "own"
    """Who may see a record: ``own`` goes by its owner and team, ``via`` by the record that ``via`` points to."""
    via: str = ""
    """With ``access = "via"``: the reference that decides."""
    title: str = ""
    """The field that people know a record by; empty: ``name``, or the first text field."""
    unique: tuple[tuple[str, ...], ...] = ()
    """Lists of fields that together differ between all living records of a tenant."""


def make_entity(definition: DefinedEntity) -> type[Any]:
    """Return the entity class of ``definition``; raises ValidationFailed with all that is wrong in it."""
    errors = definition_errors(definition, definition.name)
    if errors:
        raise ValidationFailed(errors)
    base = Record if definition.access == "own" else Part

    def fill(namespace: dict[str, Any]) -> None:
        namespace["__annotations__"] = {defined.name: _annotation(defined) for defined in definition.fields}
        namespace["__module__"] = __name__
        namespace["__doc__"] = definition.label or definition.name
        namespace.update((defined.name, _declared(defined)) for defined in definition.fields)

    cls = types.new_class("".join(word.title() for word in definition.name.split("_")), (base,), exec_body=fill)
    return entity(
        definition.name,
        label=definition.label,
        plural=definition.plural,
        plural_label=definition.plural_label,
        unique=definition.unique,
        access=Own() if definition.access == "own" else Via(definition.via),
        title=_title(definition),
        plugin=OWNER,
    )(cls)


def definition_errors(definition: DefinedEntity, path: str) -> list[FieldError]:
    """Return everything wrong in ``definition`` that needs no look at other entities, below ``path``."""
    return [
        *_name_errors(definition, path),
        *_key_errors(definition, path),
        *_access_errors(definition, path),
        *(
            error
            for place, defined in enumerate(definition.fields)
            for error in _field_errors(defined, f"{path}.fields[{place}]")
        ),
    ]


def _annotation(defined: DefinedField) -> Any:
    kind = _TYPES[defined.kind]
    return kind if defined.required or defined.kind in _EMPTY else kind | None


def _declared(defined: DefinedField) -> Any:
    about_customer = defined.reference == "customer"
    options: dict[str, Any] = {
        "label": defined.label,
        "choices": defined.choices,
        "max_length": defined.max_length,
        "minimum": defined.minimum,
        "format": defined.format,
        "reference": defined.reference,
        "unique": defined.unique,
        "indexed": defined.indexed,
        "searchable": defined.searchable,
        "sensitivity": defined.sensitivity,
        # What refers to a customer follows it when it is merged, and loses sight of it when it is erased.
        "merge": defined.merge or ("repoint" if about_customer else None),
        "erase": defined.erase or ("tombstone" if about_customer else None),
        "help": defined.help,
    }
    if not defined.required:
        options["default"] = _EMPTY.get(defined.kind)
    return field(**options)


def _title(definition: DefinedEntity) -> str:
    names = [defined.name for defined in definition.fields]
    texts = [defined.name for defined in definition.fields if defined.kind == "text"]
    return definition.title or ("name" if "name" in names else (texts or names)[0])


def _name_errors(definition: DefinedEntity, path: str) -> Iterator[FieldError]:
    for part in ("name", "plural"):
        value = getattr(definition, part)
        if (part == "name" or value) and not _NAME.fullmatch(value):
            yield FieldError(f"{path}.{part}", "name", value, msg("lower-case letters, digits and underscores"))
    if not definition.fields:
        yield FieldError(f"{path}.fields", "required", None, msg("at least one field"))
    seen: set[str] = set()
    for place, defined in enumerate(definition.fields):
        if defined.name in seen:
            expected = msg("a name that no other field has")
            yield FieldError(f"{path}.fields[{place}].name", "twice", defined.name, expected)
        seen.add(defined.name)


def _key_errors(definition: DefinedEntity, path: str) -> Iterator[FieldError]:
    names = {defined.name for defined in definition.fields}
    if definition.title:
        yield from _unknown(definition.title, names, f"{path}.title")
    for place, key in enumerate(definition.unique):
        for name in key:
            yield from _unknown(name, names, f"{path}.unique[{place}]")


def _access_errors(definition: DefinedEntity, path: str) -> Iterator[FieldError]:
    references = {defined.name for defined in definition.fields if defined.reference}
    if definition.access == "via":
        yield from _unknown(definition.via, references, f"{path}.via")
    elif definition.via:
        yield FieldError(f"{path}.via", "unused", definition.via, msg('nothing, unless access = "via"'))


def _unknown(name: str, known: set[str], path: str) -> Iterator[FieldError]:
    if name not in known:
        yield FieldError(path, "unknown_field", name, msg("a field of it; {hint}", hint=did_you_mean(name, known)))


def _field_errors(defined: DefinedField, path: str) -> Iterator[FieldError]:
    if not _NAME.fullmatch(defined.name) or iskeyword(defined.name) or defined.name == "self":
        expected = msg("lower-case letters, digits and underscores, no word of Python")
        yield FieldError(f"{path}.name", "name", defined.name, expected)
    elif defined.name in COMMON:
        expected = msg("another name; every record has this field already")
        yield FieldError(f"{path}.name", "taken", defined.name, expected)
    if defined.kind not in _TYPES:
        expected = msg("a type; {hint}", hint=did_you_mean(defined.kind, _TYPES))
        yield FieldError(f"{path}.type", "type", defined.type, expected)
    elif defined.reference and defined.kind != "id":
        expected = msg("id, since it refers to {entity}", entity=defined.reference)
        yield FieldError(f"{path}.type", "type", defined.type, expected)
    if defined.choices and defined.kind != "text":
        yield FieldError(f"{path}.choices", "choices", ", ".join(defined.choices), msg("none; they are for texts"))
    if defined.max_length < 1:
        yield FieldError(f"{path}.max_length", "minimum", defined.max_length, msg("at least 1"))


def make_entities(definitions: Sequence[DefinedEntity]) -> tuple[type[Any], ...]:
    """Return the entity classes of ``definitions``, in their order."""
    return tuple(make_entity(definition) for definition in definitions)
