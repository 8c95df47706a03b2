"""The official plugins: those of the folders below ``plugins``, whether they are installed or not."""

from __future__ import annotations

import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import attrs

from crmkit.core.values.clock import SystemClock
from crmkit.hooks.setup import Setup
from crmkit.runtime.manifest import Manifest, manifest_of
from crmkit.runtime.registered import SetupContext
from crmkit.runtime.sources import GROUP


@attrs.frozen
class OfficialPlugin:
    """A plugin of this repository. ``plugin`` is the module or object that its entry point names."""

    name: str
    distribution: str
    manifest: Manifest
    plugin: object

    def registered(self, hook: str) -> list[Any]:
        """Return what the plugin hands in by a hook of start-up."""
        function = getattr(self.plugin, hook, None)
        if function is None:
            return []
        config = None if self.manifest.config is None else self.manifest.config()
        context = SetupContext(self.name, config, SystemClock(), "en")
        return list(function(context, Setup(plugins=(self.name,))))


def official_plugins(root: Path) -> list[OfficialPlugin]:
    """Import the plugins of the repository at ``root``; they come in the order of their names."""
    found = []
    for file in sorted(root.glob("plugins/*/pyproject.toml")):
        project = tomllib.loads(file.read_text(encoding="utf-8"))["project"]
        if str(file.parent) not in sys.path:
            sys.path.append(str(file.parent))
        for name, value in project.get("entry-points", {}).get(GROUP, {}).items():
            plugin = EntryPoint(name, value, GROUP).load()
            found.append(OfficialPlugin(name, project["name"], manifest_of(plugin, name), plugin))
    return sorted(found, key=lambda plugin: plugin.name)
