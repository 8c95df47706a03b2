"""``crmkit import``: read records from files, look at what an import would do, and take one back."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crmkit.cli.localized import argument, command, json_option, option
from crmkit.cli.progress import progress
from crmkit.cli.words import translate, translated, wording

if TYPE_CHECKING:
    from crmkit.cli.progress import Tell
    from crmkit.core.access import Actor
    from crmkit.runtime.crm import Crm
    from crmkit.services.importing.aliases import Proposal
    from crmkit.services.importing.mapping import ImportMapping
    from crmkit.services.importing.report import ImportReport, Sample
    from crmkit.services.importing.reverting import RevertReport
    from crmkit.services.importing.running import Progress

REJECTED = 3
"""The exit code when some rows were rejected; the others are in."""
_SHOWN_ERRORS = 10


@command(
    "import", help=wording("Read records from a file or folder, as a mapping file says or by the names of columns.")
)
@argument("path", help=wording("The file or folder to read."), required=False, type=click.Path(path_type=Path))
@option("--mapping", type=click.Path(path_type=Path), metavar="FILE", help=wording("The mapping file (TOML)."))
@option("--entity", metavar="ENTITY", help=wording("Without a mapping: what the rows are; columns are its fields."))
@option("--dry-run", is_flag=True, help=wording("Show what would change and write nothing."))
@option(
    "--errors",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help=wording("Where rejected rows go."),
)
@option(
    "--confirm",
    multiple=True,
    metavar="MEANING",
    help=wording("What the files mean by a value that no record has, as in `product.sku: GTXPro = GTX Pro`; kept."),
)
@option("--revert", metavar="RUN", help=wording("Take the import with this id back, or the last one."))
@option("--list", "list_", is_flag=True, help=wording("List the imports made so far."))
@json_option
@click.pass_context
def import_(
    ctx: click.Context,
    path: Path | None,
    mapping: Path | None,
    entity: str | None,
    dry_run: bool,
    errors: Path | None,
    confirm: tuple[str, ...],
    revert: str | None,
    list_: bool,
    as_json: bool,
) -> None:
    from crmkit.cli.running import acting, opened

    if sum([path is not None, revert is not None, list_]) != 1:
        raise click.UsageError(translated(wording("give a PATH to import, or --revert, or --list")))
    if path is not None and (mapping is None) == (entity is None):
        raise click.UsageError(translated(wording("give either --mapping or --entity")))
    with opened(create=path is not None and not dry_run, rehearsal=path is not None and dry_run) as crm:
        actor = acting(crm)
        if list_:
            _list(crm, actor, as_json)
        elif revert is not None:
            _revert(crm, actor, revert, dry_run, as_json)
        else:
            assert path is not None
            read = _mapping(crm, path, mapping, entity)
            confirmed = _confirmed(crm, read, confirm)
            rejected = _import(crm, actor, path, read, dry_run, errors, as_json, confirmed)
            if rejected:
                ctx.exit(REJECTED)


def _confirmed(crm: Crm, mapping: ImportMapping, words: tuple[str, ...]) -> list[Proposal]:
    from crmkit.services.importing.aliases import read_proposal

    return [read_proposal(one, mapping.system or mapping.name, crm.registry) for one in words]


def _mapping(crm: Crm, path: Path, mapping: Path | None, entity: str | None) -> ImportMapping:
    from crmkit.cli.running import entity_named
    from crmkit.services.importing.mapping import load_mapping
    from crmkit.services.importing.plain import plain_mapping

    if mapping is not None:
        return load_mapping(mapping)
    return plain_mapping(entity_named(crm, entity or ""), path)


def _import(
    crm: Crm,
    actor: Actor,
    path: Path,
    mapping: ImportMapping,
    dry_run: bool,
    errors: Path | None,
    as_json: bool,
    confirmed: Sequence[Proposal],
) -> int:
    from crmkit.cli.indexing import keep_up
    from crmkit.cli.running import say
    from crmkit.core.messages import msg
    from crmkit.services.importing.running import run_import

    # A dry run leaves nothing behind, unless it is told where to.
    folder = errors or (None if dry_run else error_folder(path))
    try:
        with progress(path.name, percent=True) as tell:
            shown = _shown_rows(tell)
            options: dict[str, Any] = {"error_folder": folder, "confirmed": confirmed, "on_progress": shown}
            report = run_import(crm, actor, path, mapping, dry_run=dry_run, **options)
        if not dry_run:
            keep_up(crm)
    except KeyboardInterrupt:
        say(msg("interrupted; nothing was written") if dry_run else msg("interrupted; run the same command to go on"))
        sys.exit(130)
    if as_json:
        _print_json(report)
        return report.rejected
    _print_report(crm, report)
    if report.rejected:
        _tell_rejected(report)
    agreed = _agreed(report, dry_run)
    if agreed:
        return _import(crm, actor, path, mapping, dry_run, errors, as_json, agreed)
    return report.rejected


def _agreed(report: ImportReport, dry_run: bool) -> list[Proposal]:
    """Ask what is meant by values that no record has, where somebody can answer; return what was confirmed."""
    from crmkit.cli.running import say
    from crmkit.core.messages import msg

    if dry_run or not sys.stdin.isatty():
        for one in report.proposals:
            say(msg("{value} may mean {meaning}; if so, add --confirm {words}", **_told(one)))
        return []
    asked = [(one, msg("Does {value} mean {meaning}?", **_told(one)).render(translate())) for one in report.proposals]
    return [one for one, question in asked if click.confirm(question)]


def _told(one: Proposal) -> dict[str, str]:
    return {"value": repr(one.value), "meaning": repr(one.meaning), "words": shlex.quote(one.words)}


def error_folder(path: Path) -> Path:
    """Return where rejected rows go unless told: in this folder, and never where the import reads from."""
    folder = Path(f"{path.resolve().stem}-errors")
    read_from = path if path.is_dir() else path.parent
    return Path(f"{folder}-2") if folder.resolve() == read_from.resolve() else folder


def _print_json(report: ImportReport) -> None:
    from crmkit.cli.output import print_json

    print_json(
        {
            "import": report.name,
            "run": report.run_id,
            "dry_run": report.dry_run,
            "resumed": report.resumed,
            "rows": report.rows,
            "rejected": report.rejected,
            "records": report.counts,
            "errors": [
                {"source": e.source, "line": e.number, "problems": [p.render(translate()) for p in e.problems]}
                for e in report.errors
            ],
            "proposals": [one.words for one in report.proposals],
            "error_files": [str(path) for path in report.error_files],
            "samples": [
                {
                    "entity": s.entity,
                    "title": s.title,
                    "action": s.action,
                    "fields": {n: list(v) for n, v in s.fields.items()},
                }
                for s in report.samples
            ],
        }
    )


def _print_report(crm: Crm, report: ImportReport) -> None:
    from crmkit.cli.output import print_block, table
    from crmkit.cli.running import say
    from crmkit.core.messages import msg

    if report.resumed:
        say(msg("went on with an import that was interrupted"))
    names = ("created", "updated", "unchanged")
    rows = [
        (translated(crm.registry.get(entity).label), *[counts.get(name, 0) for name in names])
        for entity, counts in report.counts.items()
    ]
    headings = [
        translated("Entity"),
        translated(wording("created")),
        translated("updated"),
        translated(wording("unchanged")),
    ]
    print_block(table(headings, rows, right=(1, 2, 3)))
    for sample in report.samples if report.dry_run else ():
        for line in _sample_lines(crm, sample):
            click.echo(line)
    if report.dry_run:
        say(msg("dry run of {rows} rows: nothing was written", rows=report.rows))
    else:
        say(msg("{rows} rows read; import {run}", rows=report.rows, run=str(report.run_id)))


def _sample_lines(crm: Crm, sample: Sample) -> Iterator[str]:
    from crmkit.cli.output import clean, shown_value

    info = crm.registry.get(sample.entity)
    sign = "+" if sample.action == "create" else "~"
    yield clean(f"{sign} {translated(info.label)}: {sample.title}")
    for name, (before, after) in sample.fields.items():
        label = translated(info.by_name[name].label)
        new = shown_value(after)
        yield clean(
            f"    {label}: {new}" if sample.action == "create" else f"    {label}: {shown_value(before)} → {new}"
        )


def _tell_rejected(report: ImportReport) -> None:
    from crmkit.cli.running import say
    from crmkit.core.messages import msg

    say(msg("{count} rows were rejected:", count=report.rejected))
    for error in report.errors[:_SHOWN_ERRORS]:
        problem = error.render(translate())
        say(msg("  {source}, line {line}: {problem}", source=error.source, line=error.number, problem=problem))
    if report.rejected > _SHOWN_ERRORS:
        say(msg("  and {count} more", count=report.rejected - _SHOWN_ERRORS))
    if report.error_files:
        files = ", ".join(str(path) for path in report.error_files)
        say(msg("they stand in {files}; mend them there and import that file with the same mapping", files=files))


def _list(crm: Crm, actor: Actor, as_json: bool) -> None:
    from crmkit.cli.output import print_block, print_json, table
    from crmkit.services.importing.reverting import list_runs

    with crm.session(actor, reads=True) as session:
        runs = list_runs(session)
        if as_json:
            print_json(
                [
                    {
                        "run": run.id,
                        "name": run.name,
                        "path": run.path,
                        "state": run.state,
                        "started": run.created_at,
                        "finished": run.finished_at,
                        "rows": run.counts.get("rows", 0),
                        "rejected": run.counts.get("rejected", 0),
                        "records": run.counts.get("records", {}),
                    }
                    for run in runs
                ]
            )
            return
        rows = [
            (
                str(run.id),
                run.name,
                translated(run.state),
                run.created_at,
                run.counts.get("rows", 0),
                run.counts.get("rejected", 0),
                run.path,
            )
            for run in runs
        ]
    headings = ["Id", "Name", "State", "Started", "Rows", "Rejected", "Path"]
    print_block(table([translated(heading) for heading in headings], rows, right=(4, 5)))


def _revert(crm: Crm, actor: Actor, needle: str, dry_run: bool, as_json: bool) -> None:
    from crmkit.cli.indexing import keep_up
    from crmkit.cli.output import print_json
    from crmkit.cli.running import say
    from crmkit.core.messages import msg
    from crmkit.services.importing.reverting import revert_import

    try:
        report = revert_import(crm, actor, needle, dry_run=dry_run)
        if not dry_run:
            keep_up(crm)
    except KeyboardInterrupt:
        say(msg("interrupted; run the same command to go on"))
        sys.exit(130)
    if as_json:
        print_json(report)
        return
    _print_revert(report)


def _print_revert(report: RevertReport) -> None:
    from crmkit.cli.running import say
    from crmkit.core.messages import msg

    for conflict in report.shown:
        say(
            msg(
                "left as it is: {entity} {title} ({id}): {reason}",
                entity=conflict.entity,
                title=conflict.title,
                id=str(conflict.record_id),
                reason=conflict.reason,
            )
        )
    values: dict[str, Any] = {
        "name": report.name,
        "deleted": report.deleted,
        "restored": report.restored,
        "conflicts": report.conflicts,
    }
    if report.dry_run:
        template = msg(
            "reverting {name} would delete {deleted} records, restore {restored} and leave {conflicts}", **values
        )
    else:
        template = msg("{name} reverted: {deleted} records deleted, {restored} restored, {conflicts} left", **values)
    click.echo(template.render(translate()))


def _shown_rows(tell: Tell | None) -> Callable[[Progress], None] | None:
    """Return what shows an import's progress: the file, the step of so many, and its rows."""
    if tell is None:
        return None

    def show(at: Progress) -> None:
        rows = translated(wording("rows"))
        text = f"{at.source} ({at.step}/{at.steps})  {at.rows:,} {rows}"
        tell(at.done, at.total, description=text)

    return show
