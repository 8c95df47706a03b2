"""How an entity is declared: ``@entity``, ``field`` and ``change``, and the metadata everything else is made from.

Metadata is written once, here. The table, the validation, import, audit, filters, forms and documents are read from it.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import compress
from operator import attrgetter, is_not
from types import MappingProxyType
from typing import Any, TypeVar, dataclass_transform
from uuid import UUID

import attrs

from crmkit.core.copying import copied_from
from crmkit.core.declared import entity_class, fields_of
from crmkit.core.errors import ConfigError, did_you_mean
from crmkit.core.fields import (
    EMPTY,
    MAX_TEXT,
    NAME,
    CustomField,
    ErasePolicy,
    FieldInfo,
    Format,
    MergePolicy,
    Sensitivity,
    field,
    title_of,
)
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg
from crmkit.core.values.ids import new_id

__all__ = [
    "COMMON",
    "EMPTY",
    "MAX_TEXT",
    "STAMPED",
    "AccessRule",
    "CustomField",
    "EntityInfo",
    "ErasePolicy",
    "FieldInfo",
    "Format",
    "MergePolicy",
    "Own",
    "Part",
    "Record",
    "Sensitivity",
    "Via",
    "ViaLink",
    "ViaRecord",
    "change",
    "changed_fields",
    "entity",
    "entity_info",
    "field",
]


@attrs.frozen
class Own:
    """A record's own owner and team decide who may see it."""


@frozen
class Via:
    """Whoever may see the record that ``reference`` points to may see this one."""

    reference: str


@frozen
class ViaLink:
    """Whoever may see a record that the linking entity joins to this one may see this one.

    ``link`` is the linking entity; its field ``here`` points at this record, its field ``there`` at the other. Its fields
    ``copies`` always hold what the fields of the same names of this record do: an index of links may then sort by them.
    """

    link: str
    here: str
    there: str
    copies: tuple[str, ...] = ()


@frozen
class ViaRecord:
    """Whoever may see the record of any entity that the fields ``entity`` and ``record`` name may see this one."""

    entity: str = "entity"
    record: str = "record_id"


AccessRule = Own | Via | ViaLink | ViaRecord


@frozen(eq=False)
class EntityInfo:
    """Everything known of one entity; its words are explained at ``entity``. ``plural`` is also the name of its table."""

    name: str
    cls: type[Any]
    label: str
    plural: str
    plural_label: str
    fields: tuple[FieldInfo, ...]
    unique: tuple[tuple[str, ...], ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()
    access: tuple[AccessRule, ...] = (Own(),)
    title: str = "name"
    plugin: str = "crmkit"
    sequence: str = ""
    over: str = ""
    credited: bool = False
    credentials: bool = False
    stored: tuple[FieldInfo, ...] = attrs.field(init=False, repr=False)
    """The fields that have columns of their own; custom fields live in the ``custom`` column."""
    by_name: Mapping[str, FieldInfo] = attrs.field(init=False, repr=False)
    compared_names: tuple[str, ...] = attrs.field(init=False, repr=False)
    compared: Callable[[Any], tuple[Any, ...]] = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "stored", tuple([info for info in self.fields if not info.custom]))
        object.__setattr__(self, "by_name", MappingProxyType({info.name: info for info in self.fields}))
        # What tells two states of a record apart: its own fields without bookkeeping, read in one go.
        names = tuple(info.name for info in self.stored if info.name not in STAMPED)
        object.__setattr__(self, "compared_names", names)
        several: Callable[[Any], tuple[Any, ...]] = attrgetter(*names) if len(names) > 1 else _one_by_one(names)
        object.__setattr__(self, "compared", several)

    @property
    def owned(self) -> bool:
        """Whether records carry an owner and a team."""
        return "owner_id" in self.by_name

    @property
    def editable(self) -> bool:
        """Whether sessions write records of it; the log's entries are written by the store alone."""
        return issubclass(self.cls, Part)

    def field(self, name: str) -> FieldInfo:
        """Return the field called ``name``; raises ConfigError with the closest name otherwise."""
        try:
            return self.by_name[name]
        except KeyError:
            raise ConfigError(
                msg(
                    "{entity} has no field {field}; {hint}",
                    entity=self.name,
                    field=name,
                    hint=did_you_mean(name, self.by_name),
                )
            ) from None

    def with_custom(self, fields: tuple[FieldInfo, ...]) -> EntityInfo:
        """Return this entity with more custom fields."""
        return attrs.evolve(self, fields=self.fields + fields)


