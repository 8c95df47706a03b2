"""The registry of extensions: every record that plugins return for the web, checked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from crmkit.core.frozen import frozen
from crmkit.hooks.web.actions import Action
from crmkit.hooks.web.places import CORE_POINTS, Column, FieldType, Page, Panel, Point
from crmkit.hooks.web.questions import Report, SearchProvider, TimelineSource
from crmkit.hooks.web.routes import Route
from crmkit.runtime.extensions.checking import check_addresses, check_classes, check_ids, check_names, stand_ins

if TYPE_CHECKING:
    from crmkit.core.registry import EntityRegistry

Records = Callable[[str, type[Any]], list[tuple[str, Any]]]

HOOKS: Mapping[str, type[Any]] = MappingProxyType(
    {
        "register_points": Point,
        "register_routes": Route,
        "register_actions": Action,
        "register_pages": Page,
        "register_panels": Panel,
        "register_reports": Report,
        "register_columns": Column,
        "register_field_types": FieldType,
        "register_timeline_sources": TimelineSource,
        "register_search_providers": SearchProvider,
    }
)
"""The hooks of the web, in the order in which they are asked, with what each returns."""


@frozen(eq=False)
class Extensions:
    """What plugins add to the web, by id; whatever another one replaces is left out.

    ``plugins`` tells whose each is, ``stand_ins`` by kind and id of what is replaced what stands there now.
    """

    points: Mapping[str, Point]
    routes: Mapping[str, Route]
    actions: Mapping[str, Action]
    pages: Mapping[str, Page]
    panels: Mapping[str, Panel]
    reports: Mapping[str, Report]
    columns: Mapping[str, Column]
    field_types: Mapping[str, FieldType]
    timeline_sources: Mapping[str, TimelineSource]
    search_providers: Mapping[str, SearchProvider]
    plugins: Mapping[str, str]
    stand_ins: Mapping[tuple[str, str], str]

    def panels_at(self, *points: str) -> list[Panel]:
        """Return the panels at some points, in their order."""
        return sorted((one for one in self.panels.values() if one.point in points), key=_place)

    def actions_on(self, entity: str) -> list[Action]:
        """Return the actions on records of an entity (empty: those on none), in the order of their ids."""
        return [one for _, one in sorted(self.actions.items()) if one.entity == entity]

    def columns_of(self, entity: str) -> list[Column]:
        """Return the worked-out columns of an entity's lists, in the order of their ids."""
        return [one for _, one in sorted(self.columns.items()) if one.entity == entity]

    def points_of(self, entity: str) -> list[Point]:
        """Return the places on the page of a record of an entity: those of every record, then its own."""
        every = [one for one in self.points.values() if one.entity == "*"]
        return every + [one for one in self.points.values() if one.entity == entity]

    def now(self, kind: str, id: str) -> str:
        """Return what stands where ``id`` of a kind (``actions``) stood: its own id, unless it is replaced."""
        while (kind, id) in self.stand_ins:
            id = self.stand_ins[kind, id]
        return id

    def root(self, kind: str, id: str) -> str:
        """Return the id of what ``id`` of a kind stands in for: its own, unless it replaces something."""
        replaced = {there: target for (of, target), there in self.stand_ins.items() if of == kind}
        while id in replaced:
            id = replaced[id]
        return id


def extensions_of(records: Records, registry: EntityRegistry, permissions: Collection[str]) -> Extensions:
    """Ask the hooks of the web and check what they return.

    ``records`` calls one register hook and returns its records with their plugins. Raises ``BadHook`` that names plugin,
    hook, what is wrong and the closest that there is.
    """
    found = {hook: list(records(hook, kind)) for hook, kind in HOOKS.items()}
    points = {one.id: one for one in (*CORE_POINTS, *(one for _, one in found["register_points"]))}
    plugins: dict[str, str] = {}
    replaced: dict[tuple[str, str], str] = {}
    kept: dict[str, Mapping[str, Any]] = {}
    for hook, some in found.items():
        check_ids(hook, some)
        check_names(hook, some, registry, permissions, points)
        check_classes(hook, some)
        check_addresses(hook, some)
        kind, gone = hook.removeprefix("register_"), stand_ins(hook, some)
        replaced |= {(kind, target): there for target, there in gone.items()}
        plugins |= {one.id: plugin for plugin, one in some}
        kept[kind] = MappingProxyType({one.id: one for _, one in some if one.id not in gone})
    kept["points"] = MappingProxyType(points)
    return Extensions(**kept, plugins=MappingProxyType(plugins), stand_ins=MappingProxyType(replaced))


def _place(panel: Panel) -> tuple[int, str]:
    return panel.position, panel.id
