"""``crmkit mcp``: the Model Context Protocol for a program on the same machine."""

from __future__ import annotations

import click

from crmkit.command import acting, command, opened, translated, wording


@command(
    "mcp",
    help=wording(
        "Speak the Model Context Protocol over standard input and output.\n\n"
        "For programs on this machine that start it themselves; they work as the user of --as."
    ),
)
def mcp() -> None:
    from crmkit_web.mcp.stdio import speak

    with opened() as crm:
        if acting(crm) is crm.system:
            raise click.UsageError(translated(wording("say whose rights to work with: crmkit --as LOGIN mcp")))
        speak(crm, lambda: acting(crm))
