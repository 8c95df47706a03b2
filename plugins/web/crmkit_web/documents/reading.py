"""Documents back into records: what somebody sends to make or change one.

How each field is read is worked out once for an entity. Rules of values (lengths, formats, choices) are checked by the
write path; they are asked here as well only where something else is wrong already, so that all of it is told at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import attrs

from crmkit.core.entity import EMPTY, STAMPED, EntityInfo, FieldInfo, change
from crmkit.core.errors import FieldError, ValidationFailed, did_you_mean
from crmkit.core.fieldtypes import Kind
from crmkit.core.messages import Message, msg
from crmkit.core.validation import problem_of
from crmkit_web.documents.plain import plain
from crmkit_web.documents.values import Unread, read_value

GIVEN_BY_STORE = frozenset({*STAMPED, "deleted_at"})
"""Fields that nobody sends: the store fills them."""

_OF_CONTENT = frozenset({"media_type", "size", "sha256"})
"""Fields of an attachment that say which content it has: uploading fills them, and nobody points at another's."""

NOT_SENT = msg("nothing: the store writes this field")


def given_by_store(info: EntityInfo) -> frozenset[str]:
    """Return the fields of an entity that nobody sends."""
    return GIVEN_BY_STORE | _OF_CONTENT if info.name == "attachment" else GIVEN_BY_STORE


Values = dict[str, Any]
Errors = list[FieldError]


def new_record(info: EntityInfo, document: Mapping[str, Any], prefix: str = "") -> Any:
    """Return a new record of what a document says; raises ValidationFailed with every field that is wrong."""
    reading, errors = reading_of(info), Errors()
    values = reading.values(document, prefix, errors, None)
    missing = [name for name in reading.required if name not in values]
    if errors or missing:
        _raise_all(reading, document, values, missing, errors, prefix)
    return info.cls(**values)


def changed_record(info: EntityInfo, record: Any, patch: Mapping[str, Any], prefix: str = "") -> Any:
    """Return a record with a merge patch (RFC 7396) applied: null clears a field, what is absent stays as it is.

    Custom fields, JSON objects and amounts of money are merged member by member. The record itself when nothing differs.
    """
    reading, errors = reading_of(info), Errors()
    values = reading.values(patch, prefix, errors, record)
    if errors:
        _raise_all(reading, patch, values, (), errors, prefix)
    return change(record, **values) if values else record


def check_patch(info: EntityInfo, record: Any, patch: Mapping[str, Any], prefix: str = "") -> None:
    """Raise ValidationFailed with all that is wrong with a merge patch by itself, before any record is changed by it.

    ``record`` is one to try it on: parts of amounts of money are completed by what it holds.
    """
    reading, errors = reading_of(info), Errors()
    values = reading.values(patch, prefix, errors, record)
    _check_values(reading, values, errors, prefix)
    if errors:
        raise ValidationFailed(errors)


