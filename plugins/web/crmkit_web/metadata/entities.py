"""What there is: entities with their fields, and what whoever asks may do with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crmkit import __version__
from crmkit.core.access import ACTIONS, Scope
from crmkit.core.entity import STAMPED, EntityInfo, FieldInfo
from crmkit.core.errors import FieldError
from crmkit.core.frozen import frozen
from crmkit.core.merging import mergeable
from crmkit.core.messages import msg
from crmkit.hosting import forbidden, offers
from crmkit_web.documents.plain import plain
from crmkit_web.openapi.schemas import record_schema
from crmkit_web.serving.calls import Call, Reply
from crmkit_web.serving.endpoints import Endpoint, Parameter
from crmkit_web.serving.problems import Problem

SHAPES = ("record", "create", "patch", "page")


@frozen
class PluginEntry:
    """A plugin that is at work."""

    name: str
    label: str
    version: str
    summary: str


@frozen
class EntityEntry:
    """An entity. ``plural`` is its part of addresses; ``rights`` give the scope of each action that you have on it."""

    name: str
    label: str
    plural: str
    plural_label: str
    plugin: str
    title: str
    editable: bool
    rights: dict[str, str]


@frozen
class Metadata:
    """The installation: versions, plugins, and the entities that the API serves."""

    version: str
    currency: str
    languages: tuple[str, ...]
    plugins: tuple[PluginEntry, ...]
    entities: tuple[EntityEntry, ...]


@frozen
class FieldEntry:
    """A field. ``kind`` says what it holds, ``format`` what a text must look like, ``reference`` the entity of an id.

    ``readable``, ``creatable`` and ``updatable`` tell what you may do with it. Fields that are ``custom`` stand below
    ``custom`` in records.
    """

    name: str
    kind: str
    label: str
    help: str
    required: bool
    nullable: bool
    default: Any
    choices: tuple[str, ...]
    max_length: int | None
    minimum: int | None
    format: str
    reference: str
    sensitivity: str
    custom: bool
    filterable: bool
    searchable: bool
    readable: bool
    creatable: bool
    updatable: bool


@frozen
class StageEntry:
    """A stage of a lifecycle of the entity's records."""

    lifecycle: str
    name: str
    label: str
    category: str


@frozen
class NamedEntry:
    """Something that a plugin adds: an action, a column, a panel."""

    id: str
    label: str


@frozen
class LookEntry:
    """How some of the entity's fields are shown and asked for."""

    id: str
    label: str
    fields: tuple[str, ...]
    widget: str


@frozen
class EntityDocument:
    """One entity in full. ``unique`` lists the keys that no two living records share."""

    entity: EntityEntry
    fields: tuple[FieldEntry, ...]
    unique: tuple[tuple[str, ...], ...]
    mergeable: bool
    stages: tuple[StageEntry, ...]
    actions: tuple[NamedEntry, ...]
    columns: tuple[NamedEntry, ...]
    panels: tuple[NamedEntry, ...]
    field_types: tuple[LookEntry, ...]


def endpoints() -> Iterator[Endpoint]:
    """Yield the endpoints of this module."""
    yield Endpoint(
        "get_metadata",
        "GET",
        "/metadata",
        metadata,
        msg("Return the entities, the plugins and their versions."),
        tag="metadata",
        returns=Metadata,
        reads=True,
    )
    yield Endpoint(
        "get_entity_metadata",
        "GET",
        "/metadata/{entity}",
        entity_metadata,
        msg("Return the fields of an entity, what you may do with them, and what plugins add to it."),
        tag="metadata",
        returns=EntityDocument,
        reads=True,
    )
    yield Endpoint(
        "get_entity_schema",
        "GET",
        "/metadata/{entity}/schema",
        schema,
        msg("Return the JSON Schema (draft 2020-12) of an entity's documents."),
        tag="metadata",
        query=(
            Parameter(
                "shape",
                msg("Which documents: a record, what makes one, what changes one, a page of records."),
                default="record",
                choices=SHAPES,
            ),
        ),
        returns={"type": "object"},
        media_type="application/schema+json",
        reads=True,
    )


