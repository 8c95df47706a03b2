"""Who was called, for how long, with what outcome. The switch rebuilds the callers, so that off costs nothing."""

from __future__ import annotations

from collections.abc import Callable, Generator
from time import perf_counter_ns
from typing import Any, Literal, TypeAlias

import attrs

from crmkit.hooks.records import Refuse

Outcome = Literal["value", "nothing", "refused", "raised"]


@attrs.frozen
class HookTrace:
    """One call of one implementation.

    ``duration`` is in nanoseconds; that of a wrapper includes what it wraps, that of a generator only its creation.
    ``size`` is the number of records, rows or interactions in the call. ``error`` names the exception's type.
    """

    hook: str
    plugin: str
    duration: int
    outcome: Outcome
    size: int
    error: str | None = None


Sink: TypeAlias = Callable[[HookTrace], object]
"""Receives traces. It runs inside the traced call, so it must be quick and must not raise."""


def traced(function: Callable[[Any, Any], Any], hook: str, plugin: str, sink: Sink) -> Callable[[Any, Any], Any]:
    """Return ``function`` with a report to ``sink`` after each call."""

    def call_traced(ctx: Any, call: Any) -> Any:
        started = perf_counter_ns()
        try:
            value = function(ctx, call)
        except BaseException as error:
            duration = perf_counter_ns() - started
            sink(HookTrace(hook, plugin, duration, "raised", _size(call), type(error).__name__))
            raise
        sink(HookTrace(hook, plugin, perf_counter_ns() - started, _outcome(value), _size(call)))
        return value

    return call_traced


def traced_wrapper(
    function: Callable[[Any, Any], Generator[None, Any, Any]], hook: str, plugin: str, sink: Sink
) -> Callable[[Any, Any], Generator[None, Any, Any]]:
    """Return the wrapper ``function`` with a report to ``sink`` when it is done."""

    def wrap_traced(ctx: Any, call: Any) -> Generator[None, Any, Any]:
        started = perf_counter_ns()
        try:
            value = yield from function(ctx, call)
        except BaseException as error:
            duration = perf_counter_ns() - started
            sink(HookTrace(hook, plugin, duration, "raised", _size(call), type(error).__name__))
            raise
        sink(HookTrace(hook, plugin, perf_counter_ns() - started, _outcome(value), _size(call)))
        return value

    return wrap_traced


def _outcome(value: object) -> Outcome:
    if isinstance(value, Refuse) or (
        isinstance(value, (list, tuple)) and any(isinstance(item, Refuse) for item in value)
    ):
        return "refused"
    return "nothing" if value is None else "value"


def _size(call: object) -> int:
    size = getattr(call, "size", 1)
    return size if isinstance(size, int) else 1
