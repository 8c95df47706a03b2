"""Lifecycles as TOML files and as the JSON that is stored. Both are read by the same rules, with every error found."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, get_args

import attrs

from crmkit.core.errors import BadInput, FieldError, ValidationFailed, did_you_mean
from crmkit.core.lifecycle_checks import definition_errors
from crmkit.core.lifecycle_definition import Category, LifecycleDefinition, RuleDefinition
from crmkit.core.messages import Message, msg
from crmkit.core.values.pattern import pattern

if TYPE_CHECKING:
    import cattrs

ROOT = "lifecycle"
_DURATION = pattern(r"(\d{1,6})\s*(minute|hour|day|week)s?", re.ASCII)
_UNITS = {unit: timedelta(**{f"{unit}s": 1}) for unit in ("week", "day", "hour", "minute")}


def lifecycle_from_toml(text: str, origin: str = "") -> LifecycleDefinition:
    """Return the lifecycle that a TOML text defines.

    Raises BadInput for text that is no TOML and ValidationFailed with everything else that is wrong in it.
    """
    import tomllib

    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(msg("{path}: no valid TOML: {error}", path=origin or ROOT, error=str(error))) from None
    return lifecycle_from_data(data)


def lifecycle_from_data(data: Mapping[str, Any]) -> LifecycleDefinition:
    """Return the lifecycle that plain data describe; raises ValidationFailed with everything wrong in them."""
    import cattrs

    try:
        definition: LifecycleDefinition = _converter().structure(data, LifecycleDefinition)
    except cattrs.BaseValidationError as error:
        raise ValidationFailed(_faults(error, ROOT)) from None
    errors = definition_errors(definition, ROOT)
    if errors:
        raise ValidationFailed(errors)
    return definition


def lifecycle_to_data(definition: LifecycleDefinition) -> dict[str, Any]:
    """Return ``definition`` as JSON holds it; whatever is at its default is left out."""
    made: dict[str, Any] = _converter().unstructure(definition)
    return made


def duration_text(duration: timedelta) -> str:
    """Return ``duration`` in the largest unit that divides it: ``90 days``."""
    for unit, length in _UNITS.items():
        if duration % length == timedelta():
            number = duration // length
            return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
    return f"{duration // _UNITS['minute']} minutes"


@cache
def _converter() -> cattrs.Converter:
    import cattrs
    from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

    converter = cattrs.Converter(forbid_extra_keys=True, omit_if_default=True)
    converter.register_structure_hook(str, _text)
    converter.register_structure_hook(bool, _flag)
    converter.register_structure_hook(timedelta, _duration)
    converter.register_unstructure_hook(timedelta, duration_text)
    converter.register_structure_hook_func(lambda kind: kind == Category, _category)
    converter.register_structure_hook_func(lambda kind: kind == tuple[str, ...], _words)
    converter.register_unstructure_hook_func(lambda kind: kind == tuple[str, ...], list)
    renamed = override(rename="from")
    structure = make_dict_structure_fn(RuleDefinition, converter, _cattrs_forbid_extra_keys=True, from_=renamed)
    converter.register_structure_hook(RuleDefinition, structure)
    unstructure = make_dict_unstructure_fn(RuleDefinition, converter, _cattrs_omit_if_default=True, from_=renamed)
    converter.register_unstructure_hook(RuleDefinition, unstructure)
    return converter


class _Unfit(ValueError):
    def __init__(self, value: object, expected: Message) -> None:
        super().__init__(str(expected))
        self.value, self.expected = value, expected


def _text(value: object, _: Any) -> str:
    if not isinstance(value, str):
        raise _Unfit(value, msg("text"))
    return value


def _flag(value: object, _: Any) -> bool:
    if not isinstance(value, bool):
        raise _Unfit(value, msg("true or false"))
    return value


def _duration(value: object, _: Any) -> timedelta:
    found = _DURATION.fullmatch(value.strip().lower()) if isinstance(value, str) else None
    if found is None:
        raise _Unfit(value, msg("a number of minutes, hours, days or weeks, such as 90 days"))
    return int(found[1]) * _UNITS[found[2]]


def _category(value: object, _: Any) -> Any:
    known = get_args(Category)
    if value not in known:
        raise _Unfit(value, msg("one of {names}", names=", ".join(known)))
    return value


def _words(value: object, _: Any) -> tuple[str, ...]:
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list | tuple) or not all(isinstance(word, str) for word in words):
        raise _Unfit(value, msg("a list of names"))
    return tuple(words)


def _faults(error: BaseException, path: str) -> Iterator[FieldError]:
    """Yield what is wrong with plain data, each with its place."""
    import cattrs
    from cattrs.errors import AttributeValidationNote

    if isinstance(error, cattrs.IterableValidationError | cattrs.ClassValidationError):
        placed, rest = error.group_exceptions()
        for part, note in placed:
            if isinstance(note, AttributeValidationNote):
                place = f".{note.name.rstrip('_')}"
            else:
                place = f"[{note.index}]" if isinstance(note.index, int) else f".{note.index}"
            yield from _faults(part, path + place)
        for part in rest:
            yield from _faults(part, path)
    elif isinstance(error, cattrs.ForbiddenExtraKeysError):
        known = [attribute.name.rstrip("_") for attribute in attrs.fields(error.cl)]
        for key in sorted(error.extra_fields):
            yield FieldError(f"{path}.{key}", "unknown", key, msg("a known key; {hint}", hint=did_you_mean(key, known)))
    elif isinstance(error, KeyError):
        yield FieldError(path, "required", None, msg("a value"))
    elif isinstance(error, _Unfit):
        yield FieldError(path, "type", error.value, error.expected)
    else:
        yield FieldError(path, "type", None, msg("a table or list of tables ({error})", error=str(error)))
