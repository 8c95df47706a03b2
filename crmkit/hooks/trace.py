"""Who was called, for how long, with what outcome. The switch rebuilds the callers, so that off costs nothing.

``Sink`` is told of each call when it is over. ``Spans`` is there while it lasts, and so sees what happens within it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from time import perf_counter_ns
from typing import Any, Literal, Protocol, TypeAlias

from crmkit.core.frozen import frozen
from crmkit.hooks.records import Refuse

Outcome = Literal["value", "nothing", "refused", "raised"]


@frozen
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


class Span(Protocol):
    """Something under way that is measured."""

    def set(self, **attributes: Any) -> None:
        """Add what is known by now, such as the outcome."""
        ...


class Spans(Protocol):
    """Measures what goes on: a tree on the terminal, or OpenTelemetry."""

    def span(self, name: str, **attributes: Any) -> AbstractContextManager[Span]:
        """Measure what happens inside the block; spans opened within it are its children. It notes an exception."""
        ...


def spanned(function: Callable[[Any, Any], Any], hook: str, plugin: str, spans: Spans) -> Callable[[Any, Any], Any]:
    """Return ``function`` with a span around each call."""

    def call_spanned(ctx: Any, call: Any) -> Any:
        with spans.span(hook, **_circumstances(plugin, call)) as span:
            value = function(ctx, call)
            span.set(outcome=_outcome(value))
        return value

    return call_spanned


def spanned_wrapper(
    function: Callable[[Any, Any], Generator[None, Any, Any]], hook: str, plugin: str, spans: Spans
) -> Callable[[Any, Any], Generator[None, Any, Any]]:
    """Return the wrapper ``function`` with a span around it, in which lies what it wraps."""

    def wrap_spanned(ctx: Any, call: Any) -> Generator[None, Any, Any]:
        with spans.span(hook, wrapper=True, **_circumstances(plugin, call)) as span:
            value = yield from function(ctx, call)
            span.set(outcome=_outcome(value))
        return value

    return wrap_spanned


def _circumstances(plugin: str, call: object) -> dict[str, Any]:
    """Return what is said of every call: names and numbers, never what records hold."""
    found: dict[str, Any] = {"plugin": plugin, "size": _size(call)}
    if isinstance(entity := getattr(call, "entity", None), str):
        found["entity"] = entity
    return found


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
    empty = isinstance(value, (list, tuple)) and not value
    return "nothing" if value is None or empty else "value"


def _size(call: object) -> int:
    size = getattr(call, "size", 1)
    return size if isinstance(size, int) else 1
