"""The types a field can have, read from its Python annotation."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any, Literal, Union
from uuid import UUID

from crmkit.core.values.money import Money
from crmkit.core.values.partial_date import PartialDate


class Kind(Enum):
    """What a field holds. The value is the name used in configuration files and documentation."""

    TEXT = "text"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    DECIMAL = "decimal"
    MONEY = "money"
    DATE = "date"
    PARTIAL_DATE = "partial_date"
    INSTANT = "instant"
    ID = "id"
    WORDS = "words"
    JSON = "json"


PYTHON_TYPES: dict[Kind, type | tuple[type, ...]] = {
    Kind.TEXT: str,
    Kind.INTEGER: int,
    Kind.BOOLEAN: bool,
    Kind.DECIMAL: Decimal,
    Kind.MONEY: Money,
    Kind.DATE: date,
    Kind.PARTIAL_DATE: PartialDate,
    Kind.INSTANT: datetime,
    Kind.ID: UUID,
    Kind.WORDS: tuple,
    Kind.JSON: (Mapping, tuple),
}

_BY_TYPE: dict[Any, Kind] = {
    str: Kind.TEXT,
    int: Kind.INTEGER,
    bool: Kind.BOOLEAN,
    Decimal: Kind.DECIMAL,
    Money: Kind.MONEY,
    date: Kind.DATE,
    PartialDate: Kind.PARTIAL_DATE,
    datetime: Kind.INSTANT,
    UUID: Kind.ID,
}


@lru_cache(maxsize=1_000)
def read_annotation(annotation: Any) -> tuple[Kind, bool, tuple[str, ...]]:
    """Return the kind, whether None is allowed, and the choices (of a ``Literal``) that ``annotation`` stands for.

    Raises TypeError for a type that cannot be stored.
    """
    nullable = False
    if typing.get_origin(annotation) in (Union, types.UnionType):
        members = [member for member in typing.get_args(annotation) if member is not type(None)]
        nullable = len(members) < len(typing.get_args(annotation))
        if len(members) != 1:
            raise TypeError(f"a field has one type, or one type and None; got {annotation}")
        annotation = members[0]
    if annotation in _BY_TYPE:
        return _BY_TYPE[annotation], nullable, ()
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Literal:
        return Kind.TEXT, nullable, tuple(arguments)
    if origin is tuple and arguments == (str, Ellipsis):
        return Kind.WORDS, nullable, ()
    if origin in (Mapping, tuple):
        return Kind.JSON, nullable, ()
    if annotation is float:
        raise TypeError("float is not exact; use Decimal, or Money for an amount of a currency")
    raise TypeError(
        f"{annotation} is not a type that a field can have; choose one of {', '.join(k.value for k in Kind)}"
    )
