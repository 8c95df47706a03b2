"""Commands, options and arguments whose help is shown in the language of the run, not in that of their import."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

from crmkit.cli.words import translated, wording

F = TypeVar("F", bound=Callable[..., Any])
C = TypeVar("C", bound=click.Command)
_NEGATIVE = re.compile(r"-[.,]?\d")


class _Translated(click.Command):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("options_metavar", wording("[OPTIONS]"))
        super().__init__(*args, **kwargs)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        found = super().get_help_option(ctx)
        if found is not None:
            # click keeps the option, with its help in the language of the first run.
            found.help = translated(wording("Show this message and exit."))
        return found

    def get_short_help_str(self, limit: int = 45) -> str:
        return _in_language(self, super().get_short_help_str.__func__, limit)  # type: ignore[attr-defined,no-any-return]

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _in_language(self, click.Command.format_help_text, ctx, formatter)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [translated(piece) for piece in super().collect_usage_pieces(ctx)]


class Command(_Translated):
    """A command with translated help. It takes the global options too, so that they may also stand behind its name."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        taken = {name for parameter in self.params for name in parameter.opts}
        self.params += [_repeated(settings) for settings in GLOBAL_OPTIONS if not taken.intersection(settings[0])]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        # A negative number is a value: the command says what is wrong with it, if anything.
        ctx.ignore_unknown_options |= any(_NEGATIVE.match(arg) for arg in args)
        return super().parse_args(ctx, args)


class Group(_Translated, click.Group):
    """A group of commands with translated help."""

    command_class = Command
    group_class = type

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("subcommand_metavar", wording("COMMAND [ARGS]..."))
        super().__init__(*args, **kwargs)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _in_language(self, click.Command.format_help_text, ctx, formatter)


class Option(click.Option):
    """An option with translated help."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        shown = copy.copy(self)
        shown.help = translated(self.help or "")
        return click.Option.get_help_record(shown, ctx)


class Argument(click.Argument):
    """An argument with translated help."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str]:
        spec, help = super().get_help_record(ctx)
        return spec, translated(help)


GLOBAL_OPTIONS: tuple[tuple[list[str], dict[str, Any]], ...] = (
    (
        ["--db"],
        {"metavar": "URL", "help": wording("The database, such as sqlite:///my.db or postgresql://host/name.")},
    ),
    (["--config"], {"metavar": "FILE", "is_eager": True, "help": wording("The configuration file (TOML).")}),
    (["--as", "login"], {"metavar": "LOGIN", "help": wording("Act as this user, with this user's rights.")}),
    (["--for", "principal"], {"metavar": "LOGIN", "help": wording("With --as: act on behalf of this user.")}),
    (["--lang"], {"type": click.Choice(["en", "zh"]), "help": wording("The language to speak.")}),
    (["--trace"], {"is_flag": True, "help": wording("Show flushes and hook calls, and how long they took.")}),
    (["--verbose", "-v"], {"is_flag": True, "help": wording("Log what goes on to the standard error.")}),
    (["--traceback"], {"is_flag": True, "help": wording("Show where an unexpected error comes from.")}),
)
"""Names and settings of the options that every command understands."""


def _repeated(settings: tuple[list[str], dict[str, Any]]) -> Option:
    def keep(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
        if value and parameter.name:
            ctx.find_root().params[parameter.name] = value

    names, rest = settings
    return Option(names, **{**rest, "hidden": True, "expose_value": False, "callback": keep})


def option(*names: str, help: str, **settings: Any) -> Callable[[F], F]:
    """Declare an option; ``help`` is marked with ``wording``."""
    return click.option(*names, help=help, cls=Option, **settings)


def argument(name: str, help: str, **settings: Any) -> Callable[[F], F]:
    """Declare an argument; ``help`` is marked with ``wording``."""
    return click.argument(name, help=help, cls=Argument, **settings)


def command(name: str, help: str, **settings: Any) -> Callable[[Callable[..., Any]], Command]:
    """Make a function a command; ``help`` is marked with ``wording``."""
    return click.command(name, cls=Command, help=help, **settings)


def group(name: str, help: str, **settings: Any) -> Callable[[Callable[..., Any]], Group]:
    """Make a function a group of commands; ``help`` is marked with ``wording``."""
    return click.group(name, cls=Group, help=help, **settings)


def json_option(function: F) -> F:
    """Add ``--json``: the result as one JSON document."""
    return option(
        "--json", "as_json", is_flag=True, help=wording("Print one JSON document: decimals as text, times in UTC.")
    )(function)


def _in_language(command: C, method: Callable[..., Any], *args: Any) -> Any:
    shown = copy.copy(command)
    shown.help = translated(command.help) if command.help else command.help
    shown.short_help = translated(command.short_help) if command.short_help else command.short_help
    return method(shown, *args)
