"""Reports: figures and charts over many records, each at an address of its own with what can be asked of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from crmkit.core.frozen import frozen
from crmkit.core.messages import Message, msg
from crmkit.hooks.web.questions import Report
from crmkit.hosting import extension_named, forbidden, report_blocks
from crmkit_web.extensions.actions import AskedField, asked_fields
from crmkit_web.extensions.asked import parameters, read_asked
from crmkit_web.extensions.places import AnyBlock
from crmkit_web.extensions.results import told
from crmkit_web.serving.calls import Call
from crmkit_web.serving.endpoints import Endpoint

if TYPE_CHECKING:
    from crmkit_web.serving.site import Site


@frozen
class ReportEntry:
    """A report that there is, and what can be asked of it."""

    id: str
    label: Message
    help: Message | None
    group: Message | None
    fields: tuple[AskedField, ...]


@frozen
class ReportEntries:
    """The reports that whoever asks may see, in the order of their ids."""

    items: tuple[ReportEntry, ...]


@frozen
class ReportAnswer:
    """A report with its blocks."""

    id: str
    label: Message
    blocks: tuple[AnyBlock, ...]


def endpoints(site: Site) -> Iterator[Endpoint]:
    """Yield the endpoints of this room."""
    yield Endpoint(
        "list_reports",
        "GET",
        "/reports",
        list_,
        msg("Return the reports that there are and what can be asked of them."),
        tag="reports",
        returns=ReportEntries,
        reads=True,
    )
    for id, report in sorted(site.crm.extensions.reports.items()):
        yield Endpoint(
            f"report.{id}",
            "GET",
            f"/reports/{id}",
            _answer(report),
            report.help or report.label,
            tag="reports",
            query=parameters(report.query),
            returns=ReportAnswer,
            reads=True,
            refuses=(404,),
        )
    yield Endpoint(
        "get_report",
        "GET",
        "/reports/{report}",
        lambda call: answer(extension_named(call.crm, "reports", call.path["report"]), call),
        msg("Return a report by its id, as it is without being asked for more: also one that another stands in for."),
        tag="reports",
        returns=ReportAnswer,
        reads=True,
    )


def _answer(report: Report) -> Callable[[Call], Any]:
    return partial(answer, report)


def answer(report: Report, call: Call) -> Any:
    """Answer a report."""
    asked: Any = read_asked(report.query, call.query)
    blocks = report_blocks(call.crm, call.session, report, asked)
    return told(call, ReportAnswer(report.id, report.label, blocks))


def list_(call: Call) -> Any:
    """Answer which reports there are."""
    found = [one for _, one in sorted(call.crm.extensions.reports.items()) if forbidden(call.actor, one) is None]
    entries = (ReportEntry(one.id, one.label, one.help, one.group, asked_fields(one.query)) for one in found)
    return told(call, ReportEntries(tuple(entries)))
