"""``crmkit plugin``: which plugins take part, which do not, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmkit.cli.localized import argument, group, json_option
from crmkit.cli.new import new_plugin, translate_plugin
from crmkit.cli.plugin_checking import check
from crmkit.cli.plugin_purging import purge
from crmkit.cli.words import translate, translated, wording

if TYPE_CHECKING:
    from crmkit.runtime.crm import Crm
    from crmkit.runtime.plugins import LoadedPlugin

ACTIVE, BROKEN, DISABLED = wording("active"), wording("broken"), wording("disabled")


@group("plugin", help=wording("Show installed plugins, and write new ones."))
def plugin() -> None:
    pass


plugin.add_command(new_plugin)
plugin.add_command(translate_plugin)
plugin.add_command(check)
plugin.add_command(purge)


@plugin.command("list", help=wording("List plugins in the order of their calls, then broken and disabled ones."))
@json_option
def list_(as_json: bool) -> None:
    from crmkit.cli.output import print_block, print_json, table
    from crmkit.cli.running import assembled, say
    from crmkit.core.messages import msg

    with assembled(quarantine=True) as crm:
        found = _listed(crm)
    if as_json:
        print_json(found)
        return
    if not found:
        say(msg("no plugins are installed"))
        return
    headings = (wording("Plugin"), wording("State"), wording("Version"), wording("Distribution"), wording("About"))
    rows = [(p["name"], translated(p["state"]), p["version"], p["distribution"], p["about"]) for p in found]
    print_block(table([translated(heading) for heading in headings], rows))


@plugin.command("show", help=wording("Show what a plugin needs, adds and implements."))
@argument("name", help=wording("The plugin's name."))
@json_option
def show(name: str, as_json: bool) -> None:
    from crmkit.cli.output import pairs, print_block, print_json
    from crmkit.cli.running import assembled

    with assembled(quarantine=True) as crm:
        document = _document(crm, _active(crm, name))
    if as_json:
        print_json(document)
        return
    labels = {
        "name": wording("Plugin"),
        "version": wording("Version"),
        "distribution": wording("Distribution"),
        "summary": wording("About"),
        "source": wording("Source"),
        "requires": wording("Requires"),
        "entities": wording("Entities"),
        "commands": wording("Commands"),
        "hooks": wording("Hooks"),
        "config": wording("Configuration"),
    }
    print_block(pairs((translated(label), document[key]) for key, label in labels.items() if document[key]))


def _active(crm: Crm, name: str) -> LoadedPlugin:
    from crmkit.core.errors import NotFound, did_you_mean
    from crmkit.core.messages import msg, shown

    for plugin in crm.plugins.plugins:
        if plugin.name == name:
            return plugin
    for broken in crm.plugins.broken:
        if broken.name == name:
            raise NotFound(broken.message)
    hint = did_you_mean(name, [plugin.name for plugin in crm.plugins.plugins])
    raise NotFound(msg("no plugin {name} is active; {hint}", name=shown(name), hint=hint))


def _listed(crm: Crm) -> list[dict[str, Any]]:
    active = [_row(p.name, ACTIVE, p.version, p.distribution, p.manifest.summary) for p in crm.plugins.plugins]
    broken = [_row(p.name, BROKEN, "", p.distribution, p.reason.render(translate())) for p in crm.plugins.broken]
    return [*active, *broken, *[_row(name, DISABLED, "", "", "") for name in crm.plugins.disabled]]


def _row(name: str, state: str, version: str, distribution: str, about: str) -> dict[str, Any]:
    return {"name": name, "state": state, "version": version, "distribution": distribution, "about": about}


def _document(crm: Crm, plugin: LoadedPlugin) -> dict[str, Any]:
    from crmkit.runtime.shown_config import redacted

    module = getattr(plugin.plugin, "__name__", None) or type(plugin.plugin).__module__
    package = module.partition(".")[0]
    return {
        "name": plugin.name,
        "version": plugin.version,
        "distribution": plugin.distribution,
        "label": plugin.manifest.label,
        "summary": plugin.manifest.summary,
        "source": plugin.source,
        "hook_api": plugin.manifest.hook_api,
        "requires": plugin.manifest.requires,
        "entities": [info.name for info in crm.registry if info.plugin == plugin.name],
        "commands": [c.name for c in crm.commands if c.import_path.partition(":")[0].partition(".")[0] == package],
        "hooks": [name for name in crm.hooks.infos if plugin.name in crm.hooks.order(name)],
        "config": redacted(crm.config, crm.plugins)["plugins"].get(plugin.name, {}),
    }
