"""What a lifecycle is made of: stages, events that records go by, and rules that move records by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal

import attrs

from crmkit.core.errors import NotFound, did_you_mean
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg, shown

Category = Literal["open", "active", "ended", "won", "lost"]
"""What a stage means to programs: never its name. Open and active records go on; ended, won and lost ones are over."""


@frozen(kw_only=True)
class StageDefinition:
    """A stage. ``to`` lists the stages that may follow (empty: any), ``final`` stages are never left.

    ``reason`` demands one from whoever moves a record here; ``criteria`` is a filter that the record must meet.
    ``settings`` is what the plugin whose records these are keeps with a stage; the core carries it along.
    """

    name: str
    category: Category
    label: str = ""
    to: tuple[str, ...] = ()
    final: bool = False
    reason: bool = False
    criteria: str = ""
    settings: Mapping[str, Any] = attrs.field(factory=dict)

    def allows(self, stage: str) -> bool:
        """Whether ``stage`` may follow this one."""
        return not self.final and (not self.to or stage in self.to)


@frozen(kw_only=True)
class EventDefinition:
    """Something that happens to a record's subject again and again, such as a purchase.

    ``children`` is what ``has`` counts in a filter, ``where`` narrows them, ``at`` is the field that dates them. For
    each field in ``same``, event and tracked record must agree; an event without a value has the field's default.
    """

    children: str
    where: str = ""
    at: str = "occurred_at"
    same: tuple[str, ...] = ()


@frozen(kw_only=True)
class RuleDefinition:
    """Moves records that stand in one of the stages ``from_`` ("from" in the file) to the stage ``to``.

    - ``on``: at the first event after the record came to its stage; ``past`` lets a record in its first stage answer to
      earlier events too. ``after`` delays it.
    - ``without``: as soon as ``after`` has passed without an event.
    - neither: once the record has stood in its stage for ``after``.

    ``when`` is a filter that must hold as well. A stage that a person chose is counted from that choice, so no rule
    takes it back before ``after`` has passed.
    """

    name: str
    from_: tuple[str, ...]
    to: str
    when: str = ""
    on: str = ""
    without: str = ""
    after: timedelta = timedelta()
    past: bool = False
    reason: str = ""


@frozen(kw_only=True)
class LifecycleDefinition:
    """A whole lifecycle of the records of ``entity``.

    ``subject`` names the reference whose record filters and events are asked of; without it, the record itself.
    ``start`` is the stage that records begin in, by default the first; ``remap`` tells where records go that stand in
    a stage of an earlier revision which is gone.
    """

    name: str
    entity: str
    stages: tuple[StageDefinition, ...]
    label: str = ""
    subject: str = ""
    start: str = ""
    events: Mapping[str, EventDefinition] = attrs.field(factory=dict)
    rules: tuple[RuleDefinition, ...] = ()
    remap: Mapping[str, str] = attrs.field(factory=dict)
    _by_name: Mapping[str, StageDefinition] = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        # Of two stages with one name, which checks refuse, the first one counts.
        object.__setattr__(self, "_by_name", {stage.name: stage for stage in reversed(self.stages)})

    @property
    def first(self) -> str:
        """The stage that records begin in."""
        return self.start or self.stages[0].name

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the stages, in order."""
        return tuple(stage.name for stage in self.stages)

    def find(self, name: str) -> StageDefinition | None:
        """Return the stage called ``name``, or None."""
        return self._by_name.get(name)

    def stage(self, name: str) -> StageDefinition:
        """Return the stage called ``name``; raises NotFound with the closest name."""
        found = self.find(name)
        if found is None:
            hint = did_you_mean(name, self.names)
            raise NotFound(
                msg(
                    "lifecycle {lifecycle} has no stage {stage}; {hint}",
                    lifecycle=self.name,
                    stage=shown(name),
                    hint=hint,
                )
            )
        return found
