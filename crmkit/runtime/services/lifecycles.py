"""The stages of records, and working time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmkit.runtime.services.bound import Bound
from crmkit.services import working_time
from crmkit.services.lifecycle import moving
from crmkit.services.lifecycle.defining import define, definition_of, ensure_lifecycles

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime, timedelta

    from crmkit.core.entity import Part
    from crmkit.core.lifecycle import Lifecycle, StageTrack
    from crmkit.core.lifecycle_definition import LifecycleDefinition
    from crmkit.core.lifecycle_history import Interval
    from crmkit.core.working_calendar import WorkingCalendar
    from crmkit.hooks.records import Change
    from crmkit.services.lifecycle.in_force import LifecyclesInForce


class Lifecycles(Bound):
    """The stages of records, and working time."""

    __slots__ = ()

    def start(self, record: Part, **details: Any) -> StageTrack:
        """Begin a record's way in a lifecycle; see :func:`crmkit.services.lifecycle.moving.start`."""
        ensure_lifecycles(self._session, self._crm.lifecycles())
        return moving.start(self._session, record, **{"cause": "plugin", **details})

    def lifecycles_in_force(self) -> LifecyclesInForce:
        """Return the lifecycles in force, for derive hooks; see :class:`crmkit.services.lifecycle.in_force.LifecyclesInForce`."""
        from crmkit.services.lifecycle.in_force import lifecycles_in_force

        return lifecycles_in_force(self._session, self._crm.lifecycles())

    def lifecycles_known(self, entity: str = "") -> list[tuple[Lifecycle, LifecycleDefinition]]:
        """Return the lifecycles in force with what they define; see :func:`crmkit.services.lifecycle.known.lifecycles_known`."""
        from crmkit.services.lifecycle.known import lifecycles_known

        return lifecycles_known(self._session, self._crm.lifecycles(), entity)

    def tracks_of(self, record: Part) -> list[StageTrack]:
        """Return a record's ways through lifecycles; see :func:`crmkit.services.lifecycle.known.tracks_of`."""
        from crmkit.services.lifecycle.known import tracks_of

        return tracks_of(self._session, record)

    def definition_of(self, lifecycle: Lifecycle) -> LifecycleDefinition:
        """Return what a stored lifecycle defines; raises ValidationFailed."""
        return definition_of(lifecycle)

    def define(self, definition: LifecycleDefinition, *, remap: Mapping[str, str] | None = None) -> Lifecycle:
        """Bring a definition into force; see :func:`crmkit.services.lifecycle.defining.define`."""
        ensure_lifecycles(self._session, self._crm.lifecycles())
        return define(self._session, definition, remap=remap)

    def move(self, target: Part, to: str, **details: Any) -> StageTrack:
        """Move a record or track to another stage; see :func:`crmkit.services.lifecycle.moving.move`."""
        return moving.move(self._session, target, to, **{"cause": "plugin", **details})

    def tracks_handed_over(self, changes: Iterable[Change]) -> list[StageTrack]:
        """Return tracks with the owners that their records have now; see :func:`crmkit.services.lifecycle.moving.handed_over`."""
        return moving.handed_over(self._session, changes)

    def stage_history(self, target: Part, *, lifecycle: str = "") -> tuple[Interval, ...]:
        """Return the stages a record stood in; see :func:`crmkit.services.lifecycle.moving.history`."""
        return moving.history(self._session, target, lifecycle=lifecycle)

    def working_time(self, calendar: str, start: datetime, end: datetime) -> timedelta:
        """Return the working time between two instants; see :func:`crmkit.services.working_time.working_time`."""
        return working_time.working_time(self._session, calendar, start, end)

    def set_day(
        self, calendar: WorkingCalendar, day: date, intervals: Iterable[Sequence[str]] | None = ()
    ) -> WorkingCalendar:
        """Give a date hours of its own; see :func:`crmkit.services.working_time.set_day`."""
        return working_time.set_day(self._session, calendar, day, intervals)

    def deadline(self, calendar: str, start: datetime, duration: timedelta) -> datetime:
        """Return when so much working time is over; see :func:`crmkit.services.working_time.deadline`."""
        return working_time.deadline(self._session, calendar, start, duration)
