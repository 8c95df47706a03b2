"""``crmkit personal-data retention`` and ``register``: keep nothing longer than needed, and account for what is kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from crmkit.cli.localized import command, group, json_option, option
from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from crmkit.services.personal_data import RetentionReport


@group("retention", help=wording("Let go what is too old for its purpose, by the rules of the configuration."))
def retention() -> None:
    pass


@retention.command("rules", help=wording("List the rules: what goes, and what must be kept."))
@json_option
def rules(as_json: bool) -> None:
    from crmkit.cli.output import print_block, print_json, table
    from crmkit.cli.running import working
    from crmkit.services.personal_data.retention import check_retention

    with working(reads=True) as (crm, session):
        settings = crm.config.personal_data
        check_retention(session, settings)
    if as_json:
        print_json({"retention": settings.retention, "keep": settings.keep})
        return
    headings = (wording("Rule"), wording("Entity"), wording("Filter"), wording("What happens"))
    rows: list[tuple[str, ...]] = [(rule.name, rule.entity, rule.filter, rule.action) for rule in settings.retention]
    rows += [(rule.name, rule.entity, rule.filter, f"keep {rule.period}") for rule in settings.keep]
    print_block(table([translated(heading) for heading in headings], rows))


@retention.command("run", help=wording("Apply the rules; it may be stopped and started again at any time."))
@option("--rule", "names", multiple=True, metavar="NAME", help=wording("Only this rule; may be given again."))
@option("--dry-run", is_flag=True, help=wording("Only show what would go."))
@option("--no-purge", is_flag=True, help=wording("Leave the database's files alone."))
@json_option
def run(names: tuple[str, ...], dry_run: bool, no_purge: bool, as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import acting, opened, say
    from crmkit.core.messages import msg
    from crmkit.services.personal_data import run_retention
    from crmkit.store.purging import purge

    with opened() as crm:
        actor = acting(crm)
        report = run_retention(
            crm,
            actor,
            crm.config.personal_data,
            names=names,
            dry_run=dry_run,
            attachments=lambda: crm.attachments,
            on_progress=lambda rule, count: say(msg("{rule}: {count} so far", rule=rule, count=count)),
        )
        if report.gone and not dry_run and not no_purge:
            purge(crm.database)
    if as_json:
        print_json(report)
    else:
        _show(report)


@command("register", help=wording("Print the register of processing activities, made from what the CRM knows."))
@option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help=wording("Write it to this file of Markdown."),
)
@json_option
def register(output: Path | None, as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import say, working
    from crmkit.cli.words import translate
    from crmkit.core.messages import msg
    from crmkit.services.personal_data import processing_register, register_page

    with working(reads=True) as (crm, session):
        found = processing_register(session, crm.config.personal_data, crm.processing_activities)
    if as_json:
        print_json(found)
        return
    page = register_page(found, translate())
    if output is None:
        click.echo(page, nl=False)
    else:
        output.write_text(page, encoding="utf-8")
        say(msg("the register is written to {path}", path=str(output)))


def _show(report: RetentionReport) -> None:
    from crmkit.cli.output import print_block, table
    from crmkit.cli.running import say
    from crmkit.core.messages import msg

    gone = wording("Would go") if report.dry_run else wording("Gone")
    headings = (wording("Rule"), wording("Entity"), wording("Found"), gone, wording("Stays"))
    rows = [(one.rule, one.entity, one.found, one.gone, len(one.stays)) for one in report.rules]
    print_block(table([translated(heading) for heading in headings], rows, right=(2, 3, 4)))
    for one in report.rules:
        for kept in one.stays[:20]:
            say(msg("{entity} {id} stays: {reason}", entity=kept.entity, id=str(kept.record_id), reason=kept.reason))
