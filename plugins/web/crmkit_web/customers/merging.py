"""Making one record of two: preview, merge, take back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs

from crmkit.core.entity import EntityInfo
from crmkit.core.errors import FieldError, StaleVersion, ValidationFailed
from crmkit.core.field_rights import MASKED
from crmkit.core.frozen import frozen
from crmkit.core.jsonforms import value_of
from crmkit.core.merging import Given, mergeable
from crmkit.core.messages import msg
from crmkit.core.values.ids import parse_id
from crmkit.hosting import read_input
from crmkit_web.documents.plain import plain
from crmkit_web.serving.calls import Call, Reply
from crmkit_web.serving.endpoints import Endpoint, Parameter

if TYPE_CHECKING:
    from crmkit_web.serving.site import Site


@frozen
class MergeRequest:
    """The two records: ``kept_id`` stays, ``lost_id`` becomes part of it and leads to it from then on.

    ``choices`` maps fields to ``"kept"``, ``"lost"``, or ``{"value": ...}`` for a value of your own; by default the kept
    record's survive, and the lost one's where the kept one has none. ``versions`` are those of a preview, of the kept
    record and of the lost one: when one was changed since, nothing is merged (412).
    """

    kept_id: UUID
    lost_id: UUID
    choices: Mapping[str, Any] | None = None
    versions: tuple[int, ...] | None = attrs.field(default=None, metadata={"schema": {"minItems": 2, "maxItems": 2}})


@frozen
class MergedField:
    """One field of both records, the ``result`` and where it is taken from. Of ``hidden`` ones nothing is told."""

    field: str
    label: str
    kept: Any
    lost: Any
    result: Any
    taken: str
    differs: bool
    hidden: bool


@frozen
class ReferenceUse:
    """What becomes of the records that refer to the lost one by ``field``.

    ``count`` follow it; ``united`` of them become one with a record that the kept one has already, ``dropped`` would tie
    the record to itself.
    """

    entity: str
    field: str
    policy: str
    count: int
    united: int
    dropped: int


@frozen
class MergePreview:
    """What merging would do. ``blocked`` says why it cannot be done; empty: it can."""

    entity: str
    kept_id: UUID
    lost_id: UUID
    versions: tuple[int, ...]
    allowed: bool
    blocked: tuple[str, ...]
    fields: tuple[MergedField, ...]
    references: tuple[ReferenceUse, ...]


@frozen
class MergeDone:
    """One merge. ``undone_at`` is null while it is in force."""

    id: UUID
    entity: str
    kept_id: UUID
    lost_id: UUID
    merged_at: datetime | None
    merged_by: UUID | None
    undone_at: datetime | None


@frozen
class MergePage:
    """Merges, the newest first; ``next`` is the cursor of the page behind this one, null on the last."""

    items: tuple[MergeDone, ...]
    next: str | None


@frozen
class LeftAsIs:
    """A record that was changed after the merge and stays as it is; ``fields`` are empty for the whole record."""

    entity: str
    record_id: UUID
    title: str
    fields: tuple[str, ...]
    reason: str


@frozen
class MergeUndone:
    """How many records got back what they held before the merge, and what was changed since and is left."""

    merge: MergeDone
    restored: int
    left: tuple[LeftAsIs, ...]


def endpoints(site: Site) -> Iterator[Endpoint]:
    """Yield the endpoints of this module."""
    yield Endpoint(
        "preview_merge",
        "POST",
        "/{entity}/merge/preview",
        preview,
        msg("Return what merging two records would do, and change nothing."),
        tag="merging",
        body=MergeRequest,
        returns=MergePreview,
        refuses=(412,),
        reads=True,
        entities=mergeable,
    )
    yield Endpoint(
        "merge_records",
        "POST",
        "/{entity}/merge",
        merge,
        msg("Make one record of two. Whatever refers to the lost one follows; it can be taken back."),
        tag="merging",
        body=MergeRequest,
        returns=MergeDone,
        status=201,
        refuses=(412,),
        entities=mergeable,
    )
    yield Endpoint(
        "list_merges",
        "GET",
        "/merges",
        merges,
        msg("Return the merges of records that you may see, the newest first."),
        tag="merging",
        query=(
            Parameter(
                "undone", msg("Whether those that were taken back are shown, too."), kind="boolean", default=True
            ),
            Parameter("limit", msg("Merges of a page."), kind="integer", default=50, minimum=1, maximum=200),
            Parameter("cursor", msg("Where to go on: next of the page before."), kind="id"),
        ),
        returns=MergePage,
        reads=True,
    )
    yield Endpoint(
        "undo_merge",
        "POST",
        "/merges/{id}/undo",
        undo,
        msg("Take a merge back: all that nobody has changed since holds again what it held before."),
        tag="merging",
        returns=MergeUndone,
    )


def preview(call: Call) -> MergePreview:
    """Answer what merging would do."""
    info = call.entity
    plan = _plan(call, info, read_input(MergeRequest, call.mapping()))
    return MergePreview(
        entity=plan.entity,
        kept_id=plan.kept.id,
        lost_id=plan.lost.id,
        versions=plan.versions,
        allowed=plan.allowed,
        blocked=tuple(one.render(call.translate) for one in plan.blocked),
        fields=tuple(_field(call, one) for one in plan.fields),
        references=tuple(
            ReferenceUse(one.entity, one.field, one.policy, one.count, one.united, one.dropped)
            for one in plan.references
        ),
    )


def merge(call: Call) -> Reply:
    """Merge two records and answer the entry of the journal."""
    info = call.entity
    plan = _plan(call, info, read_input(MergeRequest, call.mapping()))
    journal = call.ctx.services.merge(plan)
    return Reply(_done(call, journal), 201)


def merges(call: Call) -> MergePage:
    """Answer a page of merges."""
    found = call.ctx.services.merges(
        undone=call.query["undone"], limit=call.query["limit"], before=call.query["cursor"]
    )
    return MergePage(tuple(_done(call, one) for one in found.merges), None if found.next is None else str(found.next))


def undo(call: Call) -> MergeUndone:
    """Take a merge back and answer what became of it."""
    services = call.ctx.services
    report = services.undo_merge(services.find_merge(str(parse_id(call.path["id"]))).id)
    left = tuple(
        LeftAsIs(one.entity, one.record_id, one.title, one.fields, one.reason.render(call.translate))
        for one in report.left
    )
    return MergeUndone(_done(call, report.journal), report.restored, left)


def _plan(call: Call, info: EntityInfo, asked: MergeRequest) -> Any:
    if asked.versions is not None and len(asked.versions) != 2:
        expected = msg("two numbers: the versions of the kept record and of the lost one")
        raise ValidationFailed([FieldError("/versions", "length", None, expected)])
    choices = {name: _choice(info, name, choice) for name, choice in (asked.choices or {}).items()}
    plan = call.ctx.services.preview_merge(asked.kept_id, asked.lost_id, choices=choices, entity=info.cls)
    if asked.versions and asked.versions != plan.versions:
        changed = plan.kept if asked.versions[0] != plan.versions[0] else plan.lost
        wanted = asked.versions[0] if changed is plan.kept else asked.versions[1]
        raise StaleVersion(info.name, changed.id, wanted)
    return plan


def _choice(info: EntityInfo, name: str, choice: Any) -> Any:
    """Return a choice as the use case takes it: a word, or a value as the field holds it."""
    if not (isinstance(choice, dict) and set(choice) == {"value"}):
        return choice if isinstance(choice, str) and choice in ("kept", "lost") else Given(_typed(info, name, choice))
    return Given(_typed(info, name, choice["value"]))


def _typed(info: EntityInfo, name: str, value: Any) -> Any:
    field = info.by_name.get(name.removeprefix("custom."))
    return value if field is None else value_of(field.kind, value)


def _field(call: Call, one: Any) -> MergedField:
    if one.result is MASKED:
        return MergedField(one.name, call.translate(one.label), None, None, None, "kept", False, True)
    kept, lost, result = (plain(value) for value in (one.kept, one.lost, one.result))
    return MergedField(one.name, call.translate(one.label), kept, lost, result, one.taken, one.differs, False)


def _done(call: Call, journal: Any) -> MergeDone:
    return MergeDone(
        id=journal.id,
        entity=journal.entity,
        kept_id=journal.kept_id,
        lost_id=journal.lost_id,
        merged_at=journal.created_at or call.ctx.clock.now(),
        merged_by=journal.created_by,
        undone_at=journal.undone_at,
    )
