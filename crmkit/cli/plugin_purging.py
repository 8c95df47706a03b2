"""``crmkit plugin purge``: remove what a plugin has left behind."""

from __future__ import annotations

from pathlib import Path

import click

from crmkit.cli.localized import argument, command, json_option, option
from crmkit.cli.words import translated, wording


@command(
    "purge",
    help=wording(
        "Remove what a plugin that is gone has left behind.\n\n"
        "Its records are written to a file of JSON lines first; then its tables and its place in the event log are dropped. "
        "A plugin that is active is refused: disable or uninstall it first."
    ),
)
@argument("name", help=wording("The plugin's name."))
@option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help=wording("The file to write; by default the plugin's name with the time, in the current folder."),
)
@option("--yes", is_flag=True, help=wording("Do not ask."))
@json_option
def purge(name: str, output: Path | None, yes: bool, as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import opened, say
    from crmkit.core.errors import Refused
    from crmkit.core.messages import msg
    from crmkit.store.migration.leftovers import leftovers, purge_plugin

    with opened(check=False) as crm:
        if name in {broken.name for broken in crm.plugins.broken}:
            raise Refused(
                "crmkit", msg("plugin {plugin} is broken, not gone; disable or uninstall it first", plugin=name)
            )
        if name in {plugin.name for plugin in crm.plugins.plugins}:
            # One without tables is known by this alone.
            raise Refused("crmkit", msg("plugin {plugin} is active; disable or uninstall it first", plugin=name))
        file = output or Path(f"{name}-{crm.clock.now():%Y%m%dT%H%M%SZ}.jsonl")
        found = leftovers(crm.database, crm.schema_owners, name)
        if not yes:
            for table, rows in found.tables.items():
                click.echo(f"{table}  {rows}", err=True)
            click.confirm(
                translated(wording("Write these records to a file and drop their tables?")), abort=True, err=True
            )
        found = purge_plugin(crm.database, crm.schema_owners, name, file)
    if as_json:
        print_json({"plugin": name, "file": str(file), "tables": found.tables, "places": found.places})
        return
    for table, rows in found.tables.items():
        say(msg("dropped {table} ({rows} records)", table=table, rows=rows))
    for table, rows in found.places.items():
        say(msg("took {rows} rows out of {table}", table=table, rows=rows))
    say(msg("the records of {plugin} are in {file}", plugin=name, file=file))
