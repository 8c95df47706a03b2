"""``crmkit hooks``: every hook, its kind, and the plugins that implement it, in the order of their calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from crmkit.cli.localized import command, json_option, option
from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from crmkit.hooks.callers import Impl
    from crmkit.hooks.dispatch import RegisteredPlugin
    from crmkit.hooks.kinds import HookInfo
    from crmkit.runtime.tracing import Share


@command("hooks", help=wording("Show hooks, their kinds and who implements them, in the order of calls."))
@option("--used", is_flag=True, help=wording("Only hooks that somebody implements."))
@option(
    "--timings",
    metavar="COMMAND",
    help=wording("Run this command of crmkit, as in 'customer add Acme', and show what each hook took in it."),
)
@json_option
@click.pass_context
def hooks(ctx: click.Context, used: bool, timings: str | None, as_json: bool) -> None:
    from crmkit.cli.output import print_block, print_json, table
    from crmkit.cli.running import assembled

    if timings is not None:
        _show_timings(ctx, timings, as_json)
        return
    with assembled() as crm:
        found = [
            (info, crm.hooks.implementations(name))
            for name, info in crm.hooks.infos.items()
            if not used or crm.hooks.implementations(name)
        ]
        origins = {plugin.name: plugin for plugin in crm.hooks.plugins}
    if as_json:
        print_json([_document(info, implementations, origins) for info, implementations in found])
        return
    order = wording("Implementations, in order")
    headings = (wording("Hook"), wording("Kind"), wording("Runs"), wording("Since"), order)
    rows = [
        (
            info.name,
            info.kind.policy.label,
            translated(info.kind.policy.phase),
            info.since,
            ", ".join(_shown(impl) for impl in implementations),
        )
        for info, implementations in found
    ]
    print_block(table([translated(heading) for heading in headings], rows))


def _show_timings(ctx: click.Context, line: str, as_json: bool) -> None:
    """Run a command with spans around all calls of hooks; its own output goes to the standard error."""
    import shlex
    import sys
    from contextlib import redirect_stdout

    from crmkit.cli.output import print_block, print_json
    from crmkit.cli.running import SPANS, say
    from crmkit.cli.tracing import shares_table
    from crmkit.core.messages import msg
    from crmkit.runtime.tracing import SpanTree

    words = shlex.split(line)
    root = ctx.find_root()
    program = root.command
    assert isinstance(program, click.Group)
    name, wanted, rest = program.resolve_command(root, words)
    if wanted is None or name is None:
        raise click.UsageError(translated(wording("--timings needs a command of crmkit")))
    spans = ctx.meta[SPANS] = SpanTree()
    with redirect_stdout(sys.stderr), wanted.make_context(name, rest, parent=root) as inner:
        wanted.invoke(inner)
    shares = spans.shares()
    if as_json:
        print_json([{**_named(share), "unit": "ns"} for share in shares])
    elif shares:
        print_block(shares_table(shares))
    else:
        say(msg("no hook was called"))


def _named(share: Share) -> dict[str, Any]:
    names = ("plugin", "hook", "calls", "total", "own", "longest")
    return {name: getattr(share, name) for name in names}


def _document(info: HookInfo, implementations: list[Impl], origins: Mapping[str, RegisteredPlugin]) -> dict[str, Any]:
    policy = info.kind.policy
    return {
        "name": info.name,
        "subject": info.subject,
        "kind": policy.label,
        "runs": policy.phase,
        "returns": policy.result,
        "an_error": policy.on_error,
        "since": info.since,
        "stability": info.stability,
        "per_entity": info.per_entity,
        "help": info.help,
        "deprecated": None if info.deprecated is None else info.deprecated.message,
        "implementations": [
            {
                "plugin": impl.plugin,
                "version": origins[impl.plugin].version,
                "distribution": origins[impl.plugin].distribution,
                "wrapper": impl.wrapper,
                "entities": sorted(impl.entities) if impl.entities is not None else None,
            }
            for impl in implementations
        ],
    }


def _shown(impl: Impl) -> str:
    remarks = ["wrapper"] if impl.wrapper else []
    remarks += sorted(impl.entities or ())
    return f"{impl.plugin} ({', '.join(remarks)})" if remarks else impl.plugin
