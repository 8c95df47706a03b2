"""What is known of one field: its metadata, how a class declares it, and fields that installations add."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Literal

import attrs

from crmkit.core.errors import ConfigError, did_you_mean
from crmkit.core.fieldtypes import Kind
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg

Sensitivity = Literal["public", "internal", "personal", "special"]
Format = Literal["", "email", "country", "currency", "language", "timezone", "domain", "name"]
MergePolicy = Literal["repoint", "union", "keep_both", "block"]
ErasePolicy = Literal["tombstone", "delete", "keep", "clear"]

MAX_TEXT = 1_000_000
FILTERABLE_TEXT = 500
"""The longest text, in characters, of a filterable custom field: an index of PostgreSQL takes no longer ones."""

EMPTY: Mapping[str, Any] = MappingProxyType({})
NAME = re.compile(r"[a-z][a-z0-9_]*")


@frozen
class FieldInfo:
    """Everything known of one field."""

    name: str
    """Its word in code, filters, imports and the configuration: lower-case letters, digits and underscores."""
    kind: Kind
    """What it holds."""
    label: str
    """What people call it; it is translated. By default made from the name."""
    nullable: bool
    """Whether None is allowed."""
    required: bool
    """Whether a record without a value is refused."""
    default: Any = None
    """What a record holds when nothing is given."""
    choices: tuple[str, ...] = ()
    """The words that are allowed; empty: all."""
    max_length: int = MAX_TEXT
    """The longest text, in characters."""
    minimum: int | None = None
    """The smallest number."""
    format: Format = ""
    """What a text must look like."""
    reference: str = ""
    """The entity that an id points to."""
    indexed: bool = False
    """Whether the database finds records by it without reading all."""
    searchable: bool = False
    """Whether the search looks into it."""
    audited: bool = True
    """Whether audit entries hold its values."""
    sensitivity: Sensitivity = "internal"
    """Whom it concerns: everybody, the company, a person, or a person in a matter under special protection."""
    merge: MergePolicy | None = None
    """What becomes of a reference when the record that it points to is merged into another."""
    erase: ErasePolicy | None = None
    """What becomes of a reference when the record that it points to is erased."""
    handed_over: bool = False
    """Whether a reference to a user passes to the heir when that user leaves; else it stays, as history."""
    fixed: bool = False
    """Whether a value, once known, seldom changes: it does not grow old as that of a variable field does."""
    help: str = ""
    """One sentence for people who fill it in."""
    custom: bool = False
    """Whether an installation or a plugin added it."""
    filterable: bool = False
    """Whether a custom field has a column of its own, so that filters and lists find and sort by it quickly."""
    common: bool = False
    """Whether every record has it."""


@frozen(kw_only=True)
class CustomField:
    """A field that a plugin or an installation adds to an existing entity. Its values live in ``record.custom``."""

    entity: str
    """The entity that it is added to."""
    name: str
    type: str = "text"
    """What it holds: the name of a type other than ``money`` and ``json``."""
    label: str = ""
    required: bool = False
    choices: tuple[str, ...] = ()
    max_length: int = 10_000
    reference: str = ""
    searchable: bool = False
    """Whether the search looks into it."""
    filterable: bool = False
    """Whether it has an indexed column of its own, for filters and sorting; a text is then at most 500 characters long."""
    sensitivity: Sensitivity = "internal"
    merge: MergePolicy | None = None
    """What becomes of a reference when its target is merged; one to a customer follows it by default."""
    erase: ErasePolicy | None = None
    """What becomes of a reference when its target is erased; one to a customer is cleared by default."""
    fixed: bool = False
    """Whether a value, once known, seldom changes: it does not grow old as that of a variable field does."""
    help: str = ""

    def info(self) -> FieldInfo:
        """Return the metadata of this field; raises ConfigError for a bad name or type."""
        if not NAME.fullmatch(self.name):
            raise ConfigError(
                msg("custom field {name}: a name is lower-case letters, digits and underscores", name=self.name)
            )
        allowed = [kind.value for kind in Kind if kind not in (Kind.MONEY, Kind.JSON)]
        if self.type not in allowed:
            raise ConfigError(
                msg(
                    "custom field {name}: unknown type {type}; {hint}",
                    name=self.name,
                    type=self.type,
                    hint=did_you_mean(self.type, allowed),
                )
            )
        if self.filterable and self.type == Kind.WORDS.value:
            raise ConfigError(
                msg("custom field {name}: a list of words has no order and cannot be filterable", name=self.name)
            )
        short = self.filterable and self.type == Kind.TEXT.value
        return FieldInfo(
            name=self.name,
            kind=Kind(self.type),
            label=self.label or title_of(self.name),
            nullable=True,
            required=self.required,
            choices=tuple(self.choices),
            max_length=min(self.max_length, FILTERABLE_TEXT) if short else self.max_length,
            reference=self.reference,
            searchable=self.searchable,
            filterable=self.filterable,
            sensitivity=self.sensitivity,
            merge=self.merge or ("repoint" if self.reference == "customer" else None),
            erase=self.erase or ("clear" if self.reference == "customer" else None),
            fixed=self.fixed,
            help=self.help,
            custom=True,
        )


META = "crmkit"
"""Under this key attrs keeps what ``field`` was told."""
_REQUIRED: Any = attrs.NOTHING


class DeclaredField:
    """What ``field`` was told, until the class that it stands in is made: an attribute of attrs costs ten times as much."""

    __slots__ = ("default", "metadata")

    def __init__(self, default: Any, options: dict[str, Any]) -> None:
        self.default, self.metadata = default, {META: options}


def field(
    *,
    default: Any = _REQUIRED,
    factory: Callable[[], Any] | None = None,
    label: str = "",
    required: bool | None = None,
    choices: tuple[str, ...] = (),
    max_length: int = 200,
    minimum: int | None = None,
    format: Format = "",
    reference: str = "",
    unique: bool = False,
    indexed: bool = False,
    searchable: bool = False,
    audited: bool = True,
    sensitivity: Sensitivity = "internal",
    merge: MergePolicy | None = None,
    erase: ErasePolicy | None = None,
    handed_over: bool = False,
    fixed: bool = False,
    help: str = "",
) -> Any:
    """Declare a field of an entity.

    Without a default the field is required. ``reference`` names the entity an id points to; ``max_length`` counts
    characters of text; ``minimum`` bounds numbers; ``unique`` holds among living records of one tenant;
    ``handed_over`` and ``fixed`` are explained at FieldInfo. ``erase="keep"`` marks a text that tells nothing of a
    person, such as the kind of something: it outlives an erasure.
    """
    options = {
        "label": label,
        "required": required,
        "choices": choices,
        "max_length": max_length,
        "minimum": minimum,
        "format": format,
        "reference": reference,
        "unique": unique,
        "indexed": indexed,
        "searchable": searchable,
        "audited": audited,
        "sensitivity": sensitivity,
        "merge": merge,
        "erase": erase,
        "handed_over": handed_over,
        "fixed": fixed,
        "help": help,
    }
    return DeclaredField(default if factory is None else attrs.Factory(factory), options)


def title_of(name: str) -> str:
    """Return the label that a name makes by itself: ``owner_id`` is "Owner"."""
    text = name.removesuffix("_id").replace("_", " ")
    return text[:1].upper() + text[1:]
