"""The languages that messages, labels and help texts are shown in. English is the source and needs no catalogue."""

from __future__ import annotations

import os
from functools import lru_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.core.messages import Translate

DOMAIN = "crmkit"
LANGUAGES = ("en", "zh")
"""Codes of the languages there are, English first."""

CATALOGUES = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "locale")
"""The folder of the catalogues, laid out as gettext wants it."""

_of_plugins: dict[str, str] = {}


def add_catalogue(domain: str, folder: str) -> None:
    """Let the catalogue ``domain`` of a plugin, in ``folder``, translate what the one of crmkit does not have.

    Texts are known by their English, so this holds for the whole process; where two plugins translate one text, the
    first counts.
    """
    if _of_plugins.get(domain) != folder:
        _of_plugins[domain] = folder
        translator.cache_clear()


def plugin_catalogues() -> dict[str, str]:
    """Return the catalogues of plugins that were added: their folders by domain."""
    return dict(_of_plugins)


@lru_cache(maxsize=8)
def translator(language: str) -> Translate:
    """Return the function that turns an English template into that of ``language`` (a code, tag or locale name).

    What a catalogue lacks, and every text of a language without one, stays English.
    """
    code = known_language(language)
    if code is None or code == "en":
        return _unchanged
    import gettext

    catalogue = gettext.translation(DOMAIN, CATALOGUES, languages=[code], fallback=True)
    for domain, folder in _of_plugins.items():
        catalogue.add_fallback(gettext.translation(domain, folder, languages=[code], fallback=True))
    lookup = catalogue.gettext

    def translate(template: str) -> str:
        # The empty template is where gettext keeps the catalogue's own description.
        return lookup(template) if template else template

    return translate


def known_language(name: str) -> str | None:
    """Return the code of the language that ``name`` means: ``zh`` for ``zh_CN.UTF-8``. None when there is none."""
    code = name.split(":")[0].split(".")[0].split("@")[0].replace("_", "-").split("-")[0].lower()
    if code in ("c", "posix"):
        return "en"
    return code if code in LANGUAGES else None


def environment_language(environ: Mapping[str, str], configured: str = "") -> str:
    """Return the language that the environment asks for.

    ``CRMKIT_LANGUAGE`` counts before the ``configured`` one, then the locale: ``LC_ALL``, ``LC_MESSAGES``, ``LANG``.
    A name that stands for none of the languages is passed over; English is what remains.
    """
    asked = (environ.get("CRMKIT_LANGUAGE"), configured, *(environ.get(n) for n in ("LC_ALL", "LC_MESSAGES", "LANG")))
    return next((code for name in asked if name and (code := known_language(name))), "en")


def _unchanged(template: str) -> str:
    return template
