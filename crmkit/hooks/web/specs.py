"""Hooks of start-up that add to the web. They are asked when somebody serves, not by every program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.hooks.kinds import Kind, hookspec
from crmkit.hooks.protocols import Context
from crmkit.hooks.setup import Setup

if TYPE_CHECKING:
    from crmkit.hooks.web.actions import Action
    from crmkit.hooks.web.places import Column, FieldType, Page, Panel, Point
    from crmkit.hooks.web.questions import Report, SearchProvider, TimelineSource
    from crmkit.hooks.web.routes import Route


class WebSpecs:
    """Asked once, in this order, before the first request (or the first action) is answered.

    Ids begin with the plugin's name. A wrong type, an id that is registered twice, an unknown point or entity, and an
    unknown ``replaces`` stop the start with the closest name that there is.
    """

    @hookspec(kind=Kind.REGISTER, since="0.1")
    def register_points(self, ctx: Context, call: Setup) -> list[Point]:
        """Return places of the plugin's own pages that panels may be put at."""

    @hookspec(kind=Kind.REGISTER, since="0.1")
    def register_routes(self, ctx: Context, call: Setup) -> list[Route]:
        """Return addresses of the plugin below ``/api/v1/<plugin>/``."""

    @hookspec(kind=Kind.REGISTER, since="0.1")
    def register_actions(self, ctx: Context, call: Setup) -> list[Action]:
        """Return what people can do with records beside editing them."""

    @hookspec(kind=Kind.REGISTER, since="0.1")
    def register_pages(self, ctx: Context, call: Setup) -> list[Page]:
        """Return pages of the plugin's own."""

    @hookspec(kind=Kind.REGISTER, since="0.1")
    def register_panels(self, ctx: Context, call: Setup) -> list[Panel]:
        """Return parts of pages, each at a point."""

    @hookspec(kind=Kind.REGISTER, since="0.1")
    def register_reports(self, ctx: Context, call: Setup) -> list[Report]:
        """Return figures and charts over many records."""

    @hookspec(kind=Kind.REGISTER, since="0.1")
    def register_columns(self, ctx: Context, call: Setup) -> list[Column]:
        """Return worked-out columns of lists."""

    @hookspec(kind=Kind.REGISTER, since="0.1")
    def register_field_types(self, ctx: Context, call: Setup) -> list[FieldType]:
        """Return looks of fields."""

    @hookspec(kind=Kind.REGISTER, since="0.1")
    def register_timeline_sources(self, ctx: Context, call: Setup) -> list[TimelineSource]:
        """Return sources of the timelines of the plugin's own entities."""

    @hookspec(kind=Kind.REGISTER, since="0.1")
    def register_search_providers(self, ctx: Context, call: Setup) -> list[SearchProvider]:
        """Return what answers searches beside the core's own index."""
