"""The reference pages that are made from the code, so that they cannot say anything else than it does.

    python -m tools.reference            write the pages of docs/reference
    python -m tools.reference --check    fail, and say what differs, when one is out of date

One module makes one page, of the core and of the official plugins. The same code always gives the same pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tools.reference import commands, configuration, entities, errors, events, hooks
from tools.reference.plugins import official_plugins

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "reference"
HEADER = "<!-- Made from the code by `make reference`; what is changed here is lost. -->\n\n"


def pages(root: Path = ROOT) -> Mapping[str, str]:
    """Return the text of each page by its file name, for the code and the official plugins below ``root``."""
    plugins = official_plugins(root)
    made = {
        "hooks.md": hooks.page(plugins),
        "entities.md": entities.page(),
        "commands.md": commands.page(),
        "configuration.md": configuration.page(plugins),
        "events.md": events.page(),
        "errors.md": errors.page(),
    }
    for plugin in plugins:
        if classes := plugin.registered("register_entities"):
            made[f"{plugin.name}-entities.md"] = entities.plugin_page(plugin, classes)
        if declared := plugin.registered("register_events"):
            made[f"{plugin.name}-events.md"] = events.plugin_page(plugin, declared)
        if text := commands.plugin_page(plugin):
            made[f"{plugin.name}-commands.md"] = text
    return {name: f"{HEADER}{text.rstrip()}\n" for name, text in made.items()}
