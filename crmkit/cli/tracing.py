"""What ``--trace`` and ``crmkit hooks --timings`` show: trees of spans while they happen, sums by plugin in the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit.runtime.crm import Crm
    from crmkit.runtime.tracing import Share, SpanRecord

_NOT_SAID = frozenset({"tenant", "actor", "cause", "plugin", "size"})
"""Attributes that are said otherwise, or are the same in all lines."""


@contextmanager
def told_on_terminal(crm: Crm) -> Iterator[None]:
    """Within the block, print each tree of spans on the standard error when it is complete, and then the sums."""
    from crmkit.runtime.tracing import SpanTree

    spans = SpanTree(_tell)
    crm.trace(spans)
    try:
        yield
    finally:
        crm.trace(None)
        shares = spans.shares()
        if shares:
            from crmkit.cli.output import rendered

            click.echo(err=True)
            click.echo(rendered(shares_table(shares)), err=True)


def shares_table(shares: Sequence[Share]) -> Any:
    """Return the sums of calls as a table, the longest first."""
    from crmkit.cli.output import table

    headings = [wording("Plugin"), wording("Hook"), wording("Calls"), wording("Time"), wording("Own time")]
    headings.append(wording("Longest"))
    rows = [(s.plugin, s.hook, s.calls, duration(s.total), duration(s.own), duration(s.longest)) for s in shares]
    return table([translated(heading) for heading in headings], rows, right=(2, 3, 4, 5))


def duration(nanoseconds: int) -> str:
    """Return a duration as people read it: in microseconds up to a millisecond, then in milliseconds."""
    return f"{nanoseconds / 1_000:,.1f} µs" if nanoseconds < 1_000_000 else f"{nanoseconds / 1_000_000:,.2f} ms"


def _tell(root: SpanRecord) -> None:
    for depth, span in root.walk():
        click.echo("  " * depth + _line(span), err=True)


def _line(span: SpanRecord) -> str:
    parts = [span.name]
    if plugin := span.attributes.get("plugin"):
        parts.append(str(plugin))
    parts.append(duration(span.duration))
    for name, value in span.attributes.items():
        if name not in _NOT_SAID:
            parts.append(",".join(value) if isinstance(value, (list, tuple)) else str(value))
    if (size := span.attributes.get("size")) is not None:
        parts.append(f"n={size}")
    if span.error:
        parts.append(span.error)
    return "  ".join(parts)
