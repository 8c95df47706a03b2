"""The mapping file: which rows of which source become which records. A TOML file, checked before anything is read."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

import attrs
import cattrs

from crmkit.core.errors import BadInput, did_you_mean
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg
from crmkit.services.importing.sources import SourceOptions


@frozen(kw_only=True)
class ValueRule:
    """How a field gets its value.

    ``from_`` ("from" in the file) is a template such as ``{first_name} {last_name}``; ``map`` names a value map;
    ``default`` stands in for an empty value; ``places`` cleans a number to so many decimal places, ``scale`` is a
    factor to multiply it by; ``format`` is a date's form as in ``%d.%m.%Y``; ``decimal`` the decimal mark;
    ``separator`` splits a list of words. A reference gives ``external`` (a template for an external id), ``match``
    (fields of the record wanted) or ``record`` (the record that an earlier block made of the same row); with
    ``optional`` a missing record leaves the field empty. Money gives ``amount`` and ``currency``. ``exported`` says
    that ``from_`` names a column whose cells are as an export to a spreadsheet or to JSON lines wrote them.
    """

    from_: str = ""
    map: str = ""
    default: str = ""
    places: int | None = None
    scale: str = ""
    format: str = ""
    decimal: str | None = None
    separator: str = ";"
    external: str = ""
    system: str = ""
    match: Mapping[str, str] = attrs.field(factory=dict)
    record: str = ""
    entity: str = ""
    optional: bool = False
    amount: ValueRule | None = None
    currency: str = ""
    exported: Literal["", "sheet", "json"] = ""


@frozen(kw_only=True)
class RecordRule:
    """One record made of each row of a source.

    A record that exists is found by ``external_id`` (a template), by ``match`` (fields with a unique value) or by
    ``identify`` (contact points: ``{email = "{mail}"}``). ``when`` is a template that must not be empty; ``where``
    is a filter on the record's own fields, and a row whose record does not match is left out as a whole. ``name`` lets
    later blocks refer to this record. ``keep`` lists fields that an existing record keeps. ``separate`` reads the
    source again, after everything before is in, so that rows may refer to one another.
    """

    source: str
    entity: str
    name: str = ""
    external_id: str = ""
    match: tuple[str, ...] = ()
    identify: Mapping[str, str] = attrs.field(factory=dict)
    when: str = ""
    where: str = ""
    on_duplicate: Literal["update", "skip", "error"] = "update"
    keep: tuple[str, ...] = ()
    separate: bool = False
    fields: Mapping[str, ValueRule] = attrs.field(factory=dict)

    @property
    def label(self) -> str:
        """What other blocks call this one."""
        return self.name or self.entity


@frozen(kw_only=True)
class ImportMapping:
    """A whole mapping file. ``system`` names the other system in external identities."""

    name: str
    system: str = ""
    country: str = ""
    currency: str = ""
    timezone: str = "UTC"
    maps: Mapping[str, Mapping[str, str]] = attrs.field(factory=dict)
    sources: Mapping[str, SourceOptions] = attrs.field(factory=dict)
    record: tuple[RecordRule, ...] = ()
    text: str = attrs.field(default="", repr=False, eq=False)

    def steps(self) -> list[tuple[str, tuple[RecordRule, ...]]]:
        """Return the sources in the order they are read, each with the blocks that one reading fills."""
        found: list[tuple[str, tuple[RecordRule, ...]]] = []
        for rule in self.record:
            if found and found[-1][0] == rule.source and not rule.separate:
                found[-1] = (rule.source, (*found[-1][1], rule))
            else:
                found.append((rule.source, (rule,)))
        return found


def load_mapping(path: Path) -> ImportMapping:
    """Return the mapping in a TOML file; raises BadInput naming everything wrong with it."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise BadInput(msg("mapping {path} cannot be read: {error}", path=str(path), error=reason)) from None
    return read_mapping(text, str(path))


def read_mapping(text: str, origin: str = "mapping") -> ImportMapping:
    """Return the mapping written in a TOML text."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(msg("{path}: no valid TOML: {error}", path=origin, error=str(error))) from None
    try:
        mapping: ImportMapping = _converter().structure(data, ImportMapping)
    except cattrs.ClassValidationError as error:
        lines = cattrs.transform_error(error, path="mapping", format_exception=_explain)
        raise BadInput(msg("{path}: {problems}", path=origin, problems="; ".join(lines))) from None
    if not mapping.record:
        raise BadInput(msg("{path}: no [[record]] block, so nothing would be imported", path=origin))
    return attrs.evolve(mapping, text=text)


@cache
def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True)
    converter.register_structure_hook(str, _text)
    converter.register_structure_hook(bool, _flag)
    converter.register_structure_hook(bool | tuple[str, ...], _header)
    hook = cattrs.gen.make_dict_structure_fn(
        ValueRule,
        converter,
        _cattrs_forbid_extra_keys=True,
        from_=cattrs.override(rename="from"),
    )

    def value_rule(value: Any, cls: type[ValueRule]) -> ValueRule:
        if isinstance(value, str | int | float | bool):
            return ValueRule(from_=_constant(value))
        if isinstance(value, Mapping) and "value" in value:
            rest = {name: part for name, part in value.items() if name != "value"}
            return attrs.evolve(
                hook(rest, ValueRule), from_=_constant(value["value"]).replace("{", "{{").replace("}", "}}")
            )
        return hook(value, ValueRule)

    converter.register_structure_hook(ValueRule, value_rule)
    return converter


def _constant(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _text(value: object, _: type[str]) -> str:
    if not isinstance(value, str | int):
        raise TypeError(f"expected text, got {value!r}")
    return str(value)


def _flag(value: object, _: type[bool]) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"expected true or false, got {value!r}")
    return value


def _header(value: object, _: Any) -> bool | tuple[str, ...]:
    if isinstance(value, bool):
        return value
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return tuple(value)
    raise TypeError(f"expected true, false or a list of column names, got {value!r}")


def _explain(error: BaseException, _: type | None) -> str:
    if isinstance(error, cattrs.ForbiddenExtraKeysError):
        known = [a.name.rstrip("_") for a in attrs.fields(error.cl)]
        return "; ".join(f"unknown key {key} ({did_you_mean(key, known)})" for key in sorted(error.extra_fields))
    if isinstance(error, KeyError):
        return f"{error.args[0]} is missing"
    return str(error)
