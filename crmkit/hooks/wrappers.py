"""Wrappers: implementations that are generators around all others, of pluggy's new style and of its old one."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, TypeAlias

import pluggy

from crmkit.hooks.errors import Failed
from crmkit.hooks.protocols import Contextual

Wrapping: TypeAlias = Generator[None, Any, Any]
Entering: TypeAlias = Callable[[Any, Any], Wrapping]
"""Runs a wrapper up to its ``yield`` and returns it."""

_Owned: TypeAlias = list[tuple[str, Any]]
_Invoke: TypeAlias = Callable[[Contextual, Any], _Owned]


def entering(function: Callable[[Any, Any], Wrapping]) -> Entering:
    """Return a function that starts ``function``; it raises ``RuntimeError`` when that does not yield."""

    def enter(ctx: Any, call: Any) -> Wrapping:
        wrapping = function(ctx, call)
        try:
            next(wrapping)
        except StopIteration:
            raise RuntimeError(f"wrapper {_name(wrapping)} must yield once and did not") from None
        return wrapping

    return enter


def modern(function: Callable[[Any, Any], Generator[None, Any, Any]]) -> Callable[[Any, Any], Wrapping]:
    """Return the old-style wrapper ``function``, whose ``yield`` gives a ``pluggy.Result``, as a new-style one."""

    def wrap(ctx: Any, call: Any) -> Wrapping:
        wrapping = entering(function)(ctx, call)
        try:
            value = yield
            outcome: pluggy.Result[Any] = pluggy.Result.from_call(lambda: value)
        except BaseException as error:
            outcome = pluggy.Result.from_call(_raising(error))
        try:
            wrapping.send(outcome)
        except StopIteration:
            return outcome.get_result()
        finally:
            wrapping.close()
        raise _second_yield(wrapping)

    return wrap


def enclose(wrappers: tuple[tuple[str, Entering], ...], inner: _Invoke, single: bool) -> _Invoke:
    """Return ``inner`` inside ``wrappers``, the first of them outermost. ``single``: the result is one value, no list.

    A value that a wrapper adds or replaces belongs to the wrapper's plugin, as does an exception that it raises.
    """

    def call_enclosed(contexts: Contextual, call: Any) -> _Owned:
        entered: list[tuple[str, Wrapping]] = []
        owned: _Owned = []
        culprit = ""
        error: BaseException | None = None
        try:
            for culprit, enter in wrappers:
                entered.append((culprit, enter(contexts[culprit], call)))
            owned = inner(contexts, call)
        except Failed as failed:
            culprit, error = failed.plugin, failed.error
        except BaseException as raised:
            error = raised
        while entered:
            plugin, wrapping = entered.pop()
            try:
                if error is None:
                    wrapping.send(_values(owned, single))
                else:
                    wrapping.throw(error)
                wrapping.close()
            except StopIteration as stop:
                try:
                    owned, error = _owners(stop.value, owned, plugin, single), None
                except TypeError as wrong:
                    culprit, error = plugin, wrong
                continue
            except BaseException as raised:
                if raised is not error and not _passed_on(raised, error):
                    culprit, error = plugin, raised
                continue
            # As in pluggy, a second yield ends the call at once.
            raise Failed(plugin, _second_yield(wrapping))
        if isinstance(error, Exception):
            raise Failed(culprit, error) from error
        if error is not None:
            raise error
        return owned

    return call_enclosed


def _values(owned: _Owned, single: bool) -> Any:
    if single:
        return owned[0][1] if owned else None
    return [value for _, value in owned]


def _owners(value: Any, before: _Owned, plugin: str, single: bool) -> _Owned:
    if single:
        values = [] if value is None else [value]
    elif isinstance(value, list):
        values = value
    else:
        raise TypeError(f"a wrapper must return the list of results, not {type(value).__name__}")
    known = list(before)
    owned = []
    for item in values:
        place = next((place for place, (_, other) in enumerate(known) if other is item), None)
        owned.append((plugin, item) if place is None else known.pop(place))
    return owned


def _passed_on(raised: BaseException, error: BaseException | None) -> bool:
    # A StopIteration that a generator lets through comes out as the cause of a RuntimeError.
    return isinstance(raised, RuntimeError) and isinstance(error, StopIteration) and raised.__cause__ is error


def _raising(error: BaseException) -> Callable[[], Any]:
    def again() -> Any:
        raise error

    return again


def _second_yield(wrapping: Wrapping) -> RuntimeError:
    return RuntimeError(f"wrapper {_name(wrapping)} must yield once and did so again")


def _name(wrapping: Wrapping) -> str:
    return getattr(wrapping, "__qualname__", repr(wrapping))
