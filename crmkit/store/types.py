"""Column types that come back as they went in, on SQLite and PostgreSQL alike.

SQLite has no exact decimals, no aware times and no UUIDs. There, decimals are scaled integers, instants are microseconds
since 1970 in UTC, ids are 16 bytes and dates ISO text; PostgreSQL uses its own types. Each type offers ``to_driver`` and
``from_driver`` for the fast paths that go past SQLAlchemy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from types import MappingProxyType
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from crmkit.core.entity import EMPTY, FieldInfo
from crmkit.core.fieldtypes import Kind
from crmkit.core.values.partial_date import PartialDate, parse_partial_date

SCALE = 6
"""Decimal places that the database keeps."""

LARGEST = Decimal(9_000_000_000_000)
"""Bound of a stored decimal: beyond it, 64-bit integers scaled by ten to the sixth would overflow."""

Convert = Callable[[Any], Any] | None

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FACTOR = Decimal(10) ** SCALE
_STEP = Decimal(1).scaleb(-SCALE)
_microsecond = timedelta(microseconds=1)


def _encode_hook(value: Any) -> Any:
    if hasattr(value, "items"):
        return dict(value)
    if hasattr(value, "amount"):
        return {"amount": str(value.amount), "currency": value.currency}
    raise TypeError(f"{type(value).__name__} has no JSON form")


_encoder = msgspec.json.Encoder(enc_hook=_encode_hook, decimal_format="string")
_decoder = msgspec.json.Decoder()


def to_json(value: Any) -> str:
    """Return the JSON text of a value; decimals become strings, times ISO 8601, ids their text form."""
    if value is EMPTY:
        return "{}"
    return encoded(spelled(value))


encode = _encoder.encode
"""Returns the JSON of a value that ``spelled`` would leave as it is, in UTF-8."""


def encoded(value: Any) -> str:
    """Return the JSON text of a value that ``spelled`` would leave as it is."""
    return encode(value).decode()


_NESTING = frozenset({PartialDate, dict, tuple, list, MappingProxyType})


def spelled(value: Any) -> Any:
    """Return ``value`` with its partial dates as text: the encoder would write their parts and asks nobody."""
    if isinstance(value, PartialDate):
        return str(value)
    if isinstance(value, Mapping):
        if _NESTING.isdisjoint(map(type, value.values())):
            return value
        return {key: spelled(item) for key, item in value.items()}
    if isinstance(value, tuple | list) and not _NESTING.isdisjoint(map(type, value)):
        return [spelled(item) for item in value]
    return value


def from_json(text: str | bytes) -> Any:
    """Return the value of a JSON text."""
    return _decoder.decode(text)


class StoredType(TypeDecorator[Any]):
    """Base: a SQLAlchemy type whose conversions are also available as plain functions per dialect."""

    cache_ok = True

    def to_driver(self, dialect: str) -> Convert:
        """Return the function from a Python value to the driver's, or None when it takes the value as it is."""
        return None

    def from_driver(self, dialect: str) -> Convert:
        """Return the function from the driver's value to Python's, or None when they are the same."""
        return None

    def native(self, dialect: str) -> TypeEngine[Any]:
        """Return the column type of the dialect."""
        raise TypeError(f"{type(self).__name__} names no column type")

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(self.native(dialect.name))

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        convert = self.to_driver(dialect.name)
        return value if value is None or convert is None else convert(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        convert = self.from_driver(dialect.name)
        return value if value is None or convert is None else convert(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Convert:
        """Return what converts the values of a column: found once, not asked for with each value."""
        convert, native = self.from_driver(dialect.name), self.impl_instance.result_processor(dialect, coltype)
        if convert is None:
            return native
        if native is None:
            return lambda value: None if value is None else convert(value)
        return super().result_processor(dialect, coltype)


class Id(StoredType):
    """A UUID: 16 bytes on SQLite, ``uuid`` on PostgreSQL."""

    impl = sa.LargeBinary
    cache_ok = True

    def native(self, dialect: str) -> TypeEngine[Any]:
        return sa.UUID(as_uuid=True) if dialect == "postgresql" else sa.BLOB()

    def to_driver(self, dialect: str) -> Convert:
        return None if dialect == "postgresql" else _uuid_bytes

    def from_driver(self, dialect: str) -> Convert:
        return None if dialect == "postgresql" else uuid_from_bytes


class Instant(StoredType):
    """A moment, aware, UTC: microseconds since 1970 on SQLite, ``timestamptz`` on PostgreSQL."""

    impl = sa.BigInteger
    cache_ok = True

    def native(self, dialect: str) -> TypeEngine[Any]:
        if dialect != "postgresql":
            return sa.BigInteger()
        from sqlalchemy.dialects.postgresql import TIMESTAMP

        return TIMESTAMP(timezone=True)

    def to_driver(self, dialect: str) -> Convert:
        return None if dialect == "postgresql" else _microseconds

    def from_driver(self, dialect: str) -> Convert:
        return _as_utc if dialect == "postgresql" else _from_microseconds


class Exact(StoredType):
    """A decimal of six places: a scaled integer on SQLite, ``numeric(20, 6)`` on PostgreSQL. Sums stay exact."""

    impl = sa.BigInteger
    cache_ok = True

    def native(self, dialect: str) -> TypeEngine[Any]:
        return sa.Numeric(20, SCALE) if dialect == "postgresql" else sa.BigInteger()

    def to_driver(self, dialect: str) -> Convert:
        return None if dialect == "postgresql" else _scaled

    def from_driver(self, dialect: str) -> Convert:
        return _plain if dialect == "postgresql" else _unscaled


class PartialDateText(StoredType):
    """A date that may lack year or day, as its ISO 8601 text."""

    impl = sa.String
    cache_ok = True

    def native(self, dialect: str) -> TypeEngine[Any]:
        return sa.String(10)

    def to_driver(self, dialect: str) -> Convert:
        return str

    def from_driver(self, dialect: str) -> Convert:
        return parse_partial_date


class IsoDate(StoredType):
    """A civil date: ISO text on SQLite, ``date`` on PostgreSQL."""

    impl = sa.String
    cache_ok = True

    def native(self, dialect: str) -> TypeEngine[Any]:
        return sa.Date() if dialect == "postgresql" else sa.String(10)

    def to_driver(self, dialect: str) -> Convert:
        return None if dialect == "postgresql" else date.isoformat

    def from_driver(self, dialect: str) -> Convert:
        return None if dialect == "postgresql" else date.fromisoformat


class Flag(StoredType):
    """True or false: 1 and 0 on SQLite."""

    impl = sa.Boolean
    cache_ok = True

    def native(self, dialect: str) -> TypeEngine[Any]:
        return sa.Boolean()

    def from_driver(self, dialect: str) -> Convert:
        return None if dialect == "postgresql" else bool


class Json(StoredType):
    """A JSON value: text on SQLite, ``jsonb`` on PostgreSQL. ``words`` marks a list of text, read as a tuple."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, words: bool = False) -> None:
        super().__init__()
        self.words = words

    def native(self, dialect: str) -> TypeEngine[Any]:
        if dialect != "postgresql":
            return sa.Text()
        from crmkit.store.postgresql_types import RawJsonb

        return RawJsonb()

    def to_driver(self, dialect: str) -> Convert:
        return to_json

    def from_driver(self, dialect: str) -> Convert:
        return _frozen if dialect == "postgresql" else _frozen_json

    def coerce_compared_value(self, op: Any, value: Any) -> TypeEngine[Any]:
        return sa.Text()


class Tokens(StoredType):
    """A set of words without spaces: text with a space around each on SQLite, ``tsvector`` on PostgreSQL.

    Written and compared by SQL of each database alone.
    """

    impl = sa.Text
    cache_ok = True

    def native(self, dialect: str) -> TypeEngine[Any]:
        if dialect != "postgresql":
            return sa.Text()
        from sqlalchemy.dialects.postgresql import TSVECTOR

        return TSVECTOR()


def column_types(info: FieldInfo) -> list[tuple[str, TypeEngine[Any]]]:
    """Return the columns, as name and type, that hold a field. Money takes two."""
    name, kind = info.name, info.kind
    if kind is Kind.MONEY:
        return [(f"{name}_amount", Exact()), (f"{name}_currency", text_type(3))]
    if kind is Kind.TEXT:
        return [(name, text_type(info.max_length))]
    made: dict[Kind, Callable[[], TypeEngine[Any]]] = {
        Kind.INTEGER: sa.BigInteger,
        Kind.BOOLEAN: Flag,
        Kind.DECIMAL: Exact,
        Kind.DATE: IsoDate,
        Kind.PARTIAL_DATE: PartialDateText,
        Kind.INSTANT: Instant,
        Kind.ID: Id,
        Kind.WORDS: lambda: Json(words=True),
        Kind.JSON: Json,
    }
    return [(name, made[kind]())]


@cache
def text_type(length: int) -> TypeEngine[Any]:
    """Return the type of a text column, ordered by code point on both databases."""
    plain: sa.String = sa.String(length) if length <= 10_000 else sa.Text()
    return plain.with_variant(
        sa.String(length, collation="C") if length <= 10_000 else sa.Text(collation="C"), "postgresql"
    )


def uuid_from_bytes(value: bytes) -> UUID:
    """Return the UUID of 16 bytes, without the checks of its constructor."""
    made: UUID = _new_uuid(UUID)
    _set_int(made, int.from_bytes(value, "big"))
    _set_safety(made, _SAFETY)
    return made


# The slots that its constructor fills, as in crmkit.core.values.ids.
_new_uuid: Any = object.__new__
_set_int: Any = UUID.__dict__["int"].__set__
_set_safety: Any = UUID.__dict__["is_safe"].__set__
_SAFETY = UUID(int=0).is_safe


def _uuid_bytes(value: UUID) -> bytes:
    return value.int.to_bytes(16, "big")


def _microseconds(value: datetime) -> int:
    return (value - _EPOCH) // _microsecond


def _from_microseconds(value: int) -> datetime:
    # Days, seconds, microseconds: by place it takes half the time that it takes by name.
    return _EPOCH + timedelta(0, 0, value)


def _as_utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


def _scaled(value: Decimal) -> int:
    return int((value * _FACTOR).to_integral_value())


def _unscaled(value: int | Decimal | float) -> Decimal:
    return _plain(Decimal(value).scaleb(-SCALE))


def _plain(value: Decimal | int) -> Decimal:
    """Return the decimal without trailing zeros and without an exponent, so that equal values look equal."""
    reduced = Decimal(value).normalize()
    return reduced.quantize(Decimal(1)) if reduced.as_tuple().exponent > 0 else reduced  # type: ignore[operator]


def _frozen_json(value: str | bytes) -> Any:
    return _frozen(_decoder.decode(value))


def _frozen(value: Any) -> Any:
    if isinstance(value, str):
        value = _decoder.decode(value)
    if isinstance(value, dict):
        return EMPTY if not value else _mapping(value)
    return tuple(value) if isinstance(value, list) else value


def _mapping(value: dict[str, Any]) -> Any:
    return MappingProxyType(value)
