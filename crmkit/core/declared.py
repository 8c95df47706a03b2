"""What the fields of an entity are, read from its class: annotations, defaults and what ``field`` was told.

A class is read once, for the fields that it declares itself; those that it inherits were read with its bases.
"""

from __future__ import annotations

import typing
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

import attrs

from crmkit.core.annotations import type_of
from crmkit.core.composing import composer_of
from crmkit.core.errors import ConfigError
from crmkit.core.fields import META, DeclaredField, FieldInfo, title_of
from crmkit.core.fieldtypes import Kind, read_annotation
from crmkit.core.frozen import ATTRIBUTE, own_annotations, postponed
from crmkit.core.messages import msg

_FIELDS = "__crm_fields__"
_COMPOSER = "__attrs_post_init__"


class ReadField(NamedTuple):
    """A field, and whether it is a unique key by itself."""

    info: FieldInfo
    unique: bool


def entity_class(cls: Any, entity: str, common: Collection[str] | None, composed: bool) -> Any:
    """Return the frozen class made of ``cls``; ``fields_of`` reads its fields.

    ``common`` names the fields that every record has; None says that all of these are. Texts of ``composed`` records are
    composed when one is made. Raises ConfigError for a field whose type cannot be stored.
    """
    prepare, prepared = (_prepare_composed, (_COMPOSER,)) if composed else (_prepare, ())
    made: Any = postponed(cls, prepare, prepared, kw_only=True, unsafe_hash=False)
    setattr(made, _FIELDS, tuple(_declared_in(cls, made, entity, common)))
    return made


def fields_of(cls: Any, entity: str, common: Collection[str] | None) -> tuple[ReadField, ...]:
    """Return all fields of an entity class in the order of its arguments: those of its bases come first."""
    found: dict[str, ReadField] = {}
    for base in reversed(cls.__mro__[:-1]):
        declared = base.__dict__.get(_FIELDS)
        if declared is None:
            declared = _declared_in(base, base, entity, common) if attrs.has(base) else ()
        for one in declared:
            found.pop(one.info.name, None)
            found[one.info.name] = one
    return tuple(found.values())


def _prepare(cls: Any) -> Mapping[str, Any]:
    """Tell attrs what ``field`` was told."""
    for name, value in list(cls.__dict__.items()):
        if type(value) is DeclaredField:
            setattr(cls, name, attrs.field(default=value.default, metadata=value.metadata))
    return {}


def _prepare_composed(cls: Any) -> Mapping[str, Any]:
    _prepare(cls)
    return {_COMPOSER: composer_of(cls)}


def _declared_in(cls: Any, made: Any, entity: str, common: Collection[str] | None) -> Iterator[ReadField]:
    for name, annotation in own_annotations(cls).items():
        declared = cls.__dict__.get(name, attrs.NOTHING)
        if type(declared) is ATTRIBUTE or cls is made:
            declared = getattr(attrs.fields(made), name)
        elif type(declared) is not DeclaredField:
            declared = DeclaredField(declared, {})
        options = dict(declared.metadata.get(META, {}))
        unique = options.pop("unique", False)
        try:
            kind, nullable, literal = _kind(cls, name, annotation)
        except TypeError as error:
            raise _refused(entity, name, error) from None
        default = declared.default
        if isinstance(default, float):
            raise ConfigError(
                msg(
                    "{entity}.{field}: the default {value} is a float, which is not exact; write a Decimal",
                    entity=entity,
                    field=name,
                    value=str(default),
                )
            )
        required = options.pop("required", None)
        options["label"] = options.get("label") or title_of(name)
        options["choices"] = options.get("choices") or literal
        info = FieldInfo(
            name=name,
            kind=kind,
            nullable=nullable,
            required=default is attrs.NOTHING if required is None else required,
            default=None if default is attrs.NOTHING or isinstance(default, _FACTORY) else default,
            common=common is None or name in common,
            **options,
        )
        yield ReadField(info, unique)


_FACTORY: Any = attrs.Factory


def _refused(entity: str, name: str, error: TypeError) -> ConfigError:
    return ConfigError(msg("{entity}.{field}: {error}", entity=entity, field=name, error=str(error)))


def _kind(cls: Any, name: str, annotation: Any) -> tuple[Kind, bool, tuple[str, ...]]:
    try:
        return read_annotation(type_of(cls, annotation))
    except Exception:
        # It is no type, or one that typing alone can read, such as a name within quotes.
        return read_annotation(typing.get_type_hints(cls)[name])
