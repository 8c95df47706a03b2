"""What people ask across records: reports, sources of the timeline, and providers of search results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from crmkit.core.frozen import frozen
from crmkit.core.messages import Message
from crmkit.hooks.web.blocks import Block


@frozen
class ReportCall:
    """What a report is asked: an instance of its ``query`` class, None where it has none."""

    query: Any = None


@frozen
class Report:
    """Figures and charts over many records. ``handler(ctx, ReportCall)`` returns blocks."""

    id: str
    label: Message
    handler: Callable[[Any, ReportCall], Sequence[Block]]
    help: Message | None = None
    query: type[Any] | None = None
    """An attrs class of what can be asked: period, grouping, filter; each with a default."""
    permission: str = ""
    group: Message | None = None
    replaces: str = ""


@frozen
class TimelineAsked:
    """The record whose timeline is shown, and the window that entries are wanted of, newest first."""

    record: Any
    before: datetime | None = None
    limit: int = 50


@frozen
class TimelineSource:
    """Entries of the timeline of an entity's records. ``handler(ctx, TimelineAsked)`` returns ``TimelineEntry`` records.

    Of customers, entries come by ``collect_timeline_entries`` too.
    """

    id: str
    label: Message
    entity: str
    handler: Callable[[Any, TimelineAsked], Sequence[Any]]
    permission: str = ""
    replaces: str = ""


@frozen
class SearchAsked:
    """What somebody looks for, and how many answers do."""

    text: str
    limit: int = 10


@frozen
class SearchFound:
    """One answer of a search: a record, or an ``address`` elsewhere. A higher ``score`` stands first."""

    label: str
    entity: str = ""
    record_id: Any = None
    address: str = ""
    detail: str = ""
    score: float = 0.0


@frozen
class SearchProvider:
    """Answers a search beside the core's own index. ``handler(ctx, SearchAsked)`` returns ``SearchFound`` records."""

    id: str
    label: Message
    handler: Callable[[Any, SearchAsked], Sequence[SearchFound]]
    permission: str = ""
    replaces: str = ""
