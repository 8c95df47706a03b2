"""Turns records into rows and rows into records, by functions generated once per entity and dialect."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from crmkit.core.entity import EntityInfo
from crmkit.core.fieldtypes import Kind
from crmkit.core.frozen import frozen
from crmkit.core.jsonforms import typed_custom
from crmkit.core.values.money import Money
from crmkit.store.custom_columns import custom_columns
from crmkit.store.types import StoredType, column_types

ToRow = Callable[[Any, Any], tuple[Any, ...]]
ToNewRows = Callable[[Iterable[Any], Any, Any, Any], list[tuple[Any, ...]]]
FromRow = Callable[[Any], Any]


@frozen(eq=False)
class Codec:
    """``to_row(record, tenant)`` gives driver values in the order of ``columns``; ``from_row(row)`` takes Python values.

    ``to_new_rows(records, tenant, at, by)`` gives those of records that are first written, ``at`` an instant ``by`` somebody.
    ``load_columns`` is the order that ``from_row`` expects: the columns without the tenant. ``from_driver(row)`` takes the
    same as the driver gives them; ``values(row)`` does too, and gives what the record would hold, in the order of its
    stored fields. ``written`` are the columns of each field that has several, or copies elsewhere.
    """

    columns: tuple[str, ...]
    load_columns: tuple[str, ...]
    to_row: ToRow
    to_new_rows: ToNewRows
    from_row: FromRow
    from_driver: FromRow
    values: Callable[[Any], tuple[Any, ...]]
    to_driver: Mapping[str, Callable[[Any], Any] | None]
    written: Mapping[str, tuple[str, ...]]


_STAMPS = {"version": "1", "created_at": "at", "created_by": "by", "updated_at": "at", "updated_by": "by"}
"""What bookkeeping holds of a record that is first written."""


def make_codec(info: EntityInfo, dialect: str) -> Codec:
    """Generate the codec of an entity for a dialect ("sqlite" or "postgresql")."""
    names: dict[str, Any] = {"cls": info.cls, "Money": Money, "Decimal": Decimal}
    columns: list[str] = []
    load_columns: list[str] = []
    dumped: list[str] = []
    loaded: list[str] = []
    taken: list[str] = []
    converters: dict[str, Callable[[Any], Any] | None] = {}
    written: dict[str, tuple[str, ...]] = {}
    for field in info.stored:
        parts = column_types(field)
        for name, type_ in parts:
            converters[name] = type_.to_driver(dialect) if isinstance(type_, StoredType) else None
            names[f"d_{name}"] = converters[name]
            names[f"l_{name}"] = type_.from_driver(dialect) if isinstance(type_, StoredType) else None
        place = len(load_columns)
        if field.name == info.sequence:
            # The database counts it; it is read but never written.
            loaded.append(f"{field.name}=row[{place}]")
            taken.append(f"{field.name}=row[{place}]")
            load_columns.append(field.name)
            continue
        columns.extend(name for name, _ in parts)
        load_columns.extend(name for name, _ in parts)
        value = f"r.{field.name}"
        if field.kind is Kind.MONEY:
            written[field.name] = tuple(name for name, _ in parts)
            amount = f"d_{parts[0][0]}(m.amount)" if converters[parts[0][0]] else "m.amount"
            dumped += [f"None if (m := {value}) is None else {amount}", "None if m is None else m.currency"]
            loaded.append(f"{field.name}=None if row[{place}] is None else Money(row[{place}], row[{place + 1}])")
            amount = f"l_{parts[0][0]}(row[{place}])" if names[f"l_{parts[0][0]}"] else f"row[{place}]"
            taken.append(f"{field.name}=None if row[{place}] is None else Money({amount}, row[{place + 1}])")
            continue
        given = f"row[{place}]"
        if names[f"l_{field.name}"] is not None:
            given = f"None if (v := row[{place}]) is None else l_{field.name}(v)"
        if field.name == "custom" and (typed := typed_custom(info)):
            names["typed_custom"] = typed
            loaded.append(f"custom=typed_custom(row[{place}])")
            taken.append(f"custom=typed_custom({given})")
        else:
            loaded.append(f"{field.name}=row[{place}]")
            taken.append(f"{field.name}={given}")
        if converters[field.name] is None:
            dumped.append(value)
        elif field.kind is Kind.ID:
            # As its converter does, which is called for each record several times.
            dumped.append(f"None if (v := {value}) is None else v.int.to_bytes(16, 'big')")
        elif field.name == "custom":
            dumped.append(f"d_custom({value}) if {value} else '{{}}'")
        elif field.nullable:
            dumped.append(f"None if (v := {value}) is None else d_{field.name}(v)")
        else:
            dumped.append(f"d_{field.name}({value})")
    copies = custom_columns(info)
    for number, copy in enumerate(copies):
        # Most records have no custom values, which one look tells.
        nothing = "None" if copy.nullable else "''"
        names[f"copy_{number}"] = copy.driver_value(dialect)
        dumped.append(f"copy_{number}(r.custom) if r.custom else {nothing}")
        columns.append(copy.name)
    if copies:
        written["custom"] = ("custom", *(copy.name for copy in copies))
    dumped.insert(1 if "id" in columns else 0, "tenant")
    columns.insert(1, "tenant_id")
    new = dict(zip(columns, dumped, strict=True))
    new |= {name: stamp for name, stamp in _STAMPS.items() if name in new}
    source = (
        f"def to_row(r, tenant):\n    return ({', '.join(dumped)},)\n"
        "def to_new_rows(records, tenant, at, by):\n    rows = []\n    for r in records:\n"
        f"        rows.append(({', '.join(new.values())},))\n    return rows\n"
        f"def from_row(row):\n    return cls({', '.join(loaded)})\n"
        f"def from_driver(row):\n    return cls({', '.join(taken)})\n"
        f"def values(row):\n    return ({', '.join([one.partition('=')[2] for one in taken])},)\n"
    )
    exec(compile(source, f"<codec of {info.name}>", "exec"), names)
    made = names["to_row"], names["to_new_rows"], names["from_row"], names["from_driver"], names["values"]
    return Codec(tuple(columns), tuple(load_columns), *made, converters, written)
