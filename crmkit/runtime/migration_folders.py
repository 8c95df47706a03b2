"""Where the migrations of plugins are: beside their code."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

from crmkit.core.errors import ConfigError
from crmkit.core.messages import msg
from crmkit.runtime.manifest import Manifest

USUAL = "migrations"
"""The folder in a plugin's package that is taken without being named."""


def migrations_of(plugin: object, manifest: Manifest) -> Path | None:
    """Return the folder of a plugin's migrations, None when it has none. Raises ConfigError for one that is missing."""
    module = _module(plugin)
    if manifest.migrations:
        folder = None if module is None else _beside(module, manifest.migrations)
        if folder is None or not folder.is_dir():
            raise ConfigError(
                msg(
                    "manifest of {plugin}: migrations is {value}, expected a folder beside its module: {folder}",
                    plugin=manifest.name,
                    value=repr(manifest.migrations),
                    folder=folder or "-",
                )
            )
        return folder
    # Beside a module that is in no package, a folder may be anybody's.
    folder = _beside(module, USUAL) if module is not None and module.__package__ else None
    return folder if folder is not None and folder.is_dir() else None


def usual_folder(plugin: object, manifest: Manifest) -> Path:
    """Return where the first migration of a plugin belongs. Raises ConfigError for a plugin that has no package."""
    module = _module(plugin)
    folder = _beside(module, manifest.migrations or USUAL) if module is not None and module.__package__ else None
    if folder is None:
        raise ConfigError(
            msg(
                "plugin {plugin} is in no package; make a folder beside its module and name it: Manifest(migrations=...)",
                plugin=manifest.name,
            )
        )
    return folder


def _module(plugin: object) -> ModuleType | None:
    return plugin if isinstance(plugin, ModuleType) else sys.modules.get(type(plugin).__module__)


def _beside(module: ModuleType, name: str) -> Path | None:
    file = getattr(module, "__file__", None)
    return None if not file else Path(file).parent / name
