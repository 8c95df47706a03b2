"""The group ``crmkit``: global options, and the table of commands, each imported only when it runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from crmkit.cli.localized import GLOBAL_OPTIONS, Group, Option
from crmkit.cli.words import chosen_language, speaking, translated, wording

COMMANDS: dict[str, tuple[str, str]] = {
    "access": ("crmkit.cli.access:access", wording("Say who may do what, and why")),
    "action": ("crmkit.cli.actions:action", wording("Do what plugins offer beside editing records")),
    "asset": ("crmkit.cli.assets:asset", wording("Show and add what customers own")),
    "audit": ("crmkit.cli.audit:audit", wording("Seal and verify the audit log")),
    "calendar": ("crmkit.cli.calendars:calendar", wording("Make and show working calendars")),
    "claim": ("crmkit.cli.claims:claim", wording("Decide who the unrecognised are")),
    "completion": ("crmkit.cli.completion:completion", wording("Print the completion script of a shell")),
    "config": ("crmkit.cli.configuration:config", wording("Show the configuration in force")),
    "consent": ("crmkit.cli.consent:consent", wording("Record and check what customers consent to")),
    "count": ("crmkit.cli.records:count", wording("Count records of an entity")),
    "customer": ("crmkit.cli.customers:customer", wording("List, add and show customers")),
    "db": ("crmkit.cli.database:db", wording("Create, check and upgrade the database")),
    "delegation": ("crmkit.cli.delegations:delegation", wording("Let users act on behalf of others")),
    "demo": ("crmkit.cli.demo:demo", wording("Fill a database with demonstration data")),
    "doctor": ("crmkit.cli.doctor:doctor", wording("Say whether all is well, and what to do where it is not")),
    "duplicates": ("crmkit.cli.duplicates:duplicates", wording("Find customers that are likely one and the same")),
    "entity": ("crmkit.cli.entities:entity", wording("Show entities, their fields and references")),
    "events": ("crmkit.cli.events:events", wording("Show the event log and its subscribers, and steer them")),
    "explain": ("crmkit.cli.explaining:explain", wording("Say why a record is as it is: who and what made it so")),
    "export": ("crmkit.cli.exporting:export", wording("Write records to a file")),
    "handover": ("crmkit.cli.handover:handover", wording("Hand over what a departing user owns")),
    "history": ("crmkit.cli.history:history", wording("Show who changed what in a record, and what it was")),
    "hooks": ("crmkit.cli.hooks:hooks", wording("Show hooks and who implements them, in order")),
    "identify": ("crmkit.cli.identify:identify", wording("Recognise a customer by whatever is known")),
    "import": ("crmkit.cli.importing:import_", wording("Read records from a file")),
    "interaction": ("crmkit.cli.interactions:interaction", wording("Log contacts and read timelines")),
    "jobs": ("crmkit.cli.jobs:jobs", wording("Show background work, and retry, discard or cancel it")),
    "lifecycle": ("crmkit.cli.lifecycles:lifecycle", wording("Define lifecycles, move records, and report")),
    "list": ("crmkit.cli.records:list_", wording("List records of an entity")),
    "mail": ("crmkit.cli.mail:mail", wording("Take mail in and send it")),
    "merge": ("crmkit.cli.merging:merge", wording("Make one of records that are the same")),
    "new": ("crmkit.cli.new:new", wording("Write a new project: a CRM of your own")),
    "personal-data": ("crmkit.cli.personal_data:personal_data", wording("Export, erase and retain personal data")),
    "plan": ("crmkit.cli.plan:plan", wording("Show what an upgrade would do to the database")),
    "plugin": ("crmkit.cli.plugins:plugin", wording("Show installed plugins, and write new ones")),
    "quality": ("crmkit.cli.quality:quality", wording("Show how good the data is, and what to mend first")),
    "role": ("crmkit.cli.roles:role", wording("Add roles and give them to users")),
    "satisfaction": ("crmkit.cli.satisfaction:satisfaction", wording("Report what customers say in surveys")),
    "search": ("crmkit.cli.search:search", wording("Find records by whatever is remembered of them")),
    "segment": ("crmkit.cli.segments:segment", wording("Define segments, and see who is in them")),
    "share": ("crmkit.cli.shares:share", wording("Share single records with users and teams")),
    "show": ("crmkit.cli.records:show", wording("Show one record")),
    "simulate": ("crmkit.cli.simulating:simulate", wording("Try a change out on recorded history")),
    "survey": ("crmkit.cli.surveys:survey", wording("Ask customers and take down their answers")),
    "tag": ("crmkit.cli.tags:tag", wording("Put tags on records")),
    "user": ("crmkit.cli.users:user", wording("Add, list, freeze and activate users")),
    "value": ("crmkit.cli.value:value", wording("Show what customers are worth")),
    "worker": ("crmkit.cli.worker:worker", wording("Do background work until asked to stop")),
}
"""Name of each command: where it is found and what it is for."""


class Program(Group):
    """Lists commands from the table, without importing them, and reports every error in one way."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({**_plugin_commands(ctx), **COMMANDS})

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS and name not in _plugin_commands(ctx):
            _plugin_commands(ctx, fresh=True)
        place = COMMANDS.get(name) or _plugin_commands(ctx).get(name)
        if place is None:
            return None
        from crmkit.cli.running import loaded_command

        return loaded_command(name, place[0])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        found = self.get_command(ctx, args[0])
        if found is None and not ctx.resilient_parsing and not args[0].startswith("-"):
            raise click.exceptions.NoSuchCommand(args[0], possibilities=self.list_commands(ctx), ctx=ctx)
        return super().resolve_command(ctx, args) if found is None else (args[0], found, args[1:])

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        table = {**_plugin_commands(ctx), **COMMANDS}
        with formatter.section(translated("Commands")):
            formatter.write_dl([(name, translated(table[name][1])) for name in sorted(table)])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        from click.shell_completion import CompletionItem

        table = {**_plugin_commands(ctx), **COMMANDS}
        found = sorted(name for name in table if name.startswith(incomplete))
        names = [CompletionItem(name, help=translated(table[name][1])) for name in found]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]

    def main(  # type: ignore[override]
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any
    ) -> NoReturn:
        """Run with ``args`` and leave with the exit code; every error becomes lines on the standard error."""
        words = sys.argv[1:] if args is None else list(args)
        extra.pop("standalone_mode", None)
        with speaking(chosen_language(words, os.environ)):
            try:
                result = super().main(words, prog_name or "crmkit", "_CRMKIT_COMPLETE", False, **extra)
                code = result if isinstance(result, int) else 0
                sys.stdout.flush()
            except click.ClickException as error:
                error.show()
                code = error.exit_code
            except Exception as error:
                from crmkit.cli.running import report

                code = report(error, words)
        sys.exit(code)


def _plugin_commands(ctx: click.Context, *, fresh: bool = False) -> dict[str, tuple[str, str]]:
    """Return the table of the plugins' commands; ``fresh`` asks the plugins, not what is remembered of them."""
    from crmkit.cli.plugin_commands import plugin_commands

    known: dict[str, tuple[str, str]] | None = ctx.meta.get("crmkit.plugin_commands")
    if known is None or fresh:
        known = ctx.meta["crmkit.plugin_commands"] = plugin_commands(ctx.params.get("config"), fresh=fresh)
    return known


def _version(ctx: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from crmkit import __version__

        click.echo(f"crmkit {__version__}")
        ctx.exit()


program = Program(
    "crmkit",
    help=wording(
        "A plugin-based CRM.\n\n"
        "The database is the one that --db, CRMKIT_DB or the configuration names, else crmkit.db in the current folder."
    ),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
    no_args_is_help=True,
    params=[
        *[Option(names, **settings) for names, settings in GLOBAL_OPTIONS],
        Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_version,
            help=wording("Show the version and leave."),
        ),
    ],
    callback=lambda **options: None,
)
