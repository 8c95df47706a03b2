"""``crmkit export``: write records to a file that spreadsheets, address books and imports read."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from crmkit.cli.localized import argument, command, json_option, option
from crmkit.cli.records import filter_option
from crmkit.cli.words import translated, wording


@command("export", help=wording("Write the records of an entity to a file, or as CSV to the standard output."))
@argument("entity", help=wording("The entity, such as customer."))
@filter_option
@option("--fields", default="", metavar="FIELDS", help=wording("Only these fields, separated by commas."))
@option(
    "--format",
    "format_",
    type=click.Choice(["csv", "xlsx", "jsonl", "vcard"]),
    help=wording("The kind of file; otherwise the ending of FILE tells it."),
)
@option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help=wording("The file to write."),
)
@json_option
def export(entity: str, filter_: str, fields: str, format_: str | None, output: Path | None, as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import entity_named, say, working
    from crmkit.core.messages import msg
    from crmkit.services.exporting.running import export as write
    from crmkit.services.exporting.running import format_of

    if as_json and output is None:
        raise click.UsageError(translated(wording("--json tells of a file: name it with --output.")))
    with working(reads=True) as (crm, session):
        info = entity_named(crm, entity)
        names = [name.strip() for name in fields.split(",") if name.strip()]
        count = write(
            session,
            info,
            output if output is not None else sys.stdout.buffer,
            format=format_of(output, format_),
            filter=filter_ or None,
            fields=names,
        )
    if as_json:
        print_json({"path": str(output), "records": count})
    elif output is not None:
        say(msg("{count} records written to {path}", count=count, path=str(output)))
