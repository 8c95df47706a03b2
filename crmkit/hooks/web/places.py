"""Places on pages, and what plugins put there: points, pages, panels, columns and the looks of fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from crmkit.core.frozen import frozen
from crmkit.core.messages import Message, msg
from crmkit.hooks.web.blocks import Block


@frozen
class Point:
    """A place that panels may be put at: on the page of each record of ``entity``, or on none's.

    A page of a record has ``main`` and ``side``; its id is the entity's name and one of these, as in ``customer.side``.
    """

    id: str
    label: Message
    entity: str = ""
    """The entity whose records the panels are about; empty: about none. ``*`` stands for every entity."""


@frozen
class PanelCall:
    """What a panel is asked: the record that it stands beside (None where its point has none)."""

    record: Any = None


@frozen
class Panel:
    """A part of a page. ``handler(ctx, PanelCall)`` returns its blocks; one that fails leaves the rest of the page whole."""

    id: str
    label: Message
    point: str
    """Where it stands: the id of a point, such as ``customer.side`` or ``home.main``."""
    handler: Callable[[Any, PanelCall], Sequence[Block]]
    permission: str = ""
    position: int = 100
    """Panels of a point stand in the order of their positions, then of their ids."""
    replaces: str = ""


@frozen
class PageCall:
    """What a page is asked: the query of its address, texts by name."""

    query: Mapping[str, str]


@frozen
class Page:
    """A page of its own in the navigation. ``handler(ctx, PageCall)`` returns its blocks."""

    id: str
    label: Message
    path: str
    """Below the plugin's name, as in ``board``."""
    handler: Callable[[Any, PageCall], Sequence[Block]]
    permission: str = ""
    group: Message | None = None
    position: int = 100
    replaces: str = ""


@frozen
class Column:
    """A column of lists of an entity that is worked out. ``handler(ctx, records)`` returns values by record id."""

    id: str
    label: Message
    entity: str
    handler: Callable[[Any, Sequence[Any]], Mapping[Any, Any]]
    numeric: bool = False
    permission: str = ""
    replaces: str = ""


@frozen
class FieldType:
    """How a field is shown and asked for where its kind alone does not say: as stars, a colour, a slider.

    ``widget`` names it to surfaces, ``settings`` go along. ``fields`` are those that it is for, as in ``customer.rating``.
    """

    id: str
    label: Message
    fields: tuple[str, ...]
    widget: str
    settings: Mapping[str, Any] | None = None
    replaces: str = ""


CORE_POINTS: tuple[Point, ...] = (
    Point("home.main", msg("Home")),
    Point("home.side", msg("Home, at the side")),
    Point("record.main", msg("Every record"), entity="*"),
    Point("record.side", msg("Every record, at the side"), entity="*"),
    Point("customer.main", msg("Customer"), entity="customer"),
    Point("customer.side", msg("Customer, at the side"), entity="customer"),
)
"""The places that there are without any plugin; a plugin adds those of its own entities."""
