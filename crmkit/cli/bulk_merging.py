"""``crmkit merge many``: merge the pairs that a file lists."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from crmkit.cli.localized import argument, command, json_option, option
from crmkit.cli.progress import progress
from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from crmkit.core.merging import MergePlan
    from crmkit.core.registry import EntityRegistry
    from crmkit.services.merging.listed import ListedPair, ListReport
    from crmkit.store.session import Session

_SHOWN = 10
"""Rejected rows that are told one by one."""


@command(
    "many",
    help=wording(
        "Merge the pairs that a file lists, each by itself: a column kept and a column lost, or what crmkit duplicates "
        "--json wrote. Exit code 3: some rows were rejected.\n\n"
        "Doing it again passes over what is merged already, so an interrupted run goes on. Rejected rows come back as a "
        "file with the reason beside each; mend it and merge that."
    ),
)
@argument(
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=wording("The file: CSV, a workbook or JSON."),
)
@option("--entity", default="customer", show_default=True, metavar="NAME", help=wording("What they are."))
@option("--preview", "looking", is_flag=True, help=wording("Show what would be merged, and change nothing."))
@option(
    "--errors",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help=wording("Where rejected rows go; otherwise NAME-errors in the current folder."),
)
@json_option
@click.pass_context
def many(ctx: click.Context, file: Path, entity: str, looking: bool, errors: Path | None, as_json: bool) -> None:
    from crmkit.cli.importing import REJECTED, error_folder
    from crmkit.cli.output import print_json
    from crmkit.cli.running import entity_named, working
    from crmkit.services.merging.listed import merge_listed, preview_listed

    if looking:
        with working(reads=True) as (crm, session):
            cls = entity_named(crm, entity).cls
            pairs = list(preview_listed(session, file, _finder(session, cls), entity=cls))
        if as_json:
            print_json([_pair_document(pair) for pair in pairs])
        else:
            _show_pairs(crm.registry, pairs)
        failed = any(pair.problem is not None for pair in pairs)
    else:
        folder = errors or error_folder(file)
        with working() as (crm, session), progress() as tell:
            cls = entity_named(crm, entity).cls
            report = merge_listed(session, file, _finder(session, cls), entity=cls, errors=folder, on_row=tell)
        if as_json:
            print_json(_report_document(report))
        else:
            _show_report(report)
        failed = report.rejected > 0
    if failed:
        ctx.exit(REJECTED)


def finder(session: Session, cls: type[Any]) -> Callable[[str], UUID]:
    """Return what finds the id that a text names; only customers are known by more than their id."""
    from crmkit.core.customer import Customer
    from crmkit.core.values.ids import parse_id
    from crmkit.services.customer_view import find_customer

    if cls is Customer:
        return lambda needle: find_customer(session, needle).id
    return parse_id


def title_of(registry: EntityRegistry, plan: MergePlan, record: Any) -> Any:
    """Return the title of one of the two records of ``plan``, its id where the title is hidden."""
    title = registry.get(plan.entity).title
    return str(record.id) if title in plan.hidden else getattr(record, title)


def _finder(session: Session, cls: type[Any]) -> Callable[[str], UUID]:
    """Return what finds also those that are merged already: they are passed over when a file is done again."""
    from crmkit.core.customer import Customer
    from crmkit.services.merging.listed import find_merged_too

    return partial(find_merged_too, session) if cls is Customer else finder(session, cls)


def _pair_document(pair: ListedPair) -> dict[str, Any]:
    plan = pair.plan
    return {
        "line": pair.number,
        "kept": pair.kept,
        "lost": pair.lost,
        "kept_id": plan and plan.kept.id,
        "lost_id": plan and plan.lost.id,
        "references": sum(use.count for use in plan.references) if plan else 0,
        "one_already": plan is None and pair.problem is None,
        "error": pair.problem,
    }


def _report_document(report: ListReport) -> dict[str, Any]:
    return {
        "rows": report.rows,
        "merged": report.merged,
        "one_already": report.same,
        "rejected": report.rejected,
        "errors": [{"line": e.number, "message": e.render()} for e in report.errors],
        "error_files": [str(path) for path in report.error_files],
    }


def _show_pairs(registry: EntityRegistry, pairs: list[ListedPair]) -> None:
    from crmkit.cli.output import print_block, shown_value, table
    from crmkit.cli.running import say
    from crmkit.core.messages import msg

    headings = [wording("Line"), wording("Kept"), wording("Lost"), wording("References"), wording("Result")]
    rows = []
    for pair in pairs:
        plan = pair.plan
        if pair.problem is not None:
            result: Any = pair.problem
        else:
            result = translated(wording("one record already") if plan is None else wording("would be merged"))
        references = str(sum(use.count for use in plan.references)) if plan else ""
        # Names tell people more than the ids that a file may have.
        kept = shown_value(title_of(registry, plan, plan.kept)) if plan else pair.kept
        lost = shown_value(title_of(registry, plan, plan.lost)) if plan else pair.lost
        rows.append((str(pair.number), kept, lost, references, shown_value(result)))
    print_block(table([translated(heading) for heading in headings], rows, right=(0, 3)))
    fit = sum(pair.plan is not None and pair.problem is None for pair in pairs)
    say(msg("{count} of {rows} pairs would be merged", count=fit, rows=len(pairs)))


def _show_report(report: ListReport) -> None:
    from crmkit.cli.running import say
    from crmkit.core.messages import msg

    if report.same:
        say(msg("{merged} merged, {same} were one record already", merged=report.merged, same=report.same))
    else:
        say(msg("{merged} merged", merged=report.merged))
    for error in report.errors[:_SHOWN]:
        for problem in error.problems:
            said: Any = problem
            say(msg("line {number}: {problem}", number=error.number, problem=said))
    for path in report.error_files:
        say(msg("{count} rejected rows: {path}", count=report.rejected, path=str(path)))
