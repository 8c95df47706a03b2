"""Which fields a right covers: named ones, kinds of sensitivity, or all; and records without what may not be seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final, get_args
from uuid import UUID

from crmkit.core.entity import EMPTY, EntityInfo, FieldInfo, Via, ViaRecord, change
from crmkit.core.errors import ConfigError, did_you_mean
from crmkit.core.fields import NAME, Sensitivity
from crmkit.core.fieldtypes import Kind
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg, shown
from crmkit.core.values.partial_date import PartialDate

CLASSES: tuple[str, ...] = get_args(Sensitivity)

MASKED_VERSION = -1
"""The version of a masked record; the write path refuses it."""


@frozen
class FieldSet:
    """The fields of one grant: everything, whole ``classes`` of sensitivity, or ``names``, less those in ``without``."""

    everything: bool = False
    classes: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()

    def includes(self, field: FieldInfo) -> bool:
        """Whether the set holds a field."""
        if field.name in self.without:
            return False
        return self.everything or field.sensitivity in self.classes or field.name in self.names


ORDINARY = FieldSet(classes=frozenset(CLASSES) - {"special"})
"""The fields of a grant that names none: all but those under special protection, which take an explicit right."""


def read_field_words(words: Iterable[Any]) -> FieldSet:
    """Return the set that a grant's words stand for; raises ConfigError for one that cannot be read.

    ``*`` is every field, ``@personal`` all of a sensitivity, ``birth_date`` that field, ``-birth_date`` all but it. Words
    that only take away take from the ordinary fields.
    """
    names: set[str] = set()
    without: set[str] = set()
    classes: set[str] = set()
    everything = False
    for given in words:
        word = given if isinstance(given, str) else ""
        if word == "*":
            everything = True
        elif word[:1] == "@" and word[1:] in CLASSES:
            classes.add(word[1:])
        elif word[:1] == "-" and NAME.fullmatch(word[1:]):
            without.add(word[1:])
        elif NAME.fullmatch(word):
            names.add(word)
        else:
            hint = did_you_mean(word, ("*", *(f"@{name}" for name in CLASSES)))
            raise ConfigError(msg("grant: {word} names no field; {hint}", word=shown(given), hint=hint))
    if without and not (names or classes or everything):
        classes |= ORDINARY.classes
    return FieldSet(everything, frozenset(classes), frozenset(names), frozenset(without))


def open_to_all(info: EntityInfo) -> frozenset[str]:
    """Return the fields that every reader of a record sees: its bookkeeping, and what its own visibility follows from."""
    followed = {rule.reference for rule in info.access if isinstance(rule, Via)}
    for rule in info.access:
        if isinstance(rule, ViaRecord):
            followed |= {rule.entity, rule.record}
    return frozenset({field.name for field in info.fields if field.common and not field.custom} | followed)


def outside(info: EntityInfo, sets: Iterable[FieldSet]) -> frozenset[str]:
    """Return the names of the fields, custom ones too, that none of ``sets`` holds."""
    known, free = tuple(sets), open_to_all(info)
    return frozenset(
        field.name
        for field in info.fields
        if field.name not in free and not any(fields.includes(field) for fields in known)
    )


class Masked:
    """Stands where a value may not be seen."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MASKED"

    def __str__(self) -> str:
        return "***"

    def __bool__(self) -> bool:
        return True


MASKED: Final = Masked()
"""In projections, the value of a field that the reader may not see."""


def masked(info: EntityInfo, record: Any, hidden: frozenset[str]) -> Any:
    """Return the record as it may be shown: hidden fields are blank, and the write path does not take it.

    The record itself when nothing is hidden.
    """
    if not hidden:
        return record
    blank = {field.name: _blank(field) for field in info.fields if field.name in hidden and not field.custom}
    if "custom" in info.by_name:
        blank["custom"] = without_hidden(record.custom, hidden)
    if "version" in info.by_name and info.editable:
        blank["version"] = MASKED_VERSION
    return change(record, **blank)


def projected(info: EntityInfo, record: Any, hidden: frozenset[str], names: Iterable[str]) -> dict[str, Any]:
    """Return fields of a record by name, custom ones too; ``MASKED`` stands for hidden ones."""
    found: dict[str, Any] = {}
    for name in names:
        field = info.by_name.get(name)
        if name in hidden:
            found[name] = MASKED
        elif name == "custom":
            found[name] = without_hidden(record.custom, hidden) if hidden else record.custom
        elif field is None or field.custom:
            found[name] = record.custom.get(name)
        else:
            found[name] = getattr(record, name)
    return found


def without_hidden(custom: Mapping[str, Any], hidden: frozenset[str]) -> Mapping[str, Any]:
    """Return custom values less the hidden ones."""
    return MappingProxyType({name: value for name, value in custom.items() if name not in hidden})


def _blank(field: FieldInfo) -> Any:
    if field.nullable or field.kind is Kind.MONEY:
        return None
    if field.choices:
        return field.choices[0] if field.default is None else field.default
    return _BLANKS[field.kind] if field.kind is not Kind.JSON or field.default is None else field.default


_BLANKS: Mapping[Kind, Any] = {
    Kind.TEXT: "",
    Kind.INTEGER: 0,
    Kind.BOOLEAN: False,
    Kind.DECIMAL: Decimal(0),
    Kind.DATE: date.min,
    Kind.PARTIAL_DATE: PartialDate(year=1),
    Kind.INSTANT: datetime(1, 1, 1, tzinfo=UTC),
    Kind.ID: UUID(int=0),
    Kind.WORDS: (),
    Kind.JSON: EMPTY,
}