class Reading:
    """How documents of one entity are read."""

    def __init__(self, info: EntityInfo) -> None:
        self.info = info
        self.fields = {field.name: field for field in info.stored}
        self.not_sent = given_by_store(info)
        self.custom = {field.name: field for field in info.fields if field.custom}
        # Other required fields may be derived, as a name is from its parts.
        self.required = tuple(one.name for one in attrs.fields(info.cls) if one.default is attrs.NOTHING)

    def values(self, document: Mapping[str, Any], prefix: str, errors: Errors, before: Any) -> Values:
        """Return the values of a document by field; what is wrong is added to ``errors``. ``before``: it is a patch."""
        values: Values = {}
        for name, raw in document.items():
            field = self.fields.get(name)
            if field is None:
                self._unknown(name, raw, prefix, errors)
            elif name in self.not_sent or (name == "id" and before is not None):
                errors.append(FieldError(f"{prefix}/{name}", "read_only", raw, NOT_SENT))
            elif name == "custom":
                self._custom(raw, prefix, errors, before, values)
            else:
                self._field(field, raw, prefix, errors, before, values)
        return values

    def _field(self, field: FieldInfo, raw: Any, prefix: str, errors: Errors, before: Any, values: Values) -> None:
        name = field.name
        if raw is None:
            if field.nullable:
                values[name] = None
            elif field.required or name == "id":
                errors.append(FieldError(f"{prefix}/{name}", "required", None, msg("a value")))
            elif before is not None:
                values[name] = self._cleared(field)
            # A new record without the field has its default anyway.
            return
        if before is not None and type(raw) is dict:
            raw = merged(plain(getattr(before, name)), raw)
        try:
            values[name] = read_value(field.kind, raw)
        except Unread as error:
            errors.append(FieldError(f"{prefix}/{name}{error.pointer}", error.code, error.value, error.expected))

    def _cleared(self, field: FieldInfo) -> Any:
        if field.default is not None:
            return field.default
        return EMPTY if field.kind is Kind.JSON else field.default

    def _custom(self, raw: Any, prefix: str, errors: Errors, before: Any, values: Values) -> None:
        if raw is None:
            if before is not None:
                values["custom"] = EMPTY
            return
        if not isinstance(raw, dict):
            errors.append(FieldError(f"{prefix}/custom", "type", raw, msg("an object with the custom fields")))
            return
        made: Values = {} if before is None else dict(before.custom)
        for name, value in raw.items():
            field = self.custom.get(name)
            if field is None:
                hint = did_you_mean(name[:100], self.custom)
                errors.append(FieldError(f"{prefix}/custom/{escaped(name)}", "unknown_field", value, hint))
            elif value is None:
                made.pop(name, None)
            else:
                try:
                    made[name] = read_value(field.kind, value)
                except Unread as error:
                    pointer = f"{prefix}/custom/{name}{error.pointer}"
                    errors.append(FieldError(pointer, error.code, error.value, error.expected))
        values["custom"] = MappingProxyType(made)

    def _unknown(self, name: str, raw: Any, prefix: str, errors: Errors) -> None:
        hint: Message = did_you_mean(name[:100], self.fields)
        if name in self.custom:
            hint = msg("did you mean {name}?", name=f"custom.{name}")
        errors.append(FieldError(f"{prefix}/{escaped(name)}", "unknown_field", raw, hint))


@lru_cache(maxsize=1_000)
def reading_of(info: EntityInfo) -> Reading:
    """Return how documents of an entity are read."""
    return Reading(info)


def merged(target: Any, patch: Mapping[str, Any]) -> Any:
    """Return a value with a merge patch (RFC 7396) applied."""
    made = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            made.pop(name, None)
        else:
            made[name] = merged(made.get(name), value) if isinstance(value, dict) else value
    return made


def escaped(name: str) -> str:
    """Return a name as a part of a JSON pointer (RFC 6901)."""
    return name[:200].replace("~", "~0").replace("/", "~1")


def _raise_all(
    reading: Reading,
    document: Mapping[str, Any],
    values: Values,
    missing: tuple[str, ...] | list[str],
    errors: Errors,
    prefix: str,
) -> None:
    """Raise what is wrong, and what the write path would find wrong with the rest of it."""
    told = {error.path for error in errors}
    for name in missing:
        if f"{prefix}/{name}" not in told and not any(path.startswith(f"{prefix}/{name}/") for path in told):
            errors.append(FieldError(f"{prefix}/{name}", "required", None, msg("a value")))
    _check_values(reading, values, errors, prefix)
    raise ValidationFailed(errors)


def _check_values(reading: Reading, values: Values, errors: Errors, prefix: str) -> None:
    for name, value in values.items():
        if name == "custom":
            for key, item in value.items():
                _check(reading.custom.get(key), item, f"{prefix}/custom/{escaped(key)}", errors)
        else:
            _check(reading.fields[name], value, f"{prefix}/{name}", errors)


def _check(field: FieldInfo | None, value: Any, pointer: str, errors: Errors) -> None:
    problem = None if field is None else problem_of(field, value)
    if problem is not None:
        errors.append(FieldError(pointer, problem[0], value, problem[1]))
