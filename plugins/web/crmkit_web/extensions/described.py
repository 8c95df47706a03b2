"""What plugins add, as data: places, panels, columns and looks of fields, for programs that show pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crmkit.core.frozen import frozen
from crmkit.core.messages import Message, msg
from crmkit.hosting import forbidden
from crmkit_web.extensions.results import told
from crmkit_web.serving.calls import Call
from crmkit_web.serving.endpoints import Endpoint


@frozen
class PointEntry:
    """A place on pages; ``entity`` is whose records it is about, ``*`` stands for all."""

    id: str
    label: Message
    entity: str


@frozen
class PanelEntry:
    """A panel and where it stands."""

    id: str
    label: Message
    point: str
    position: int


@frozen
class ColumnEntry:
    """A worked-out column of an entity's lists."""

    id: str
    label: Message
    entity: str
    numeric: bool


@frozen
class FieldTypeEntry:
    """How some fields are shown and asked for."""

    id: str
    label: Message
    fields: tuple[str, ...]
    widget: str
    settings: Mapping[str, Any]


@frozen
class SourceEntry:
    """A source of timelines, or of answers of the search."""

    id: str
    label: Message
    entity: str


@frozen(kw_only=True)
class ExtensionsAnswer:
    """What plugins add and whoever asks may use."""

    points: tuple[PointEntry, ...]
    panels: tuple[PanelEntry, ...]
    columns: tuple[ColumnEntry, ...]
    field_types: tuple[FieldTypeEntry, ...]
    timeline_sources: tuple[SourceEntry, ...]
    search_providers: tuple[SourceEntry, ...]


def endpoints() -> Iterator[Endpoint]:
    """Yield the endpoints of this room."""
    yield Endpoint(
        "get_extensions",
        "GET",
        "/metadata/extensions",
        described,
        msg("Return what plugins add to pages, lists, timelines and the search."),
        tag="metadata",
        returns=ExtensionsAnswer,
        reads=True,
    )


def described(call: Call) -> Any:
    """Answer what plugins add."""
    found = call.crm.extensions

    def usable(some: Mapping[str, Any]) -> list[Any]:
        return [one for _, one in sorted(some.items()) if forbidden(call.actor, one) is None]

    answer = ExtensionsAnswer(
        points=tuple(PointEntry(one.id, one.label, one.entity) for one in found.points.values()),
        panels=tuple(PanelEntry(one.id, one.label, one.point, one.position) for one in usable(found.panels)),
        columns=tuple(ColumnEntry(one.id, one.label, one.entity, one.numeric) for one in usable(found.columns)),
        field_types=tuple(
            FieldTypeEntry(one.id, one.label, one.fields, one.widget, one.settings or {})
            for _, one in sorted(found.field_types.items())
        ),
        timeline_sources=tuple(SourceEntry(one.id, one.label, one.entity) for one in usable(found.timeline_sources)),
        search_providers=tuple(SourceEntry(one.id, one.label, "") for one in usable(found.search_providers)),
    )
    return told(call, answer)
