"""All texts of a plugin: those marked in its sources, and those of what it registers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crmkit.core.errors import ConfigError
from crmkit.core.messages import msg
from crmkit.hooks.setup import Setup
from crmkit.runtime.catalogues import catalogue_of
from crmkit.runtime.crm import Crm
from crmkit.runtime.plugin_check import source_files as source_files
from crmkit.runtime.registered import SetupContext
from crmkit.testing.translations import Catalogues, texts_of_entities, texts_of_sources, without_known


def catalogues_of(plugin: object) -> Catalogues:
    """Return where a plugin's translations are, or would be. Raises ConfigError for one without a file."""
    found = catalogue_of(plugin)
    if found is None:
        raise ConfigError(msg("this plugin is not in a file, so there is no place for its translations"))
    return Catalogues(Path(found.folder), found.domain)


def texts_of(crm: Crm, plugin: object, name: str) -> dict[str, str]:
    """Return the texts of the plugin called ``name`` that need a translation, each with its place."""
    found = {
        **texts_of_sources(source_files(plugin)),
        **texts_of_entities(registered_by(crm, name, "register_entities")),
    }
    for field in registered_by(crm, name, "register_custom_fields"):
        info = field.info()
        place = f"{field.entity}.{info.name}"
        found |= {text: place for text in (info.label, info.help, *info.choices) if text and text not in found}
    for kind in registered_by(crm, name, "register_interaction_kinds"):
        found.setdefault(kind.label, f"interaction kind {kind.name}")
    for lifecycle in registered_by(crm, name, "register_lifecycles"):
        for label in (lifecycle.label, *[stage.label for stage in lifecycle.stages]):
            found.setdefault(label, f"lifecycle {lifecycle.name}")
    return without_known({text: place for text, place in found.items() if text})


def registered_by(crm: Crm, plugin: str, hook: str) -> list[Any]:
    """Return what one plugin hands in by a hook of start-up."""
    context = SetupContext(plugin, crm.plugin_config(plugin), crm.clock, "en")
    call = Setup(plugins=tuple(one.name for one in crm.hooks.plugins))
    return [
        record
        for impl in crm.hooks.implementations(hook)
        if impl.plugin == plugin
        for record in impl.function(context, call) or ()
    ]
