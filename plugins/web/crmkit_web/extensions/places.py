"""Panels and pages: what plugins put onto pages, as blocks for whichever surface shows them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import attrs

from crmkit.core.errors import did_you_mean
from crmkit.core.frozen import frozen
from crmkit.core.messages import Message, msg
from crmkit.hooks.web.blocks import Chart, Fields, Form, Markdown, Metric, Table, Timeline
from crmkit.hosting import ShownPanel, extension_named, forbidden, page_blocks, panels_of
from crmkit_web.extensions.results import told
from crmkit_web.serving.calls import Call
from crmkit_web.serving.endpoints import Endpoint, Parameter
from crmkit_web.serving.problems import Problem

if TYPE_CHECKING:
    from crmkit_web.serving.site import Site

AnyBlock = Fields | Metric | Table | Chart | Form | Timeline | Markdown


@frozen
class Failed:
    """Stands where a panel failed; the others are whole."""

    message: Message
    kind: str = "error"


@frozen
class PanelAnswer:
    """A panel with its blocks."""

    id: str
    label: Message
    point: str
    position: int
    blocks: tuple[AnyBlock | Failed, ...]


@frozen
class Panels:
    """Panels in the order in which they stand."""

    items: tuple[PanelAnswer, ...]


@frozen
class PageEntry:
    """A page in the navigation. ``path`` is its address for people, with the plugin's name in front."""

    id: str
    label: Message
    path: str
    group: Message | None
    position: int


@frozen
class PageEntries:
    """The pages that there are, in the order of the navigation."""

    items: tuple[PageEntry, ...]


@frozen
class PageAnswer:
    """A page with its blocks."""

    id: str
    label: Message
    blocks: tuple[AnyBlock, ...]


def endpoints(site: Site) -> Iterator[Endpoint]:
    """Yield the endpoints of this room."""
    point = Parameter("point", msg("Only those at these points, separated by commas."), kind="words", default=())
    yield Endpoint(
        "list_record_panels",
        "GET",
        "/{entity}/{id}/panels",
        panels_of_record,
        msg("Return what plugins show beside a record, as blocks."),
        query=(point,),
        returns=Panels,
        reads=True,
    )
    places = tuple(one.id for one in site.crm.extensions.points.values() if not one.entity)
    yield Endpoint(
        "list_panels",
        "GET",
        "/panels",
        panels,
        msg("Return what plugins show on pages of no record, such as the home page."),
        tag="pages",
        query=(attrs.evolve(point, choices=places),),
        returns=Panels,
        reads=True,
    )
    yield Endpoint(
        "list_pages",
        "GET",
        "/pages",
        pages,
        msg("Return the pages that plugins add and that whoever asks may see."),
        tag="pages",
        returns=PageEntries,
        reads=True,
    )
    yield Endpoint(
        "get_page",
        "GET",
        "/pages/{page}",
        page,
        msg("Return a page that a plugin adds, as blocks."),
        tag="pages",
        query=(Parameter("query", msg("The query of the page's own address, as in pipeline=sales&owner=anna.")),),
        returns=PageAnswer,
        reads=True,
    )


def panels_of_record(call: Call) -> Any:
    """Answer the panels on the page of a record."""
    info = call.entity
    record = call.session.get(info.cls, call.path["id"])
    known = [point.id for point in call.crm.extensions.points_of(info.name)]
    return _panels(call, known, record)


def panels(call: Call) -> Any:
    """Answer the panels at points that are about no record."""
    return _panels(call, [point.id for point in call.crm.extensions.points.values() if not point.entity], None)


def _panels(call: Call, known: list[str], record: Any) -> Any:
    wanted = call.query["point"] or ()
    for point in wanted:
        if point not in known:
            hint = did_you_mean(point[:100], known)
            raise Problem(400, "bad_query", msg("no point {name}; {hint}", name=repr(point[:100]), hint=hint))
    found = panels_of(call.crm, call.session, list(wanted) or known, record)
    return told(call, Panels(tuple(_panel(one) for one in found)))


def _panel(one: ShownPanel) -> PanelAnswer:
    blocks: Any = (Failed(one.failed),) if one.failed is not None else one.blocks
    return PanelAnswer(one.panel.id, one.panel.label, one.panel.point, one.panel.position, blocks)


def pages(call: Call) -> Any:
    """Answer the pages that the actor may see."""
    extensions = call.crm.extensions
    found = sorted(extensions.pages.values(), key=lambda one: (one.position, one.id))
    entries = tuple(
        PageEntry(one.id, one.label, f"{extensions.plugins[one.id]}/{one.path}", one.group, one.position)
        for one in found
        if forbidden(call.actor, one) is None
    )
    return told(call, PageEntries(entries))


def page(call: Call) -> Any:
    """Answer one page."""
    found = extension_named(call.crm, "pages", call.path["page"])
    query = dict(parse_qsl(call.query["query"] or "", keep_blank_values=True, max_num_fields=100))
    blocks = page_blocks(call.crm, call.session, found, query)
    return told(call, PageAnswer(found.id, found.label, blocks))
