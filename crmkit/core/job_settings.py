"""What an installation says about background work: how much at once, and when the scheduled part of it runs."""

from __future__ import annotations

import attrs

from crmkit.core.frozen import frozen

_positive = attrs.validators.gt(0.0)


@frozen(kw_only=True)
class JobSettings:
    """How workers work."""

    concurrency: int = attrs.field(default=8, validator=attrs.validators.ge(1))
    """Jobs that one worker runs at the same time, shared out among plugins; on SQLite eight at the most."""
    worker: str = ""
    """The name of this machine's worker, which must last; empty: the machine's name and a number."""
    address: str = ""
    """The database in which the engine keeps its queues; empty: a file beside that of SQLite, a schema on PostgreSQL."""
    dead_after: float = attrs.field(default=60.0, validator=_positive)
    """Seconds without a sign of life after which a worker counts as dead and others take over its jobs."""
    polling: float = attrs.field(default=0.25, validator=_positive)
    """Seconds between two looks for new work."""
    keep_days: int = attrs.field(default=30, validator=attrs.validators.ge(0))
    """Days that done, cancelled and discarded jobs are kept for looking at."""


@frozen(kw_only=True)
class ScheduleSettings:
    """Changes one schedule of crmkit or a plugin."""

    cron: str = ""
    """Another rule: minute, hour, day, month and day of the week; empty: its own."""
    off: bool = False
    """Whether it is left out."""
