"""``crmkit completion``: the script that lets a shell complete commands and options."""

from __future__ import annotations

import click

from crmkit.cli.localized import argument, command
from crmkit.cli.words import wording


@command(
    "completion",
    help=wording(
        "Print the completion script of a shell.\n\n"
        "For bash, for example: crmkit completion bash > ~/.local/share/bash-completion/completions/crmkit"
    ),
)
@argument("shell", type=click.Choice(["bash", "zsh", "fish"]), help=wording("The shell."))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    from click.shell_completion import get_completion_class

    made = get_completion_class(shell)
    assert made is not None, f"click has a completion for {shell}"
    click.echo(_Script.of(made, ctx.find_root().command))


class _Script:
    @staticmethod
    def of(made: type[click.shell_completion.ShellComplete], program: click.Command) -> str:
        script = made(program, {}, "crmkit", "_CRMKIT_COMPLETE")
        return script.source_template % script.source_vars()
