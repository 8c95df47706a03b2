"""Seeing what goes on while it does: spans of sessions and hook calls, as a tree for people.

Off, nothing is in the way: sessions are plain ones, and hooks are called as they were registered. On, ``Crm.trace``
puts spans around the calls of hooks and opens sessions of a class that has spans of its own.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

import attrs

from crmkit.core.frozen import frozen
from crmkit.hooks.trace import Spans
from crmkit.store.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable


@attrs.define(eq=False)
class SpanRecord:
    """One span: what it was, how long it took (in nanoseconds), what is known of it, and the spans within it."""

    name: str
    attributes: dict[str, Any]
    duration: int = 0
    error: str = ""
    children: list[SpanRecord] = attrs.field(factory=list)
    _started: int = attrs.field(factory=perf_counter_ns, repr=False)

    def set(self, **attributes: Any) -> None:
        """Add what is known by now."""
        self.attributes.update(attributes)

    def end(self) -> None:
        """Take the time."""
        self.duration = perf_counter_ns() - self._started

    @property
    def own(self) -> int:
        """The time that was not spent in the spans within it, in nanoseconds."""
        return max(self.duration - sum(child.duration for child in self.children), 0)

    def walk(self, depth: int = 0) -> Iterator[tuple[int, SpanRecord]]:
        """Yield this span and all within it, in the order of their beginnings, each with its depth."""
        yield depth, self
        for child in self.children:
            yield from child.walk(depth + 1)


@frozen
class Share:
    """What a plugin's calls of one hook took, in nanoseconds; ``own`` without what other spans within them took."""

    plugin: str
    hook: str
    calls: int
    total: int
    own: int
    longest: int


class SpanTree:
    """Collects spans as trees, one for each thing that somebody began; ``told`` is called with each that is complete."""

    def __init__(self, told: Callable[[SpanRecord], object] = lambda root: None) -> None:
        self._told = told
        self._open = threading.local()
        self._sums: dict[tuple[str, str], list[int]] = {}
        self._lock = threading.Lock()

    @contextmanager
    def span(self, name: str, **attributes: Any) -> Iterator[SpanRecord]:
        """Measure what happens inside the block, as ``crmkit.hooks.trace.Spans`` says."""
        stack: list[SpanRecord] = self._open.__dict__.setdefault("stack", [])
        made = SpanRecord(name, attributes)
        stack.append(made)
        try:
            yield made
        except BaseException as error:
            made.error = type(error).__name__
            raise
        finally:
            made.end()
            # A generator may be closed late; whatever it left open ends with it.
            del stack[stack.index(made) :]
            if stack:
                stack[-1].children.append(made)
            self._count(made)
            if not stack:
                self._told(made)

    def shares(self) -> list[Share]:
        """Return what each plugin's hooks took since the beginning, the longest first."""
        found = [Share(plugin, hook, *sums) for (plugin, hook), sums in self._sums.items()]
        return sorted(found, key=lambda share: share.own, reverse=True)

    def _count(self, span: SpanRecord) -> None:
        plugin = span.attributes.get("plugin")
        if plugin is None:
            return
        with self._lock:
            sums = self._sums.setdefault((plugin, span.name), [0, 0, 0, 0])
            sums[0] += 1
            sums[1] += span.duration
            sums[2] += span.own
            sums[3] = max(sums[3], span.duration)


class TracedSession(Session):
    """A session with spans around its flushes and commits."""

    def _flush(self) -> None:
        if not self.work.pending:
            super()._flush()
            return
        records = {entity: len(staged) for entity, staged in self.work.pending.items() if staged}
        with spans_of(self).span("flush", **_circumstances(self), entities=sorted(records), size=sum(records.values())):
            super()._flush()

    def commit(self) -> None:
        if self._connection is None and not self.work.pending:
            super().commit()
            return
        with spans_of(self).span("commit", **_circumstances(self)):
            super().commit()


def spans_of(session: Session) -> Spans:
    """Return where a traced session's spans go; its application may have ended tracing meanwhile."""
    spans: Spans | None = getattr(session.application, "spans", None)
    return spans or SpanTree()


def _circumstances(session: Session) -> Mapping[str, Any]:
    """Return on whose behalf a session works: ids alone, no names."""
    actor, cause = session.actor, session.cause
    found: dict[str, Any] = {"tenant": str(actor.tenant_id)}
    for name, value in (("actor", actor.acting_id), ("cause", cause.event_id), ("acting_plugin", actor.plugin)):
        if value:
            found[name] = str(value)
    return found
