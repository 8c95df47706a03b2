"""``crmkit new`` and ``crmkit plugin new``: projects that work from their first minute, written from templates."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from crmkit.cli.localized import argument, command, json_option, option
from crmkit.cli.words import wording

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit.core.messages import Message

_FOLDER = wording("Where to write it: a folder that does not exist yet, or is empty.")


@command("new", help=wording("Write a new project: a CRM of your own, with configuration, rules, import and tests."))
@argument("name", help=wording("What it is called, as in acme-crm."))
@option("--folder", metavar="FOLDER", help=_FOLDER)
@json_option
def new(name: str, folder: str | None, as_json: bool) -> None:
    from crmkit import __version__
    from crmkit.cli.scaffolding import check_project_name, title_of, written
    from crmkit.core.messages import msg

    check_project_name(name)
    target = Path(folder or name)
    words = {"name": name, "title": title_of(name), "database": name.replace("-", "_"), "crmkit_version": __version__}
    files = written("project", target, words)
    _tell(name, target, files, as_json, msg("the project is in {folder}; its README.md says what to do", folder=target))


@command("new", help=wording("Write a new plugin: a package with manifest, entity, hooks, command, texts and tests."))
@argument("name", help=wording("What it is called in configuration, tables and events, as in gift_cards."))
@option("--folder", metavar="FOLDER", help=_FOLDER)
@json_option
def new_plugin(name: str, folder: str | None, as_json: bool) -> None:
    from crmkit import __version__
    from crmkit.cli.scaffolding import check_plugin_name, title_of, written
    from crmkit.core.messages import msg
    from crmkit.runtime.manifest import HOOK_API
    from crmkit.testing.translations import Catalogues

    check_plugin_name(name, _taken())
    package, distribution = f"crmkit_{name}", f"crmkit-{name.replace('_', '-')}"
    target = Path(folder or distribution)
    words = {
        "name": name,
        "package": package,
        "distribution": distribution,
        "title": title_of(name),
        "crmkit_version": __version__,
        "hook_api": str(HOOK_API),
    }

    def compile_texts(made: Path) -> None:
        Catalogues(made / package / "locale", package).compile()

    files = written("plugin", target, words, compile_texts)
    _tell(name, target, files, as_json, msg("the plugin is in {folder}; its README.md says what to do", folder=target))


@command(
    "translate", help=wording("Bring the Chinese texts of a plugin up to date, and list those without a translation.")
)
@argument("name", help=wording("The plugin's name."))
@json_option
def translate_plugin(name: str, as_json: bool) -> None:
    from crmkit.cli.output import print_json
    from crmkit.cli.running import assembled, say
    from crmkit.core.messages import msg
    from crmkit.testing.plugin_texts import catalogues_of, texts_of

    with assembled() as crm:
        plugin = crm.plugins.get(name)
        texts = texts_of(crm, plugin.plugin, name)
        catalogues = catalogues_of(plugin.plugin)
    missing = catalogues.update(texts)
    if as_json:
        print_json({"catalogue": str(catalogues.source), "texts": len(texts), "missing": missing})
        return
    for text in missing:
        say(msg("no translation yet: {text}", text=text))
    counted = msg("{count} texts, {missing} without a translation", count=len(texts), missing=len(missing))
    say(msg("{file}: {counted}", file=catalogues.source, counted=counted))


def _taken() -> dict[str, str]:
    """Return the names that a new plugin cannot have, and whose they are."""
    from crmkit.cli.program import COMMANDS
    from crmkit.cli.words import translated
    from crmkit.runtime.manifest import RESERVED
    from crmkit.runtime.sources import installed_plugin_names

    return {
        **dict.fromkeys(COMMANDS, translated(wording("crmkit has a command of this name"))),
        **dict.fromkeys(RESERVED, translated(wording("it stands for the application itself"))),
        **dict.fromkeys(installed_plugin_names(), translated(wording("a plugin of this name is installed"))),
    }


def _tell(name: str, target: Path, files: Sequence[Path], as_json: bool, message: Message) -> None:
    import click

    from crmkit.cli.output import print_json
    from crmkit.cli.running import say

    if as_json:
        print_json({"name": name, "folder": str(target), "files": [file.as_posix() for file in files]})
        return
    for file in files:
        click.echo((target / file).as_posix())
    say(message)
