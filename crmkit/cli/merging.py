"""``crmkit merge``: two records become one; preview it, do it, list what was merged and take it back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from crmkit.cli.bulk_merging import finder, many, title_of
from crmkit.cli.journals import newest_options, print_newest
from crmkit.cli.localized import argument, group, json_option, option
from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from crmkit.core.merging import MergePlan
    from crmkit.runtime.crm import Crm
    from crmkit.services.merging import MergeResult, UndoReport

F = TypeVar("F", bound=Callable[..., Any])


@group("merge", help=wording("Make one of records that are the same, and take it back."))
def merge() -> None:
    pass


def _details(function: F) -> F:
    for decorate in (
        option("--entity", default="customer", show_default=True, metavar="NAME", help=wording("What they are.")),
        option(
            "--take",
            multiple=True,
            metavar="FIELD=SIDE",
            help=wording("Take a field from one side, as in industry=lost; may be given again."),
        ),
        json_option,
    )[::-1]:
        function = decorate(function)
    return function


@merge.command("preview", help=wording("Show what a merge would do. Exit code 5: it cannot be done."))
@argument("kept", help=wording("The record that stays: its id, or a customer's name, number or mail address."))
@argument("lost", help=wording("The record that becomes part of it."))
@_details
@click.pass_context
def preview_(ctx: click.Context, kept: str, lost: str, entity: str, take: tuple[str, ...], as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import entity_named, working
    from crmkit.services.merging import preview

    with working(reads=True) as (crm, session):
        cls = entity_named(crm, entity).cls
        one, other = map(finder(session, cls), (kept, lost))
        plan = preview(session, one, other, _choices(take), entity=cls)
        if as_json:
            print_json(_document(plan))
        else:
            _show(crm, plan)
    if not plan.allowed:
        ctx.exit(5)


@merge.command("run", help=wording("Merge one or more records into another, each by itself."))
@argument("kept", help=wording("The record that stays: its id, or a customer's name, number or mail address."))
@argument("lost", nargs=-1, required=True, help=wording("The records that become part of it."))
@_details
def run(kept: str, lost: tuple[str, ...], entity: str, take: tuple[str, ...], as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import entity_named, say, working
    from crmkit.core.messages import msg
    from crmkit.services.merging import merge_many

    with working() as (crm, session):
        cls = entity_named(crm, entity).cls
        find = finder(session, cls)
        stays = find(kept)
        pairs = [(stays, find(needle)) for needle in lost]
        results = merge_many(session, pairs, _choices(take), entity=cls)
    if as_json:
        print_json([_result(result) for result in results])
    for result in results:
        if result.journal is not None:
            if not as_json:
                click.echo(str(result.journal.id))
            say(msg("merged {lost} into {kept}", lost=str(result.lost_id), kept=str(result.kept_id)))
        elif result.error is None:
            say(msg("{lost} and {kept} are one record already", lost=str(result.lost_id), kept=str(result.kept_id)))
    errors = [result.error for result in results if result.error is not None]
    if errors:
        for result in results:
            if result.error is not None and result.error is not errors[-1]:
                say(msg("{lost} was not merged: {error}", lost=str(result.lost_id), error=result.error.message))
        raise errors[-1]


merge.add_command(many)


@merge.command("undo", help=wording("Take a merge back; what was changed since stays and is shown."))
@argument("merge", help=wording("The id of the merge or of the record that was lost, or last."))
@json_option
def undo_(merge: str, as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import working
    from crmkit.services.merging import find_merge, undo

    with working() as (_, session):
        report = undo(session, find_merge(session, merge).id)
        session.commit()
    if as_json:
        journal = report.journal
        print_json(
            {
                "id": journal.id,
                "kept_id": journal.kept_id,
                "lost_id": journal.lost_id,
                "restored": report.restored,
                "left": report.left,
            }
        )
    else:
        _show_undone(report)


@merge.command("list", help=wording("List merges, newest first."))
@newest_options
def list_(limit: int, as_json: bool) -> None:
    from crmkit.cli.running import working
    from crmkit.core.messages import msg
    from crmkit.services.merging import merges

    with working(reads=True) as (_, session):
        found = merges(session, limit=limit)
    names = ("id", "entity", "kept_id", "lost_id", "created_at", "created_by", "undone_at")
    headings = [
        wording("Time"),
        wording("Entity"),
        wording("Kept"),
        wording("Lost"),
        wording("Undone"),
        wording("Merge"),
    ]
    print_newest(
        [{name: getattr(journal, name) for name in names} for journal in found],
        headings,
        [(j.created_at, j.entity, str(j.kept_id), str(j.lost_id), j.undone_at, str(j.id)) for j in found],
        session.actor.timezone,
        as_json,
        msg("nothing was merged yet"),
    )


def _choices(take: Sequence[str]) -> dict[str, str]:
    from crmkit.core.errors import BadInput
    from crmkit.core.messages import msg, shown

    found: dict[str, str] = {}
    for given in take:
        name, _, side = given.partition("=")
        if not name or side not in ("kept", "lost"):
            raise BadInput(msg("--take {given}: a field and kept or lost, as in industry=lost", given=shown(given)))
        found[name] = side
    return found


def _document(plan: MergePlan) -> dict[str, Any]:
    return {
        "entity": plan.entity,
        "kept_id": plan.kept.id,
        "lost_id": plan.lost.id,
        "fields": [
            {"field": f.name, "kept": f.kept, "lost": f.lost, "result": f.result, "taken": f.taken}
            for f in plan.fields
            if f.differs
        ],
        "hidden": plan.hidden,
        "references": plan.references,
        "blocked": list(plan.blocked),
    }


def _result(result: MergeResult) -> dict[str, Any]:
    return {
        "kept_id": result.kept_id,
        "lost_id": result.lost_id,
        "merge_id": result.journal and result.journal.id,
        "error": result.error and {"code": result.error.code, "message": result.error.message},
    }


def _show(crm: Crm, plan: MergePlan) -> None:
    from crmkit.cli.output import print_block, shown_value, table
    from crmkit.cli.running import say
    from crmkit.core.messages import msg

    headings = [wording("Field"), wording("Kept"), wording("Lost"), wording("Result")]
    rows = [
        (translated(f.label), shown_value(f.kept), shown_value(f.lost), shown_value(f.result))
        for f in plan.fields
        if f.differs
    ]
    title = f"{shown_value(title_of(crm.registry, plan, plan.kept))} ← {shown_value(title_of(crm.registry, plan, plan.lost))}"
    print_block(table([translated(heading) for heading in headings], rows, title=title))
    if plan.hidden:
        say(msg("hidden fields: {names}", names=", ".join(plan.hidden)))
    if plan.references:
        headings = [
            wording("Refers to it"),
            wording("Policy"),
            wording("Records"),
            wording("United"),
            wording("Dropped"),
        ]
        uses = [
            (f"{use.entity}.{use.field}", use.policy, str(use.count), str(use.united or ""), str(use.dropped or ""))
            for use in plan.references
        ]
        click.echo()
        print_block(table([translated(heading) for heading in headings], uses, right=(2, 3, 4)))
    for reason in plan.blocked:
        say(msg("cannot be merged: {reason}", reason=reason))


def _show_undone(report: UndoReport) -> None:
    from crmkit.cli.output import print_block, table
    from crmkit.cli.running import say
    from crmkit.core.messages import msg

    say(msg("took merge {id} back; {count} records restored", id=str(report.journal.id), count=report.restored))
    if report.left:
        headings = [wording("Left as it is"), wording("Record"), wording("Fields"), wording("Why")]
        rows = [
            (left.title or str(left.record_id), left.entity, ", ".join(left.fields), left.reason)
            for left in report.left
        ]
        print_block(table([translated(heading) for heading in headings], rows))
