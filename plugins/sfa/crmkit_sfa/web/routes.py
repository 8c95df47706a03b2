"""The plugin's own addresses: figures as the command line's JSON has them, documents of quotations, leads from forms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

import attrs

from crmkit.plugin import Context, File, Route, RouteCall, msg
from crmkit_sfa.web.figures import cohorts_asked, flows_asked, forecast_asked, leaderboard_asked, velocity_asked
from crmkit_sfa.web.questions_asked import ForecastAsked, FunnelAsked, LeaderboardAsked, VelocityAsked

USUAL_FORM = "web"
"""What a form is called whose fields have the usual names, so that nothing needs to be configured."""


@attrs.frozen
class DocumentAsked:
    """In which language a document is."""

    language: Literal["en", "zh"] | None = attrs.field(
        default=None, metadata={"help": msg("By default the language of the customer.")}
    )


@attrs.frozen(kw_only=True)
class StagesAsked:
    """Which pipeline's stages are asked about."""

    pipeline: str = attrs.field(default="", metadata={"help": msg("The pipeline; by default the configured one.")})


@attrs.frozen(kw_only=True)
class Refreshed:
    """What counting win rates anew did."""

    changed: int = attrs.field(metadata={"help": msg("How many opportunities got another probability.")})


@attrs.frozen(kw_only=True)
class FormSent:
    """What somebody sent by a form of the web site, by the names of its fields."""

    fields: Mapping[str, str]
    key: str = attrs.field(default="", metadata={"help": msg("The sender's name for this very submission.")})


@attrs.frozen(kw_only=True)
class TakenIn:
    """The lead that somebody's coming forward led to; without an id where whoever took it in may not read it."""

    lead_id: UUID | None
    created: bool
    repeated: bool


def funnel(ctx: Context, call: RouteCall) -> dict[str, Any]:
    """Return the funnels."""
    from crmkit_sfa.funnel.pages import cohort_data, flow_data

    view = call.query.view
    if view == "flow":
        return {"view": view, "funnels": [flow_data(one) for one in flows_asked(ctx, call.query)]}
    return {"view": view, "funnels": [cohort_data(one) for one in cohorts_asked(ctx, call.query)]}


def leaderboard(ctx: Context, call: RouteCall) -> dict[str, Any]:
    """Return the leaderboard."""
    from crmkit_sfa.funnel.ranking_pages import leaderboard_data

    return leaderboard_data(leaderboard_asked(ctx, call.query))


def velocity(ctx: Context, call: RouteCall) -> dict[str, Any]:
    """Return the velocities."""
    from crmkit_sfa.funnel.ranking_pages import velocity_data

    return velocity_data(velocity_asked(ctx, call.query))


def forecast(ctx: Context, call: RouteCall) -> dict[str, Any]:
    """Return the forecast."""
    from crmkit_sfa.forecasting.pages import forecast_data

    return forecast_data(forecast_asked(ctx, call.query))


def probabilities(ctx: Context, call: RouteCall) -> dict[str, Any]:
    """Return what the stages of a pipeline give."""
    from crmkit_sfa.opportunities.refreshing import stage_odds

    return {"stages": [one.document() for one in stage_odds(ctx, call.query.pipeline)]}


def refresh_probabilities(ctx: Context, call: RouteCall) -> Refreshed:
    """Count the win rates anew."""
    from crmkit_sfa.opportunities import refreshing

    refreshing.require_refresher(ctx)
    return Refreshed(changed=refreshing.refresh_probabilities(ctx))


def quote_html(ctx: Context, call: RouteCall) -> File:
    """Return the document of a quotation as HTML."""
    from crmkit_sfa.quotes.documents.html import html_of

    _, document = _document(ctx, call)
    return File(html_of(document).encode("utf-8"), "text/html; charset=utf-8")


def quote_pdf(ctx: Context, call: RouteCall) -> File:
    """Return the document of a quotation as PDF."""
    from crmkit_sfa.quotes.documents.pdf import pdf_of
    from crmkit_sfa.quotes.states import named

    quote, document = _document(ctx, call)
    name = "".join(c if c.isalnum() or c in "-_." else "-" for c in named(quote))
    return File(pdf_of(document, ctx.config.quotes), "application/pdf", f"{name}.pdf")


def _document(ctx: Context, call: RouteCall) -> tuple[Any, Any]:
    from crmkit_sfa.quotes.documents.document import quote_document
    from crmkit_sfa.quotes.entities import Quote

    quote = ctx.session.get(Quote, call.path["id"])
    return quote, quote_document(ctx, quote, call.query.language or "")


def take_form(ctx: Context, call: RouteCall) -> TakenIn:
    """Take in what somebody sent by a form of the configuration, or by one with the usual names: ``web``."""
    from crmkit_sfa.leads.forms import capture_form

    form = call.path["form"]
    found = capture_form(ctx, call.body.fields, form="" if form == USUAL_FORM else form, key=call.body.key)
    lead_id = None if found.hidden else found.lead.id
    return TakenIn(lead_id=lead_id, created=found.created, repeated=found.repeated)


ROUTES: list[Route] = [
    Route(
        "sfa.get_funnel",
        "GET",
        "funnel",
        funnel,
        msg("Return how deals go from stage to stage."),
        query=FunnelAsked,
        returns=dict[str, Any],
    ),
    Route(
        "sfa.get_leaderboard",
        "GET",
        "leaderboard",
        leaderboard,
        msg("Return who or what brought how much."),
        query=LeaderboardAsked,
        returns=dict[str, Any],
    ),
    Route(
        "sfa.get_velocity",
        "GET",
        "velocity",
        velocity,
        msg("Return how fast deals are won."),
        query=VelocityAsked,
        returns=dict[str, Any],
    ),
    Route(
        "sfa.get_forecast",
        "GET",
        "forecast",
        forecast,
        msg("Return what is closed, committed and possible."),
        query=ForecastAsked,
        returns=dict[str, Any],
    ),
    Route(
        "sfa.get_probabilities",
        "GET",
        "probabilities",
        probabilities,
        msg("Return how likely deals in each stage are won, and what became of those that stood there."),
        query=StagesAsked,
        returns=dict[str, Any],
    ),
    Route(
        "sfa.refresh_probabilities",
        "POST",
        "probabilities/refresh",
        refresh_probabilities,
        msg("Count win rates anew, and weigh the opportunities that go by them."),
        returns=Refreshed,
    ),
    Route(
        "sfa.get_quote_document",
        "GET",
        "quotes/{id}/document",
        quote_html,
        msg("Return the document of a quotation as HTML."),
        query=DocumentAsked,
        returns=File,
        media_type="text/html; charset=utf-8",
    ),
    Route(
        "sfa.get_quote_pdf",
        "GET",
        "quotes/{id}/document.pdf",
        quote_pdf,
        msg("Return the document of a quotation as PDF."),
        query=DocumentAsked,
        returns=File,
        media_type="application/pdf",
    ),
    Route(
        "sfa.take_form",
        "POST",
        "forms/{form}",
        take_form,
        msg("Take in what somebody sent by a form of the web site, as a lead."),
        body=FormSent,
        returns=TakenIn,
    ),
]
