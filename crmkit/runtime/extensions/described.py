"""What classes of input ask for: one description that options, forms, JSON Schema and tools are made from."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal, Union
from uuid import UUID

import attrs

from crmkit.core.errors import ConfigError
from crmkit.core.frozen import frozen
from crmkit.core.messages import Message, msg
from crmkit.core.values.money import Money
from crmkit.core.values.partial_date import PartialDate

InputKind = Literal[
    "text",
    "integer",
    "number",
    "boolean",
    "decimal",
    "money",
    "date",
    "partial_date",
    "instant",
    "id",
    "object",
    "mapping",
    "any",
]
"""What one value is. ``object`` has ``fields``; a ``mapping`` holds texts, or whatever is wanted, by name."""

KINDS: Mapping[Any, InputKind] = types.MappingProxyType(
    {
        str: "text",
        int: "integer",
        float: "number",
        bool: "boolean",
        Decimal: "decimal",
        Money: "money",
        date: "date",
        PartialDate: "partial_date",
        datetime: "instant",
        UUID: "id",
        Any: "any",
    }
)


@frozen
class InputField:
    """One attribute of a class of input.

    ``default`` is None for what is ``required``, and for a default that is made anew each time. ``many``: a list of such
    values. Bounds are those that validators of attrs name.
    """

    name: str
    kind: InputKind
    label: Message
    help: Message | None = None
    required: bool = True
    nullable: bool = False
    default: Any = None
    choices: tuple[Any, ...] = ()
    many: bool = False
    reference: str = ""
    """The entity that an id is of, as the attribute's ``metadata={"reference": "user"}`` says."""
    fields: tuple[InputField, ...] = ()
    minimum: Any = None
    maximum: Any = None
    min_length: int | None = None
    max_length: int | None = None
    type: Any = attrs.field(default=None, repr=False)
    """The annotation, without None."""


def input_fields(cls: type[Any]) -> tuple[InputField, ...]:
    """Return what a class of input asks for, in the order of its attributes.

    Label and help are ``metadata={"label": msg("..."), "help": msg("...")}`` of an attribute. Raises ConfigError for what
    is no attrs class, and for an attribute of a type that no input has.
    """
    known: Any = cls
    return _fields(known)


@lru_cache(maxsize=2_000)
def _fields(cls: Any) -> tuple[InputField, ...]:
    if not (isinstance(cls, type) and attrs.has(cls)):
        raise ConfigError(msg("{cls} is no attrs class", cls=repr(cls)))
    try:
        hints = typing.get_type_hints(cls)
    except NameError as error:
        problem = "{cls}: {error}; its annotations have to be names of its module"
        raise ConfigError(msg(problem, cls=cls.__qualname__, error=str(error))) from None
    return tuple(_described(cls, one, hints[one.name]) for one in attrs.fields(cls) if one.init)


def parts_of(annotation: Any) -> tuple[Any, bool]:
    """Return an annotation without None, and whether None was a part of it."""
    if typing.get_origin(annotation) in (Union, types.UnionType):
        members = typing.get_args(annotation)
        others = [member for member in members if member is not type(None)]
        if len(others) == 1:
            return others[0], len(others) < len(members)
    return annotation, annotation is Any


def item_of(annotation: Any) -> Any:
    """Return the annotation of the items of a list or tuple of one kind; None for anything else."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is list and len(arguments) == 1:
        return arguments[0]
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return arguments[0]
    return None


def is_mapping(annotation: Any) -> bool:
    """Tell whether values by names are wanted."""
    origin = typing.get_origin(annotation)
    named = isinstance(origin, type) and issubclass(origin, Mapping)
    return named and typing.get_args(annotation)[0] is str


def _described(cls: type[Any], one: attrs.Attribute[Any], annotation: Any) -> InputField:
    inner, nullable = parts_of(annotation)
    item = item_of(inner)
    of = inner if item is None else parts_of(item)[0]
    kind = _kind(cls, one.name, of)
    bounds = _bounds(one.validator)
    label = one.metadata.get("label") or Message(one.name.removesuffix("_id").replace("_", " ").strip().capitalize())
    return InputField(
        name=one.name,
        kind=kind,
        label=label,
        help=one.metadata.get("help"),
        required=one.default is attrs.NOTHING,
        nullable=nullable,
        default=None if one.default is attrs.NOTHING or isinstance(one.default, attrs.Factory) else one.default,  # type: ignore[arg-type]
        choices=typing.get_args(of) if typing.get_origin(of) is Literal else bounds.pop("choices", ()),
        many=item is not None,
        reference=one.metadata.get("reference", ""),
        fields=input_fields(of) if kind == "object" else (),
        type=inner,
        **bounds,
    )


def _kind(cls: type[Any], name: str, of: Any) -> InputKind:
    if of in KINDS:
        return KINDS[of]
    if typing.get_origin(of) is Literal and all(isinstance(one, str) for one in typing.get_args(of)):
        return "text"
    if is_mapping(of):
        return "mapping"
    if isinstance(of, type) and attrs.has(of):
        return "object"
    raise ConfigError(
        msg(
            "{cls}.{name}: no input has the type {type}; there are {known}",
            cls=cls.__qualname__,
            name=name,
            type=getattr(of, "__name__", str(of)),
            known=", ".join(sorted([*KINDS.values(), "Literal", "list", "tuple", "Mapping[str, ...]", "attrs class"])),
        )
    )


def _bounds(validator: Any) -> dict[str, Any]:
    """Return the bounds that validators of attrs name; what other validators want, they say when they fail."""
    found: dict[str, Any] = {}
    for one in _single(validator):
        operator = getattr(one, "compare_op", None)
        if operator in (">=", "<="):
            found["minimum" if operator == ">=" else "maximum"] = one.bound
        for name, there in (("max_length", "max_length"), ("min_length", "min_length"), ("options", "choices")):
            if getattr(one, name, None) is not None:
                found[there] = tuple(one.options) if name == "options" else getattr(one, name)
    return found


def _single(validator: Any) -> Iterator[Any]:
    for one in getattr(validator, "_validators", (validator,)):
        inner = getattr(one, "validator", None)
        yield from (_single(inner) if inner is not None else (one,))
