"""Spans for OpenTelemetry: what a trace on the terminal shows, for the tools that an installation watches with.

Attributes are names, numbers and ids; what records hold never leaves by this way.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from crmkit.core.errors import ConfigError, did_you_mean
from crmkit.core.messages import msg

if TYPE_CHECKING:
    from opentelemetry.trace import Span as OtelSpan
    from opentelemetry.trace import TracerProvider

MISSING = msg("telemetry needs OpenTelemetry; install crmkit[telemetry]")


class Telemetry:
    """Hands spans to OpenTelemetry: ``crm.trace(Telemetry())`` uses the provider that the process has set."""

    def __init__(self, provider: TracerProvider | None = None) -> None:
        try:
            from opentelemetry import trace
        except ImportError:
            raise ConfigError(MISSING) from None
        from crmkit import __version__

        self._trace = trace
        self._tracer = trace.get_tracer("crmkit", __version__, tracer_provider=provider)

    @contextmanager
    def span(self, name: str, **attributes: Any) -> Iterator[_Span]:
        """Measure what happens inside the block, as ``crmkit.hooks.trace.Spans`` says."""
        given = _attributes(attributes)
        # An exception's message may tell what a record holds; its type is said instead.
        with self._tracer.start_as_current_span(
            f"crmkit.{name}", attributes=given, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield _Span(span)
            except BaseException as error:
                span.set_attribute("error.type", type(error).__qualname__)
                span.set_status(self._trace.StatusCode.ERROR, type(error).__name__)
                raise


class _Span:
    def __init__(self, span: OtelSpan) -> None:
        self._span = span

    def set(self, **attributes: Any) -> None:
        self._span.set_attributes(_attributes(attributes))


def set_up_provider() -> None:
    """Have this process send its spans to where the environment says, unless a provider is set up already.

    For the command line and workers; a program that embeds crmkit sets up its own. OTEL_TRACES_EXPORTER names the
    exporter, by default ``otlp``, whose own variables (OTEL_EXPORTER_OTLP_ENDPOINT ...) say where to. Raises
    ConfigError.
    """
    try:
        from opentelemetry import trace
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise ConfigError(MISSING) from None
    if isinstance(trace.get_tracer_provider(), TracerProvider):
        return
    name = os.environ.get("OTEL_TRACES_EXPORTER", "otlp")
    found = {point.name: point for point in entry_points(group="opentelemetry_traces_exporter")}
    if name not in found:
        hint = did_you_mean(name, sorted(found))
        raise ConfigError(msg("OTEL_TRACES_EXPORTER: no exporter {name} is installed; {hint}", name=name, hint=hint))
    provider = TracerProvider(resource=Resource.create({"service.name": os.environ.get("OTEL_SERVICE_NAME", "crmkit")}))
    provider.add_span_processor(BatchSpanProcessor(found[name].load()()))
    trace.set_tracer_provider(provider)


def _attributes(given: dict[str, Any]) -> dict[str, Any]:
    return {f"crmkit.{name}": list(value) if isinstance(value, tuple) else value for name, value in given.items()}
