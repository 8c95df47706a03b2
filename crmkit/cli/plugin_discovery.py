"""Asking the plugins themselves which commands they have."""

from __future__ import annotations

import os
import sys
from importlib.metadata import entry_points
from pathlib import Path

Table = dict[str, tuple[str, str]]


def declared_commands(config: str) -> tuple[Table | None, list[str]]:
    """Return the plugins' commands and the files they depend on; None instead of a table when plugins cannot be asked.

    ``config`` is the configuration file, empty for none. Without installed plugins and without a configuration (which
    may name more), nothing is assembled.
    """
    if not config and not os.environ.get("CRMKIT_PLUGIN_FOLDER") and not entry_points(group="crmkit.plugins"):
        return {}, []
    from crmkit.core.errors import CrmError
    from crmkit.runtime.config import load_config
    from crmkit.runtime.crm import Crm

    try:
        settings = load_config(Path(config) if config else None, os.environ)
        with Crm.open("sqlite://", config=settings, check=False) as crm:
            table = {command.name: (command.import_path, command.help.render()) for command in crm.commands}
            folder = crm.config.plugin_path
            files = {_file_of(plugin.plugin) for plugin in crm.hooks.plugins} | {str(folder or "")}
    except CrmError:
        # Help must not fail because a plugin does; whatever command runs next tells what is wrong.
        return None, []
    return table, sorted(file for file in files if file)


def _file_of(plugin: object) -> str:
    module = plugin if hasattr(plugin, "__file__") else sys.modules.get(type(plugin).__module__)
    return getattr(module, "__file__", None) or ""