def metadata(call: Call) -> Metadata:
    """Answer what there is."""
    crm, translate = call.crm, call.translate
    return Metadata(
        version=__version__,
        currency=call.ctx.currency,
        languages=("en", "zh"),
        plugins=tuple(
            PluginEntry(
                one.name,
                translate(one.manifest.label or one.name),
                one.version,
                translate(one.manifest.summary) if one.manifest.summary else "",
            )
            for one in crm.plugins.plugins
        ),
        entities=tuple(_entry(call, info) for _, info in sorted(call.site.entities.items())),
    )


def entity_metadata(call: Call) -> EntityDocument:
    """Answer one entity."""
    info, extensions, translate = call.entity, call.crm.extensions, call.translate
    panels = extensions.panels_at(*(point.id for point in extensions.points_of(info.name)))
    return EntityDocument(
        entity=_entry(call, info),
        fields=tuple(_fields(call, info)),
        unique=info.unique,
        mergeable=mergeable(info),
        stages=tuple(
            StageEntry(stored.name, stage.name, translate(stage.label or stage.name), stage.category)
            for stored, definition in call.ctx.services.lifecycles_known(info.name)
            for stage in definition.stages
        ),
        actions=tuple(
            NamedEntry(one.action.id, one.action.label.render(translate))
            for one in offers(call.crm, call.session, info.name)
            if one.available
        ),
        columns=_named(call, extensions.columns_of(info.name)),
        panels=_named(call, panels),
        field_types=tuple(
            LookEntry(one.id, one.label.render(translate), tuple(fields), one.widget)
            for _, one in sorted(extensions.field_types.items())
            if (fields := [path.partition(".")[2] for path in one.fields if path.partition(".")[0] == info.name])
        ),
    )


def schema(call: Call) -> Reply:
    """Answer the JSON Schema of an entity's documents."""
    info, shape = call.entity, call.query["shape"]
    if shape in ("create", "patch") and not info.editable:
        wrong = FieldError("/query/shape", "no_such_shape", shape, msg("record or page: nobody writes these records"))
        raise Problem(400, "bad_query", msg("the query of the address is wrong"), errors=[wrong])
    return Reply(record_schema(info, shape, call.translate), media_type="application/schema+json")


def _named(call: Call, some: Any) -> tuple[NamedEntry, ...]:
    usable = [one for one in some if forbidden(call.actor, one) is None]
    return tuple(NamedEntry(one.id, one.label.render(call.translate)) for one in usable)


def _entry(call: Call, info: EntityInfo) -> EntityEntry:
    scopes = {action: call.actor.scope(info.name, action) for action in ACTIONS}
    return EntityEntry(
        name=info.name,
        label=call.translate(info.label),
        plural=info.plural,
        plural_label=call.translate(info.plural_label),
        plugin=info.plugin,
        title=info.title,
        editable=info.editable,
        rights={action: scope.name.lower() for action, scope in scopes.items() if scope is not Scope.NONE},
    )


def _fields(call: Call, info: EntityInfo) -> Iterator[FieldEntry]:
    hidden, actor = call.session.hidden(info.name), call.actor
    fixed = {action: actor.hidden(info, action) for action in ("create", "update")}
    may = {action: info.editable and actor.scope(info.name, action) is not Scope.NONE for action in fixed}
    for field in info.fields:
        if field.name == "deleted_at":
            continue
        by_store = field.name in STAMPED
        yield FieldEntry(
            name=field.name,
            kind=field.kind.value,
            label=call.translate(field.label),
            help=call.translate(field.help) if field.help else "",
            required=field.required,
            nullable=field.nullable,
            default=_default(field),
            choices=field.choices,
            max_length=field.max_length if field.kind.value == "text" else None,
            minimum=field.minimum,
            format=field.format,
            reference=field.reference,
            sensitivity=field.sensitivity,
            custom=field.custom,
            filterable=not field.custom or field.filterable,
            searchable=field.searchable,
            readable=field.name not in hidden,
            creatable=may["create"] and not by_store and field.name not in fixed["create"],
            updatable=may["update"] and not by_store and field.name != "id" and field.name not in fixed["update"],
        )


def _default(field: FieldInfo) -> Any:
    # Ids and empty objects are made anew for each record.
    return plain(field.default) if isinstance(field.default, str | int | bool | tuple) else None
