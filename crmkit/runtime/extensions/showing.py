"""Asking panels, pages, reports and columns: for whoever looks, in one session; one that fails leaves the others whole."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from crmkit.core.errors import AccessDenied, CrmError, NotFound, did_you_mean
from crmkit.core.frozen import frozen
from crmkit.core.messages import Message, msg, shown
from crmkit.hooks.web.blocks import Block
from crmkit.hooks.web.places import Column, Page, PageCall, Panel, PanelCall
from crmkit.hooks.web.questions import Report, ReportCall
from crmkit.runtime.extensions.acting import forbidden
from crmkit.runtime.extensions.inputs import read_input
from crmkit.store.savepoints import as_a_whole

if TYPE_CHECKING:
    from crmkit.runtime.crm import Crm
    from crmkit.store.session import Session

log = logging.getLogger("crmkit.extensions")
T = TypeVar("T")


@frozen
class ShownPanel:
    """A panel with its blocks; ``failed`` says what people are told where it has none because it failed."""

    panel: Panel
    blocks: tuple[Block, ...] = ()
    failed: Message | None = None


@frozen
class ColumnValues:
    """A worked-out column with its values by record id; ``failed`` as for a panel."""

    column: Column
    values: Mapping[Any, Any]
    failed: Message | None = None


def extension_named(crm: Crm, kind: str, id: str) -> Any:
    """Return a ``pages``, ``reports``, ``columns`` ... extension by its id, or what stands in for it; raises NotFound."""
    extensions = crm.extensions
    known: Mapping[str, Any] = getattr(extensions, kind)
    found = known.get(extensions.now(kind, id))
    if found is None:
        hint = did_you_mean(id[:100], known)
        raise NotFound(msg("no {what} {name}; {hint}", what=_KINDS[kind], name=repr(shown(id)), hint=hint))
    return found


def panels_of(crm: Crm, session: Session, points: Sequence[str], record: Any = None) -> list[ShownPanel]:
    """Return the panels at some points that the actor may see, in their order, each with its blocks."""
    found = []
    for panel in crm.extensions.panels_at(*points):
        if forbidden(session.actor, panel) is not None:
            continue
        try:
            with as_a_whole(session):
                given = panel.handler(crm.context(session, crm.extensions.plugins[panel.id]), PanelCall(record))
                found.append(ShownPanel(panel, _blocks(given)))
        except Exception as error:
            found.append(ShownPanel(panel, failed=failed(crm, panel.id, error)))
    return found


def page_blocks(crm: Crm, session: Session, page: Page, query: Mapping[str, str]) -> tuple[Block, ...]:
    """Return the blocks of a page. Raises AccessDenied without its permission, and what its handler raises."""
    allow(session, page)
    return _blocks(page.handler(crm.context(session, crm.extensions.plugins[page.id]), PageCall(query)))


def report_blocks(crm: Crm, session: Session, report: Report, query: Any = None) -> tuple[Block, ...]:
    """Return the blocks of a report; ``query`` is an instance of its class, or a mapping as JSON has it.

    Raises AccessDenied without its permission, ValidationFailed for a wrong query, and what its handler raises.
    """
    allow(session, report)
    asked = None if report.query is None else read_input(report.query, query or {})
    return _blocks(report.handler(crm.context(session, crm.extensions.plugins[report.id]), ReportCall(asked)))


def column_values(
    crm: Crm, session: Session, entity: str, ids: Sequence[str], records: Sequence[Any]
) -> list[ColumnValues]:
    """Return the values of some columns for a page of records, each column asked once.

    Raises NotFound for an unknown column, with the closest one of the entity, and AccessDenied without its permission.
    """
    known = {column.id: column for column in crm.extensions.columns_of(entity)}
    found = []
    for id in dict.fromkeys(crm.extensions.now("columns", id) for id in ids):
        if id not in known:
            hint = did_you_mean(id[:100], known)
            raise NotFound(msg("no {what} {name}; {hint}", what=_KINDS["columns"], name=repr(shown(id)), hint=hint))
        allow(session, known[id])
    for id in dict.fromkeys(crm.extensions.now("columns", id) for id in ids):
        column = known[id]
        try:
            with as_a_whole(session):
                values = column.handler(crm.context(session, crm.extensions.plugins[id]), records) if records else {}
            found.append(ColumnValues(column, values))
        except Exception as error:
            found.append(ColumnValues(column, {}, failed(crm, id, error)))
    return found


def allow(session: Session, one: Any) -> None:
    """Raise AccessDenied where the actor lacks the permission of an extension."""
    why_not = forbidden(session.actor, one)
    if why_not is not None:
        raise AccessDenied(why_not)


def failed(crm: Crm, id: str, error: Exception) -> Message:
    """Return what people are told of a part that failed: an expected error in its words, a defect without its inside."""
    if isinstance(error, CrmError):
        return error.message
    log.error("%s of plugin %s failed", id, crm.extensions.plugins[id], exc_info=error)
    return msg("plugin {plugin} failed here: {id}; the log tells why", plugin=crm.extensions.plugins[id], id=id)


def _blocks(given: Any) -> tuple[Block, ...]:
    found = tuple(given)
    for one in found:
        if not isinstance(one, Block):
            raise TypeError(f"blocks are made of Fields, Table and so on, not {type(one).__name__}")
    return found


_KINDS = {
    "pages": msg("page"),
    "reports": msg("report"),
    "columns": msg("column"),
    "panels": msg("panel"),
    "routes": msg("route"),
}
