"""From raw settings to typed classes, with every error found, each with its path, value and expectation."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, TypeAlias, TypeVar, get_args, get_origin

import attrs
import cattrs
from cattrs import BaseValidationError, ClassValidationError, ForbiddenExtraKeysError, IterableValidationError
from cattrs.cols import (
    is_any_set,
    is_frozenset,
    is_mapping,
    is_sequence,
    list_structure_factory,
    mapping_structure_factory,
)
from cattrs.gen import make_dict_structure_fn, override

from crmkit.core.errors import CrmError, FieldError, did_you_mean
from crmkit.core.messages import Message, msg
from crmkit.core.values.bad_value import BadValue
from crmkit.runtime.environment import Surroundings
from crmkit.runtime.secrets import HIDDEN, names_secret, redact_address
from crmkit.runtime.setting_values import SCALARS, BadReference, as_list, as_table, one_of, resolved

T = TypeVar("T")
Structured: TypeAlias = Callable[[Any, Any], Any]
INTERNAL = "crmkit_internal"
"""Key in the metadata of attributes that are no settings."""

_NAMED_FIELD = re.compile(r"'(\w+)' ")


def structure(raw: object, cls: type[T], path: str, around: Surroundings) -> tuple[T | None, list[FieldError]]:
    """Return an instance of the attrs class ``cls`` with no errors, or None with all that is wrong below ``path``.

    Whatever else is raised means that ``cls`` itself has a type that no setting can have.
    """
    converter = _make_converter(around)
    try:
        return converter.structure(raw, cls), []
    except (BaseValidationError, CrmError) as error:
        return None, list(_faults(error, path, raw, cls))


def hidden(path: str, value: object) -> object:
    """Return ``value`` as an error may show it: nothing of what could be a secret."""
    if value is None or value == "":
        return value
    if names_secret(path.rpartition(".")[2].partition("[")[0]):
        return HIDDEN
    return redact_address(str(value))


def _make_converter(around: Surroundings) -> cattrs.Converter:
    converter = cattrs.Converter(detailed_validation=True, forbid_extra_keys=True)
    _add_containers(converter)
    for kind, read in SCALARS.items():
        converter.register_structure_hook(kind, _scalar(read, around))
    converter.register_structure_hook_factory(_is_literal, lambda kind: _scalar(one_of(get_args(kind)), around))
    return converter


def _scalar(read: Callable[[Any], Any], around: Surroundings) -> Structured:
    return lambda value, _: read(resolved(value, around))


# -- lists and tables ----------------------------------------------------------------------------------------------


def _add_containers(converter: cattrs.Converter) -> None:
    @converter.register_structure_hook_factory(is_sequence)
    def a_list(kind: Any, c: cattrs.Converter) -> Structured:
        return _listed(kind, c, list)

    @converter.register_structure_hook_factory(_is_tuple)
    def a_tuple(kind: Any, c: cattrs.Converter) -> Structured:
        return _listed(kind, c, tuple)

    @converter.register_structure_hook_factory(is_any_set)
    def a_set(kind: Any, c: cattrs.Converter) -> Structured:
        return _listed(kind, c, frozenset if is_frozenset(kind) else set)

    @converter.register_structure_hook_factory(is_mapping)
    def a_table(kind: Any, c: cattrs.Converter) -> Structured:
        inner = mapping_structure_factory(kind, c, dict)
        return lambda value, _: inner(as_table(value), kind)

    @converter.register_structure_hook_factory(attrs.has)
    def settings(kind: Any, c: cattrs.Converter) -> Structured:
        omitted: Any = {a.name: override(omit=True) for a in attrs.fields(kind) if a.metadata.get(INTERNAL)}
        inner = make_dict_structure_fn(kind, c, _cattrs_forbid_extra_keys=True, **omitted)
        return lambda value, _: value if isinstance(value, kind) else inner(as_table(value), kind)


def _listed(kind: Any, converter: cattrs.Converter, make: Callable[[Any], Any]) -> Structured:
    item: Any = (get_args(kind) or (Any,))[0]
    inner = list_structure_factory(list[item], converter)
    return lambda value, _: make(inner(as_list(value), kind))


def _is_tuple(kind: Any) -> bool:
    origin: Any = get_origin(kind)
    return origin is tuple and get_args(kind)[-1:] == (Ellipsis,)


def _is_literal(kind: Any) -> bool:
    origin: Any = get_origin(kind)
    return origin is Literal


# -- what went wrong -----------------------------------------------------------------------------------------------


def _faults(error: BaseException, path: str, raw: Any, kind: Any) -> Iterator[FieldError]:
    if isinstance(error, ClassValidationError):
        named, others = error.group_exceptions()
        for inner, note in named:
            yield from _faults(inner, _joined(path, note.name), _part(raw, note.name), note.type)
        for other in others:
            yield from _faults(other, path, raw, error.cl)
    elif isinstance(error, IterableValidationError):
        with_place, rest = error.group_exceptions()
        for inner, place in with_place:
            step = f"[{place.index}]" if isinstance(place.index, int) else place.index
            yield from _faults(inner, _joined(path, str(step)), _part(raw, place.index), place.type)
        for other in rest:
            yield from _faults(other, path, raw, kind)
    elif isinstance(error, ForbiddenExtraKeysError):
        known = [a.alias or a.name for a in attrs.fields(error.cl) if a.init and not a.metadata.get(INTERNAL)]
        for key in sorted(map(str, error.extra_fields)):
            # The value of an unknown setting is not shown: it may be a secret with a misspelt name.
            expected = msg("no such setting; {hint}", hint=did_you_mean(key, known))
            yield FieldError(_joined(path, key), "unknown_setting", key, expected)
    elif isinstance(error, KeyError):
        yield FieldError(path, "required", None, msg("a value; this setting is required"))
    else:
        yield _fault(error, path, raw, kind)


def _fault(error: BaseException, path: str, raw: Any, kind: Any) -> FieldError:
    value, expected, origin, secret = raw, _expectation(error), getattr(raw, "origin", ""), False
    if isinstance(error, BadValue):
        value = error.value
    elif isinstance(kind, type) and attrs.has(kind) and (found := _NAMED_FIELD.match(_text(error))):
        # A validator of attrs failed: its message begins with the field.
        name = found.group(1)
        if name in attrs.fields_dict(kind):
            path, value = _joined(path, name), _part(raw, name)
            origin = getattr(value, "origin", "")
            secret = "Secret" in str(attrs.fields_dict(kind)[name].type)
    if isinstance(value, Mapping):
        value = "{" + ", ".join(map(str, value)) + "}"
    shown = value if isinstance(error, BadReference) else HIDDEN if secret else hidden(path, value)
    if shown == HIDDEN and not isinstance(error, CrmError):
        expected = msg("another value")  # what a foreign error says could repeat the secret
    return FieldError(f"{path} ({origin})" if origin else path, "setting", shown, expected)


def _expectation(error: BaseException) -> Message:
    if isinstance(error, BadValue):
        return error.expected
    if isinstance(error, CrmError):
        return error.message
    return msg("{error}", error=_text(error))


def _text(error: BaseException) -> str:
    """Return the words of an exception; what validators of attrs put behind them is for programs."""
    return str(error.args[0]) if error.args else type(error).__name__


def _joined(path: str, step: str) -> str:
    return f"{path}{step}" if not path or step.startswith("[") else f"{path}.{step}"


def _part(raw: Any, key: Any) -> Any:
    try:
        return raw[key]
    except (LookupError, TypeError):
        return None
