"""What is told of a plugin that failed while the others went on."""

from __future__ import annotations

import logging
from typing import Any

from crmkit.core.errors import CrmError, PluginError
from crmkit.core.frozen import frozen
from crmkit.core.messages import Translate, msg

log = logging.getLogger("crmkit.web")


@frozen
class Failure:
    """Stands for a plugin that failed: what it would have brought is missing, all else is there."""

    plugin: str
    code: str
    detail: str


def failure(error: Any, translate: Translate) -> Failure:
    """Return what is told of a ``CollectError``: an expected error keeps its words, a defect is for the log alone."""
    found = error.error
    if isinstance(found, CrmError) and not isinstance(found, PluginError):
        return Failure(error.plugin, found.code, found.message.render(translate))
    log.error("plugin %s failed in %s", error.plugin, error.hook, exc_info=found)
    words = msg("plugin {plugin} failed; the log says how", plugin=error.plugin)
    return Failure(error.plugin, PluginError.code, words.render(translate))
