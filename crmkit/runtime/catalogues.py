"""Where plugins keep their translations: in a folder ``locale`` beside their modules, as gettext wants it."""

from __future__ import annotations

import os
import sys
from types import ModuleType
from typing import NamedTuple

from crmkit.runtime.local_files import PREFIX
from crmkit.runtime.translation import add_catalogue

FOLDER = "locale"


class Catalogue(NamedTuple):
    """The catalogues of one plugin: ``FOLDER/LANGUAGE/LC_MESSAGES/DOMAIN.mo``."""

    domain: str
    folder: str


def catalogue_of(plugin: object) -> Catalogue | None:
    """Return where a plugin's translations are, or would be; None for one that was not read from a file.

    The domain is the name of its package, for a plugin of one file the name of that.
    """
    module = plugin if isinstance(plugin, ModuleType) else sys.modules.get(type(plugin).__module__)
    file = getattr(module, "__file__", None)
    if module is None or not file:
        return None
    top = sys.modules.get(module.__name__.partition(".")[0])
    if top is not None and hasattr(top, "__path__") and top.__file__:
        return Catalogue(top.__name__, os.path.join(os.path.dirname(top.__file__), FOLDER))
    domain = os.path.splitext(os.path.basename(file))[0] if module.__name__.startswith(PREFIX) else module.__name__
    return Catalogue(domain, os.path.join(os.path.dirname(file), FOLDER))


def add_catalogue_of(plugin: object) -> None:
    """Let texts of a plugin be shown in the languages that it has catalogues for."""
    found = catalogue_of(plugin)
    if found is not None and os.path.isdir(found.folder):
        add_catalogue(found.domain, found.folder)
