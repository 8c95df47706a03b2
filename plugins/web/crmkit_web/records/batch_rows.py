"""The rows of a batch: what each of them asks for, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from crmkit.core.errors import CrmError, FieldError, ValidationFailed, did_you_mean
from crmkit.core.fieldtypes import Kind
from crmkit.core.messages import msg
from crmkit_web.documents.reading import escaped
from crmkit_web.documents.values import Unread, read_value

MOST_ROWS = 1_000

_MEMBERS: Mapping[str, frozenset[str]] = {
    "create": frozenset({"op", "id", "values"}),
    "update": frozenset({"op", "id", "version", "values"}),
    "delete": frozenset({"op", "id", "version"}),
    "upsert": frozenset({"op", "source", "key", "version", "values"}),
}


class Row:
    """One row. ``staged`` holds what it writes, each as (before, after); ``error`` says why it is not written."""

    __slots__ = (
        "error",
        "id",
        "key",
        "kind",
        "made",
        "op",
        "pointer",
        "record_id",
        "source",
        "staged",
        "values",
        "version",
    )

    def __init__(self, place: int) -> None:
        self.pointer = f"/operations/{place}"
        self.op, self.source, self.key = "", "", ""
        self.id: UUID | None = None
        self.version: int | None = None
        self.values: Mapping[str, Any] = {}
        self.kind: type[Any] = object
        self.made = False
        self.record_id: UUID | None = None
        self.staged: list[tuple[Any, Any]] = []
        self.error: CrmError | None = None

    def fail(self, error: CrmError) -> None:
        """Note why the row is not written; the first reason counts."""
        self.error = self.error or error


def read_rows(operations: Sequence[Any]) -> list[Row]:
    """Return the rows; those that cannot be read have their errors, and so have all but the first for the same record."""
    rows = [_row(place, given) for place, given in enumerate(operations)]
    seen: set[Any] = set()
    for row in rows:
        names: Any = (row.source, row.key) if row.op == "upsert" else row.id
        if row.error is not None or names is None:
            continue
        if names in seen:
            wrong = FieldError(row.pointer, "repeated", row.key or row.id, msg("each record once in a batch"))
            row.fail(ValidationFailed([wrong]))
        seen.add(names)
    return rows


def _row(place: int, given: Any) -> Row:
    row = Row(place)
    if not isinstance(given, dict):
        row.fail(ValidationFailed([FieldError(row.pointer, "type", given, msg("a JSON object"))]))
        return row
    op = given.get("op")
    if not isinstance(op, str) or op not in _MEMBERS:
        hint = did_you_mean(op[:100] if isinstance(op, str) else "", _MEMBERS)
        row.fail(ValidationFailed([FieldError(f"{row.pointer}/op", "choice", op, hint)]))
        return row
    row.op = op
    errors: list[FieldError] = []
    for name in given:
        if name not in _MEMBERS[op]:
            hint = did_you_mean(name[:100], _MEMBERS[op])
            errors.append(FieldError(f"{row.pointer}/{escaped(name)}", "unknown_field", given[name], hint))
    if op == "upsert":
        row.source, row.key = (_text(row, given, name, errors) for name in ("source", "key"))
    elif op != "create" or given.get("id") is not None:
        row.id = _id(row, given, errors)
    if op != "delete":
        row.values = _values(row, given, errors)
    if "version" in _MEMBERS[op] and given.get("version") is not None:
        row.version = given["version"]
        if type(row.version) is not int or not 0 < row.version < 2**63:
            errors.append(FieldError(f"{row.pointer}/version", "type", given["version"], msg("a whole number")))
    if errors:
        row.fail(ValidationFailed(errors))
    return row


def _text(row: Row, given: Mapping[str, Any], name: str, errors: list[FieldError]) -> str:
    value = given.get(name)
    if isinstance(value, str) and value:
        return value
    code = "required" if value in (None, "") else "type"
    errors.append(FieldError(f"{row.pointer}/{name}", code, value, msg("a text")))
    return ""


def _id(row: Row, given: Mapping[str, Any], errors: list[FieldError]) -> UUID | None:
    try:
        found: UUID = read_value(Kind.ID, given.get("id"))
    except Unread as error:
        code = "type" if given.get("id") is not None else "required"
        errors.append(FieldError(f"{row.pointer}/id", code, given.get("id"), error.expected))
        return None
    return found


def _values(row: Row, given: Mapping[str, Any], errors: list[FieldError]) -> Mapping[str, Any]:
    values = given.get("values")
    if isinstance(values, dict):
        return values
    code = "required" if values is None else "type"
    errors.append(FieldError(f"{row.pointer}/values", code, values, msg("a JSON object")))
    return {}
