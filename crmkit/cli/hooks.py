"""``crmkit hooks``: every hook, its kind, and the plugins that implement it, in the order of their calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crmkit.cli.localized import command, json_option, option
from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from crmkit.hooks.callers import Impl
    from crmkit.hooks.kinds import HookInfo


@command("hooks", help=wording("Show hooks, their kinds and who implements them, in the order of calls."))
@option("--used", is_flag=True, help=wording("Only hooks that somebody implements."))
@json_option
def hooks(used: bool, as_json: bool) -> None:
    from crmkit.cli.output import print_block, print_json, table
    from crmkit.cli.running import assembled

    with assembled() as crm:
        found = [
            (info, crm.hooks.implementations(name))
            for name, info in crm.hooks.infos.items()
            if not used or crm.hooks.implementations(name)
        ]
        origins = {plugin.name: plugin.distribution for plugin in crm.hooks.plugins}
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


def _document(info: HookInfo, implementations: list[Impl], origins: Mapping[str, str]) -> dict[str, Any]:
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
        "implementations": [
            {
                "plugin": impl.plugin,
                "distribution": origins[impl.plugin],
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
