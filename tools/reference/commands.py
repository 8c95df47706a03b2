"""The page of all commands of the program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from crmkit.cli.program import COMMANDS, program
from crmkit.cli.running import loaded_command
from tools.markdown import code, slug, table
from tools.reference.plugins import OfficialPlugin

INTRODUCTION = """# Commands

Every command of `crmkit`. What they have in common - database, language, output, exit codes - is told in [command
line](command-line.md). Plugins add commands of their own; `crmkit --help` lists them all."""


PLUGIN_INTRODUCTION = """# {label}: commands

The commands of the plugin `{plugin}`. What all commands have in common is told in [command line](command-line.md)."""


def page() -> str:
    """Return the page, with the commands in the order in which the program lists them."""
    commands = [(name, loaded_command(name, COMMANDS[name][0])) for name in sorted(COMMANDS)]
    parts = [INTRODUCTION, _overview(commands)]
    root = click.Context(program, info_name="crmkit")
    parts += ["## Global options", _options(root)]
    for name, command in commands:
        parts += _command(command, root, name, 2)
    return "\n\n".join(part for part in parts if part)


def plugin_page(plugin: OfficialPlugin) -> str:
    """Return the page of the commands of a plugin; empty where it has none."""
    declared = sorted(plugin.registered("register_cli_commands"), key=lambda one: one.name)
    if not declared:
        return ""
    root = click.Context(program, info_name="crmkit")
    parts = [PLUGIN_INTRODUCTION.format(label=plugin.manifest.label or plugin.name, plugin=plugin.name)]
    for one in declared:
        parts += _command(loaded_command(one.name, one.import_path), root, one.name, 2)
    return "\n\n".join(part for part in parts if part)


def _overview(commands: list[tuple[str, click.Command]]) -> str:
    rows = []
    for name, command in commands:
        rows.append((_link(f"crmkit {name}"), COMMANDS[name][1]))
        if isinstance(command, click.Group):
            rows += [(_link(f"crmkit {name} {sub}"), _help(command.commands[sub])) for sub in sorted(command.commands)]
    return table(["command", "what it does"], rows)


def _command(command: click.Command, parent: click.Context, name: str, level: int) -> Iterator[str]:
    ctx = click.Context(command, info_name=name, parent=parent)
    # Taken apart by hand: ``ctx.command_path`` also names what stands between a group and its command.
    path = f"{parent.command_path} {name}"
    usage = " ".join([path, *command.collect_usage_pieces(ctx)])
    yield f"{'#' * level} {path}\n\n{_help(command)}\n\n```\n{usage}\n```"
    yield _arguments(ctx)
    yield _options(ctx)
    if isinstance(command, click.Group):
        for sub in sorted(command.commands):
            yield from _command(command.commands[sub], ctx, sub, level + 1)


def _arguments(ctx: click.Context) -> str:
    found = [parameter for parameter in ctx.command.params if isinstance(parameter, click.Argument)]
    return _records(ctx, "argument", found)


def _options(ctx: click.Context) -> str:
    found = [parameter for parameter in ctx.command.params if isinstance(parameter, click.Option)]
    return _records(ctx, "option", found)


def _records(ctx: click.Context, what: str, parameters: Sequence[click.Parameter]) -> str:
    rows = [record for parameter in parameters if (record := parameter.get_help_record(ctx)) is not None]
    return table([what, "meaning"], [(code(names), meaning) for names, meaning in rows]) if rows else ""


def _help(command: click.Command) -> str:
    return (command.help or "").replace("\f", "").strip()


def _link(path: str) -> str:
    return f"[{code(path)}](#{slug(path)})"
