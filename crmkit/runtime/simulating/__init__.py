"""Trying a change out on what happened: recorded history takes place twice in throw-away copies, as is and changed.

Both copies begin with the records as they were at a moment. Then what people and plugins did takes place again, each
deed at its time, while hooks derive and guard anew and lifecycle rules move records at each midnight. What differs in
the end comes from the change alone. Nothing reaches the database that is simulated, nor anything outside: no message is
sent, and notify hooks are heard only where one asks for it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from crmkit.core.entity import EntityInfo
from crmkit.core.errors import BadInput
from crmkit.core.frozen import frozen
from crmkit.core.lifecycle_definition import LifecycleDefinition
from crmkit.core.messages import msg
from crmkit.core.values.clock import FixedClock
from crmkit.runtime.config import Config
from crmkit.runtime.crm import Crm
from crmkit.runtime.simulating.branch import Branch, QuietCrm, RefusedDeed, RefusedRecord
from crmkit.runtime.simulating.comparing import (
    FieldDifference,
    RecordDifference,
    StageCount,
    record_differences,
    stage_counts,
)
from crmkit.runtime.simulating.recording import Deed, count, deeds
from crmkit.services.history import as_of_all
from crmkit.store.session import Session

__all__ = [
    "FieldDifference",
    "RecordDifference",
    "RefusedDeed",
    "RefusedRecord",
    "Simulation",
    "StageCount",
    "simulate",
]

CHUNK = 1_000
"""Records copied at a time."""

OnProgress = Callable[[int, int], None]


@frozen
class Simulation:
    """What a change would have made of recorded history.

    ``changes`` counts the recorded changes that took place again. ``refused`` are deeds that the change refuses,
    ``allowed`` those that it no longer refuses; ``left_out`` counts changes of records that were not there, as is and
    changed.
    """

    since: datetime | None
    until: datetime
    changes: int
    differences: tuple[RecordDifference, ...]
    stages: tuple[StageCount, ...]
    refused: tuple[RefusedDeed, ...]
    allowed: tuple[RefusedDeed, ...]
    left_out: tuple[int, int]

    @property
    def same(self) -> bool:
        """Whether the change makes no difference."""
        return not (self.differences or self.refused or self.allowed)


def simulate(
    crm: Crm,
    config: Config | None = None,
    plugins: Sequence[Any] | None = None,
    lifecycles: Sequence[LifecycleDefinition] = (),
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    notify: bool = False,
    on_progress: OnProgress | None = None,
) -> Simulation:
    """Let what ``crm`` has recorded since ``since`` (from the beginning) take place as is and changed, and compare.

    The change is another ``config``, other ``plugins`` (by default those of ``crm``; where ``config`` is given, those
    that it takes in), or definitions of ``lifecycles``. ``notify`` lets notify hooks be heard in both copies; what they
    did then is left out. ``on_progress`` hears how many of how many recorded changes are done.

    Raises BadInput for times in the wrong order, ConfigError and ValidationFailed for a change that is wrong.
    """
    end = until or crm.clock.now()
    if since is not None and since >= end:
        raise BadInput(
            msg(
                "simulate from {since} until {until}: the end comes first",
                since=since.isoformat(),
                until=end.isoformat(),
            )
        )
    present = [plugin.plugin for plugin in crm.plugins.plugins]
    other = plugins if plugins is not None else None if config is not None else present
    with ExitStack() as stack:
        source = stack.enter_context(crm.session(reads=True))
        total = 2 * count(source, since, end)
        tell = _Progress(on_progress, total)
        branches = []
        for settings, taken, changed in ((crm.config, present, False), (config or crm.config, other, True)):
            clock = FixedClock(since or end)
            copy = stack.enter_context(_copy(crm, settings, taken, clock, notify))
            branch = Branch(copy, clock, lambda entity, id: source.find(crm.registry.get(entity).cls, id=id))
            _run(branch, source, crm, lifecycles, changed, since, end, tell)
            branches.append(branch)
        as_is, with_change = branches
        known, found = ({_key(one) for one in branch.refused} for branch in branches)
        return Simulation(
            since=since,
            until=end,
            changes=total // 2,
            differences=tuple(record_differences(as_is, with_change)),
            stages=tuple(stage_counts(as_is, with_change)),
            refused=tuple(one for one in with_change.refused if _key(one) not in known),
            allowed=tuple(one for one in as_is.refused if _key(one) not in found),
            left_out=(as_is.skipped, with_change.skipped),
        )


class _Progress:
    def __init__(self, tell: OnProgress | None, total: int) -> None:
        self._tell, self._total, self._done = tell, total, 0

    def __call__(self, deed: Deed) -> None:
        self._done += len(deed.own) + len(deed.derived)
        if self._tell is not None:
            self._tell(self._done, self._total)


@contextmanager
def _copy(
    crm: Crm, config: Config, plugins: Sequence[Any] | None, clock: FixedClock, notify: bool
) -> Iterator[QuietCrm]:
    """Open an empty database in a folder that goes away, with an attachment folder of its own."""
    with tempfile.TemporaryDirectory(prefix="crmkit-simulation-") as folder:
        apart = attrs.evolve(
            config,
            db=f"sqlite:///{Path(folder, 'copy.db').as_posix()}",
            tenant=crm.tenant,
            attachments=attrs.evolve(config.attachments, folder=str(Path(folder, "attachments"))),
        )
        with QuietCrm.open(plugins=plugins, config=apart, clock=clock) as copy:
            assert isinstance(copy, QuietCrm)
            copy.tells = notify
            yield copy


def _run(
    branch: Branch,
    source: Session,
    crm: Crm,
    lifecycles: Sequence[LifecycleDefinition],
    changed: bool,
    since: datetime | None,
    until: datetime,
    tell: _Progress,
) -> None:
    history = deeds(source, since, until)
    first = next(history, None)
    beginning = since or (first.at - timedelta(microseconds=1) if first else until)
    branch.load(_past(source, crm, branch.crm, beginning) if since is not None else (), beginning)
    branch.begin(lifecycles, changed)
    for deed in (first, *history) if first else ():
        branch.take(deed)
        tell(deed)
    branch.finish(until)


def _past(source: Session, crm: Crm, copy: Crm, at: datetime) -> Iterator[tuple[str, list[Any]]]:
    """Yield the records as they were ``at`` a moment, those that records refer to before those that refer."""
    known = {info.name: info for info in copy.registry}
    entities = [info for info in crm.registry if info.editable and info.name in known]
    for info in sorted(entities, key=lambda info: crm.database.write_order[info.name]):
        for ids in _ids(source, info):
            past = as_of_all(source, info.cls, ids, at, deleted=True)
            yield info.name, [_as_in(known[info.name], record) for record in past.records.values()]


def _ids(source: Session, info: EntityInfo) -> Iterator[list[UUID]]:
    """Yield the ids of all records of an entity, deleted ones too, a chunk at a time."""
    table, last = source.database.tables[info.name], UUID(int=0)
    while True:
        statement = (
            sa.select(table.c.id)
            .where(table.c.tenant_id == source.actor.tenant_id, table.c.id > last)
            .order_by(table.c.id)
            .limit(CHUNK)
        )
        ids = list(source.connection.scalars(statement))
        if not ids:
            return
        last = ids[-1]
        yield ids


def _as_in(info: EntityInfo, record: Any) -> Any:
    """Return the record for another application, whose entities defined by the configuration are classes of its own."""
    if type(record) is info.cls:
        return record
    names = {field.name for field in info.stored}
    return info.cls(**{name: getattr(record, name) for name in names if hasattr(record, name)})


def _key(refused: RefusedDeed) -> tuple[object, ...]:
    return refused.at, refused.actor_id, tuple(one.record_id for one in refused.records)
