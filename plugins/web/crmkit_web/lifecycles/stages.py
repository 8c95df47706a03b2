"""Where records stand in their lifecycles, where they may go, and moving them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmkit.core.entity import EntityInfo
from crmkit.core.errors import BadInput, NotFound, did_you_mean
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg
from crmkit.hosting import read_input
from crmkit_web.serving.calls import Call, Reply
from crmkit_web.serving.endpoints import Endpoint, Parameter
from crmkit_web.serving.problems import Problem

if TYPE_CHECKING:
    from crmkit_web.serving.site import Site


@frozen
class Stage:
    """A stage. ``to`` are the stages that may follow, ``final`` ones are never left.

    ``reason`` demands one from whoever moves a record here; ``criteria`` is a filter that the record must meet.
    """

    name: str
    label: str
    category: str
    to: tuple[str, ...]
    final: bool
    reason: bool
    criteria: str


@frozen
class LifecycleDocument:
    """The revision of a lifecycle that is in force: its stages in order, and the one that records begin in."""

    name: str
    label: str
    revision: int
    entity: str
    subject: str
    start: str
    stages: tuple[Stage, ...]


@frozen
class LifecycleList:
    """The lifecycles in force, by name."""

    items: tuple[LifecycleDocument, ...]


@frozen
class StageInterval:
    """A record stood in ``stage`` from ``start`` (included) to ``end`` (excluded; null: it stands there still)."""

    stage: str
    start: datetime
    end: datetime | None
    reason: str
    rule: str
    cause: str


@frozen
class Track:
    """A record's way through one lifecycle: where it stands, where it may go now, and where it stood."""

    lifecycle: str
    label: str
    revision: int
    track_id: UUID
    stage: str
    category: str
    entered_at: datetime
    allowed: tuple[Stage, ...]
    history: tuple[StageInterval, ...]


@frozen
class RecordLifecycle:
    """The ways of a record through the lifecycles that it is in, and the lifecycles that it could begin."""

    entity: str
    record_id: UUID
    tracks: tuple[Track, ...]
    possible: tuple[str, ...]


@frozen
class Transition:
    """A step: the stage ``to`` go to, ``at`` an earlier instant or now. ``lifecycle`` only where there are several."""

    to: str
    reason: str = ""
    at: datetime | None = None
    lifecycle: str = ""


@frozen
class Beginning:
    """The begin of a way: at ``stage`` (by default the first), ``at`` an earlier instant or now."""

    lifecycle: str = ""
    stage: str = ""
    at: datetime | None = None
    reason: str = ""


def endpoints(site: Site) -> Iterator[Endpoint]:
    """Yield the endpoints of this module."""
    yield Endpoint(
        "lifecycles_in_force",
        "GET",
        "/lifecycles-in-force",
        lifecycles,
        msg("Return the lifecycles in force with their stages."),
        tag="lifecycles",
        query=(Parameter("entity", msg("Only those of this entity."), default="", max_length=100),),
        returns=LifecycleList,
        reads=True,
    )
    yield Endpoint(
        "get_lifecycle",
        "GET",
        "/{entity}/{id}/lifecycle",
        lifecycle,
        msg("Return where a record stands, where it may go, and where it stood."),
        tag="lifecycles",
        returns=RecordLifecycle,
        reads=True,
        entities=has_stages,
    )
    yield Endpoint(
        "begin_lifecycle",
        "POST",
        "/{entity}/{id}/lifecycle",
        begin,
        msg("Let a record begin its way in a lifecycle."),
        tag="lifecycles",
        body=Beginning,
        returns=RecordLifecycle,
        status=201,
        entities=has_stages,
    )
    yield Endpoint(
        "move_record",
        "POST",
        "/{entity}/{id}/transitions",
        move,
        msg("Move a record to another stage, as its lifecycle and plugins allow."),
        tag="lifecycles",
        body=Transition,
        returns=RecordLifecycle,
        status=201,
        entities=has_stages,
    )


def has_stages(info: EntityInfo) -> bool:
    """Whether records of an entity can go through a lifecycle."""
    return info.editable and info.owned


