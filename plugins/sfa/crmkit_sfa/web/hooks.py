"""Asked when somebody serves the web or does an action: what is returned is imported then, not with the plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.plugin import Context, Setup, hookimpl

if TYPE_CHECKING:
    from crmkit.plugin import (
        Action,
        Column,
        FieldType,
        Page,
        Panel,
        Point,
        Report,
        Route,
        SearchProvider,
        TimelineSource,
    )


@hookimpl
def register_points(ctx: Context, call: Setup) -> list[Point]:
    from crmkit_sfa.web.panels import POINTS

    return POINTS


@hookimpl
def register_routes(ctx: Context, call: Setup) -> list[Route]:
    from crmkit_sfa.web.routes import ROUTES

    return ROUTES


@hookimpl
def register_actions(ctx: Context, call: Setup) -> list[Action]:
    from crmkit_sfa.web.deal_actions import DEAL_ACTIONS
    from crmkit_sfa.web.lead_actions import LEAD_ACTIONS

    return [*LEAD_ACTIONS, *DEAL_ACTIONS]


@hookimpl
def register_pages(ctx: Context, call: Setup) -> list[Page]:
    from crmkit_sfa.web.pages import PAGES

    return PAGES


@hookimpl
def register_panels(ctx: Context, call: Setup) -> list[Panel]:
    from crmkit_sfa.web.panels import PANELS

    return PANELS


@hookimpl
def register_reports(ctx: Context, call: Setup) -> list[Report]:
    from crmkit_sfa.web.reports import REPORTS

    return REPORTS


@hookimpl
def register_columns(ctx: Context, call: Setup) -> list[Column]:
    from crmkit_sfa.web.columns import COLUMNS

    return COLUMNS


@hookimpl
def register_field_types(ctx: Context, call: Setup) -> list[FieldType]:
    from crmkit_sfa.web.columns import FIELD_TYPES

    return FIELD_TYPES


@hookimpl
def register_timeline_sources(ctx: Context, call: Setup) -> list[TimelineSource]:
    from crmkit_sfa.web.questions import TIMELINE_SOURCES

    return TIMELINE_SOURCES


@hookimpl
def register_search_providers(ctx: Context, call: Setup) -> list[SearchProvider]:
    from crmkit_sfa.web.questions import SEARCH_PROVIDERS

    return SEARCH_PROVIDERS
