"""Definitions and their revisions: which one is in force, and bringing a new one into force."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import attrs
import sqlalchemy as sa

from crmkit.core.entity import change
from crmkit.core.errors import FieldError, NotFound, ValidationFailed, did_you_mean
from crmkit.core.lifecycle import Lifecycle, StageTrack, StageTransition
from crmkit.core.lifecycle_checks import entity_errors
from crmkit.core.lifecycle_definition import LifecycleDefinition
from crmkit.core.lifecycle_reading import ROOT, lifecycle_from_data, lifecycle_from_toml, lifecycle_to_data
from crmkit.core.messages import msg, shown
from crmkit.store.session import Session

REGISTERED = "registered"
"""The source of definitions that the core and plugins bring; what people define is theirs to change."""
REMAP = "remap"
"""Stands for the rule in transitions out of stages that are gone."""
BATCH = 1_000


@cache
def default_lifecycle() -> LifecycleDefinition:
    """Return the lifecycle of customer relationships that comes with crmkit."""
    return lifecycle_from_toml(files(__package__).joinpath("customer.toml").read_text("utf-8"), "customer.toml")


def definition_of(lifecycle: Lifecycle) -> LifecycleDefinition:
    """Return what a stored lifecycle defines; raises ValidationFailed. What the definition leaves out, the record says."""
    said = {"name": lifecycle.name, "label": lifecycle.label, "entity": lifecycle.entity}
    return lifecycle_from_data({**said, **lifecycle.definition})


def active_lifecycles(session: Session) -> list[Lifecycle]:
    """Return the revisions in force, by name."""
    return session.list(Lifecycle, active=True, order="name")


def active_lifecycle(session: Session, name: str) -> Lifecycle:
    """Return the revision of a lifecycle that is in force; raises NotFound with the closest name."""
    found = session.find(Lifecycle, name=name, active=True)
    if found is None:
        known = [lifecycle.name for lifecycle in active_lifecycles(session)]
        raise NotFound(msg("no lifecycle {name}; {hint}", name=shown(name), hint=did_you_mean(name, known)))
    return found


def define(
    session: Session, definition: LifecycleDefinition, *, remap: Mapping[str, str] | None = None, source: str = ""
) -> Lifecycle:
    """Bring a definition into force as the next revision of its name, and return it; an unchanged one stays as it is.

    Records that stand in a stage which is gone move to the one that ``remap`` (else the definition's own) names. Raises
    ValidationFailed when the definition is wrong, or records would stand nowhere.
    """
    errors = entity_errors(definition, session.database.registry, ROOT)
    if errors:
        raise ValidationFailed(errors)
    if remap:
        definition = attrs.evolve(definition, remap={**definition.remap, **remap})
        # Read again, so that the new names are checked like those of a file.
        definition = lifecycle_from_data(lifecycle_to_data(definition))
    data = lifecycle_to_data(definition)
    revisions = session.list(Lifecycle, name=definition.name, order="-revision")
    current = next((lifecycle for lifecycle in revisions if lifecycle.active), None)
    if current is not None and _same(current.definition, data):
        return current
    if current is not None and current.entity != definition.entity:
        expected = msg("{entity}, as in the revisions before; another entity needs another name", entity=current.entity)
        raise ValidationFailed([FieldError(f"{ROOT}.entity", "changed", definition.entity, expected)])
    made = Lifecycle(
        name=definition.name,
        revision=revisions[0].revision + 1 if revisions else 1,
        label=definition.label,
        entity=definition.entity,
        definition=data,
        source=source,
    )
    if current is not None:
        _check_standing(session, current, definition)
        session.update(change(current, active=False))
    session.add(made)
    session.flush()
    if current is not None:
        _take_over(session, current, made, definition)
    return session.get(Lifecycle, made.id)


def ensure_lifecycles(session: Session, definitions: Iterable[LifecycleDefinition]) -> list[Lifecycle]:
    """Define what the core and plugins bring where it is new or has changed, and return the new revisions.

    What people have defined under the same name stays.
    """
    session.flush()
    found: list[Lifecycle] = []
    # What is installed is in force for everybody, whoever is the first to need it.
    with session.acting_as(session.actor.elevated()):
        known = {lifecycle.name: lifecycle for lifecycle in active_lifecycles(session)}
        for definition in definitions:
            current = known.get(definition.name)
            if current is None or (
                current.source == REGISTERED and not _same(current.definition, lifecycle_to_data(definition))
            ):
                found.append(define(session, definition, source=REGISTERED))
    return found


def _same(stored: Any, data: Any) -> bool:
    """Whether stored JSON, with lists as tuples and read-only mappings, says the same as ``data``."""
    if isinstance(stored, Mapping) and isinstance(data, Mapping):
        return stored.keys() == data.keys() and all(_same(stored[key], data[key]) for key in data)
    if isinstance(stored, list | tuple) and isinstance(data, list | tuple):
        return len(stored) == len(data) and all(_same(one, other) for one, other in zip(stored, data, strict=True))
    return bool(stored == data)


def _check_standing(session: Session, current: Lifecycle, definition: LifecycleDefinition) -> None:
    """Raise ValidationFailed for stages that are gone, hold records and lead nowhere."""
    with session.acting_as(session.actor.elevated()):
        tracks = session.table(StageTrack)
        counted = sa.select(tracks.c.stage, sa.func.count()).where(tracks.c.lifecycle_id == current.id)
        rows: Iterable[Any] = session.execute(counted.group_by(tracks.c.stage))
        standing = {row[0]: row[1] for row in rows}
    errors = [
        FieldError(
            f"{ROOT}.remap.{stage}",
            "required",
            None,
            msg("the stage for {count} records that stand in {stage}, which is gone", count=count, stage=stage),
        )
        for stage, count in sorted(standing.items())
        if definition.find(stage) is None and stage not in definition.remap
    ]
    if errors:
        raise ValidationFailed(errors)


def _take_over(session: Session, old: Lifecycle, new: Lifecycle, definition: LifecycleDefinition) -> None:
    """Bring the tracks of a revision under the next one, moving those whose stage is gone.

    A revision is in force for everybody, so all records come along, whoever sees them.
    """
    now = session.clock.now()
    with session.acting_as(session.actor.elevated()):
        while tracks := session.list(StageTrack, lifecycle_id=old.id, limit=BATCH):
            seen = frozenset(session.work.current) - {track.id for track in tracks}
            _move_over(session, tracks, new, definition, now)
            session.work.keep(seen)


def _move_over(
    session: Session, tracks: Sequence[StageTrack], new: Lifecycle, definition: LifecycleDefinition, now: Any
) -> None:
    for track in tracks:
        stage = definition.remap.get(track.stage, track.stage)
        session.update(change(track, lifecycle_id=new.id, category=definition.stage(stage).category))
        if stage != track.stage:
            reason = f"{track.stage} is gone in revision {new.revision}"
            step = StageTransition(
                # A record that came to its stage later than now, by another machine's clock, goes on from there.
                track_id=track.id,
                to_stage=stage,
                occurred_at=max(now, track.entered_at),
                reason=reason,
                rule=REMAP,
            )
            session.add(step)
    session.flush()
