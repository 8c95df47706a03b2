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

    known = get_completion_class(shell)
    assert known is not None, f"click has a completion for {shell}"
    script = known(ctx.find_root().command, {}, "crmkit", "_CRMKIT_COMPLETE")
    # Not source(): for bash it starts a bash to look at its version, which need not be there.
    click.echo(script.source_template % script.source_vars())