def lifecycles(call: Call) -> LifecycleList:
    """Answer the lifecycles in force."""
    wanted = call.query["entity"]
    found = call.ctx.services.lifecycles_known(wanted)
    return LifecycleList(tuple(_document(call, stored, definition) for stored, definition in found))


def lifecycle(call: Call) -> RecordLifecycle:
    """Answer a record's tracks."""
    info = call.entity
    return _of_record(call, info, call.session.get(info.cls, call.path["id"]))


def begin(call: Call) -> Reply:
    """Begin a way and answer the record's tracks."""
    info = call.entity
    given = read_input(Beginning, call.mapping())
    record = call.session.get(info.cls, call.path["id"])
    with _possible(call, info, given.lifecycle):
        call.ctx.services.start(
            record, lifecycle=given.lifecycle, stage=given.stage, at=given.at, reason=given.reason, cause="user"
        )
    return Reply(_of_record(call, info, record), 201)


def move(call: Call) -> Reply:
    """Move a record and answer its tracks."""
    info = call.entity
    given = read_input(Transition, call.mapping())
    record = call.session.get(info.cls, call.path["id"])
    with _possible(call, info, given.lifecycle):
        call.ctx.services.move(
            record, given.to, lifecycle=given.lifecycle, reason=given.reason, at=given.at, cause="user"
        )
    return Reply(_of_record(call, info, record), 201)


@contextmanager
def _possible(call: Call, info: EntityInfo, lifecycle: str) -> Iterator[None]:
    """Tell of a lifecycle that records of the entity do not go through (404), and of what cannot be done now (409)."""
    known = [stored.name for stored, _ in call.ctx.services.lifecycles_known(info.name)]
    if lifecycle and lifecycle not in known:
        raise NotFound(
            msg("no lifecycle {name}; {hint}", name=lifecycle[:100], hint=did_you_mean(lifecycle[:100], known))
        )
    try:
        yield
    except BadInput as error:
        raise Problem(409, "not_possible", error.message) from None


def _of_record(call: Call, info: EntityInfo, record: Any) -> RecordLifecycle:
    services = call.ctx.services
    known = {stored.id: (stored, definition) for stored, definition in services.lifecycles_known(info.name)}
    tracks = services.tracks_of(record)
    begun = {track.lifecycle_id for track in tracks}
    return RecordLifecycle(
        entity=info.name,
        record_id=record.id,
        tracks=tuple(
            _track(call, track, *known[track.lifecycle_id]) for track in tracks if track.lifecycle_id in known
        ),
        possible=tuple(stored.name for id, (stored, _) in known.items() if id not in begun),
    )


def _track(call: Call, track: Any, stored: Any, definition: Any) -> Track:
    now = definition.find(track.stage)
    allowed = [] if now is None else [one for one in definition.stages if one.name != now.name and now.allows(one.name)]
    hidden = call.session.hidden("stage_transition")
    return Track(
        lifecycle=stored.name,
        label=call.translate(definition.label or stored.name),
        revision=stored.revision,
        track_id=track.id,
        stage=track.stage,
        category=track.category,
        entered_at=track.entered_at,
        allowed=tuple(_stage(call, definition, one) for one in allowed),
        history=tuple(_interval(one, "reason" in hidden) for one in call.ctx.services.stage_history(track)),
    )


def _interval(one: Any, hides_reason: bool) -> StageInterval:
    step = one.transition
    return StageInterval(one.stage, one.start, one.end, "" if hides_reason else step.reason, step.rule, step.cause)


def _document(call: Call, stored: Any, definition: Any) -> LifecycleDocument:
    return LifecycleDocument(
        name=stored.name,
        label=call.translate(definition.label or stored.name),
        revision=stored.revision,
        entity=definition.entity,
        subject=definition.subject,
        start=definition.first,
        stages=tuple(_stage(call, definition, one) for one in definition.stages),
    )


def _stage(call: Call, definition: Any, one: Any) -> Stage:
    to = tuple(name for name in definition.names if name != one.name and one.allows(name))
    label = call.translate(one.label or one.name)
    return Stage(one.name, label, one.category, to, one.final, one.reason, one.criteria)
