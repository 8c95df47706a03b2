"""Hooks of background work: the jobs of plugins, and when they are due by themselves."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal
from uuid import UUID

import attrs

from crmkit.core.errors import ConfigError
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg, shown
from crmkit.hooks.kinds import Kind, hookspec
from crmkit.hooks.protocols import Context
from crmkit.hooks.setup import Setup

CatchUp = Literal["once", "each", "skip"]

_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
_CRON_FIELD = re.compile(r"[0-9A-Za-z*?/,\-#]+")


@frozen
class Job:
    """One piece of work, as its function gets it.

    ``attempt`` counts from 1. ``due_at`` is when it was due by its schedule, None for one that was enqueued.
    """

    id: UUID
    name: str
    payload: Mapping[str, Any]
    attempt: int = 1
    key: str = ""
    due_at: datetime | None = None


@frozen(kw_only=True)
class Retries:
    """What happens to a job that fails: ``attempts`` in all, each after a pause that grows; then it is parked.

    The first pause lasts ``pause`` seconds, each further one ``factor`` times the one before, none over ``longest``.
    """

    attempts: int = attrs.field(default=5, validator=attrs.validators.ge(1))
    pause: float = attrs.field(default=10.0, validator=attrs.validators.ge(0.0))
    factor: float = attrs.field(default=3.0, validator=attrs.validators.ge(1.0))
    longest: float = attrs.field(default=3_600.0, validator=attrs.validators.ge(0.0))

    def pause_after(self, failed: int) -> float:
        """Return the seconds to wait after so many failed attempts (at least one)."""
        try:
            return min(self.pause * self.factor ** (failed - 1), self.longest)
        except OverflowError:
            return self.longest


def _named(record: Any, attribute: attrs.Attribute[str], value: str) -> None:
    if not _NAME.fullmatch(value):
        raise ConfigError(
            msg(
                "{name}: expected the plugin's name, a point and a word, as in loyalty.expire_points", name=shown(value)
            )
        )


def _one_rule(record: ScheduleDeclaration, attribute: attrs.Attribute[str], value: str) -> None:
    if bool(value) == (record.at is not None):
        raise ConfigError(msg("schedule {name}: expected either cron or at", name=record.name))
    if value:
        check_cron(record.name, value)


def _aware(record: ScheduleDeclaration, attribute: attrs.Attribute[Any], value: datetime | None) -> None:
    if value is not None and value.tzinfo is None:
        raise ConfigError(msg("schedule {name}: at needs a time with its offset or time zone", name=record.name))


def check_cron(name: str, value: str) -> None:
    """Raise ConfigError unless ``value`` has the form of a cron rule: minute, hour, day, month and day of the week."""
    fields = value.split()
    if len(fields) != 5 or not all(_CRON_FIELD.fullmatch(field) for field in fields):
        raise ConfigError(
            msg(
                "schedule {name}: cron {value}: expected minute, hour, day, month and day of the week, as in 30 3 * * 1-5",
                name=name,
                value=shown(value),
            )
        )


@frozen(kw_only=True)
class JobDeclaration:
    """A kind of background work. ``name`` begins with the plugin's name, as in ``loyalty.expire_points``.

    ``run(ctx, job)`` does it. What it writes by ``ctx.session`` and the job's being done are one transaction; longer work
    goes in steps, by ``ctx.steps``. It is run again after an error, and when its worker dies. ``concurrency`` is how
    many may run at the same time on all workers together, 0: as many as there is room for. An attempt that takes longer
    than ``timeout`` seconds counts as failed.
    """

    name: str = attrs.field(validator=_named)
    run: Callable[[Any, Job], object]
    retries: Retries = attrs.field(factory=Retries)
    concurrency: int = attrs.field(default=0, validator=attrs.validators.ge(0))
    timeout: float = attrs.field(default=3_600.0, validator=attrs.validators.gt(0.0))

    @property
    def plugin(self) -> str:
        """Whose it is."""
        return self.name.partition(".")[0]


@frozen(kw_only=True)
class ScheduleDeclaration:
    """When a job is due by itself: by a ``cron`` rule in the installation's time zone, or once, ``at`` an instant.

    ``name`` begins with the plugin's name. ``catch_up`` says what happens when it was due while no worker ran: ``once``
    for all missed times, ``each`` of them, or ``skip`` them.
    """

    name: str = attrs.field(validator=_named)
    job: str
    at: datetime | None = attrs.field(default=None, validator=_aware)
    cron: str = attrs.field(default="", validator=_one_rule)
    payload: Mapping[str, Any] = attrs.field(factory=lambda: MappingProxyType({}))
    catch_up: CatchUp = attrs.field(default="once", validator=attrs.validators.in_(("once", "each", "skip")))


class JobSpecs:
    """Called once, before the first session."""

    @hookspec(kind=Kind.REGISTER, since="0.1")
    def register_jobs(self, ctx: Context, call: Setup) -> list[JobDeclaration]:
        """Return the kinds of work that the plugin does in the background."""

    @hookspec(kind=Kind.REGISTER, since="0.1")
    def register_schedules(self, ctx: Context, call: Setup) -> list[ScheduleDeclaration]:
        """Return when jobs of the plugin are due by themselves; an installation may change or stop each."""