def _one_by_one(names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    return lambda record: tuple([getattr(record, name) for name in names])


T = TypeVar("T", bound=type)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(field,))
def entity(
    name: str,
    *,
    label: str = "",
    plural: str = "",
    plural_label: str = "",
    unique: tuple[tuple[str, ...], ...] = (),
    indexes: tuple[tuple[str, ...], ...] = (),
    access: AccessRule | tuple[AccessRule, ...] = Own(),
    title: str = "name",
    plugin: str = "crmkit",
    sequence: str = "",
    over: str = "",
    credited: bool = False,
    credentials: bool = False,
) -> Callable[[T], T]:
    """Make a class an entity: frozen, slotted, keyword-only, with its metadata in ``entity_info(cls)``.

    ``name`` is its word in code, filters and events (a plugin's starts with the plugin's name), ``plural`` names the
    table, ``unique`` lists keys that hold among living records of a tenant, ``title`` is the field that people know a
    record by, ``sequence`` a field that the database counts up. ``over`` is a filter on the records that are over, where no
    lifecycle says so; with ``credited`` these stay with their owner in a hand-over. Records of ``credentials`` let people
    and programs in: general doors such as the API, imports and exports leave them out, and a change of one counts as a
    change of rights, which open sessions notice.
    """

    def decorate(cls: T) -> T:
        if not NAME.fullmatch(name):
            raise ConfigError(msg("entity {name}: a name is lower-case letters, digits and underscores", name=name))
        composed = issubclass(cls, Part)
        if composed:
            cls.__hash__ = Part.__hash__  # type: ignore[method-assign, assignment]
        made = entity_class(cls, name, COMMON, composed)
        fields = fields_of(made, name, COMMON)
        made.__crm_entity__ = EntityInfo(
            name=name,
            cls=made,
            label=label or title_of(name),
            plural=plural or f"{name}s",
            plural_label=plural_label or label or title_of(plural or f"{name}s"),
            fields=tuple(one.info for one in fields),
            unique=unique + tuple((one.info.name,) for one in fields if one.unique),
            indexes=indexes,
            access=access if isinstance(access, tuple) else (access,),
            title=title,
            plugin=plugin,
            sequence=sequence,
            over=over,
            credited=credited,
            credentials=credentials,
        )
        return typing.cast(T, made)

    return decorate


def entity_info(cls: type[Any]) -> EntityInfo:
    """Return the metadata of an entity class as declared; raises ConfigError when the class is not an entity.

    Custom fields belong to an application: ask its registry for the full picture.
    """
    info = cls.__dict__.get("__crm_entity__")
    if not isinstance(info, EntityInfo):
        raise ConfigError(msg("{name} is not an entity; decorate it with @entity", name=cls.__name__))
    return info


E = TypeVar("E", bound="Part")


def change(record: E, /, **values: Any) -> E:
    """Return a copy of ``record`` with other values; the record itself never changes.

    Raises ConfigError for a field that the entity does not have.
    """
    cls: Any = type(record)
    names, read = copied_from(cls)
    try:
        changed: E = cls(**{**dict(zip(names, read(record), strict=True)), **values})
        return changed
    except TypeError:
        info = entity_info(type(record))
        for name in values:
            info.field(name)
        raise


def changed_fields(before: Part, after: Part) -> tuple[str, ...]:
    """Return the names of the fields in which two states of a record differ, bookkeeping fields left out."""
    info = entity_info(type(after))
    olds, news = info.compared(before), info.compared(after)
    # Most values are the very same.
    others = compress(zip(info.compared_names, olds, news, strict=True), map(is_not, olds, news))
    return tuple([name for name, old, new in others if old != new])


STAMPED = ("version", "created_at", "created_by", "updated_at", "updated_by")
"""Bookkeeping that the store fills when it writes a record; nobody else sets it."""


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(field,))
def _base(cls: T) -> T:
    """Make a base class of entities; it says to type checkers what ``entity`` says of its subclasses."""
    return typing.cast(T, entity_class(cls, cls.__name__, None, composed=False))


@_base
class Part:
    """Base of entities that belong to another record, such as a contact point. Access comes through that record."""

    id: UUID = field(factory=new_id, audited=False)
    version: int = field(default=0, audited=False)
    created_at: datetime | None = field(default=None, audited=False)
    created_by: UUID | None = field(default=None, audited=False)
    updated_at: datetime | None = field(default=None, audited=False)
    updated_by: UUID | None = field(default=None, audited=False)
    deleted_at: datetime | None = field(default=None)
    source: str = field(default="", max_length=100)
    custom: Mapping[str, Any] = field(default=EMPTY)

    def __hash__(self) -> int:
        return hash(self.id)


@_base
class Record(Part):
    """Base of entities that stand for themselves: they have an owner and a team."""

    owner_id: UUID | None = field(default=None, reference="user")
    team_id: UUID | None = field(default=None, reference="team")

    def __hash__(self) -> int:
        return hash(self.id)


COMMON = frozenset(one.info.name for one in fields_of(Record, "record", None))
