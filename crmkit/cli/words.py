"""The language of one run of the program, and the marker for texts that are translated when they are shown."""

from __future__ import annotations

import gettext
import os
from contextlib import contextmanager
from contextvars import ContextVar

from crmkit.runtime.translation import CATALOGUES, DOMAIN, environment_language, known_language, translator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from crmkit.core.messages import Translate

_language: ContextVar[str] = ContextVar("language", default="en")


def wording(english: str) -> str:
    """Mark a help text or heading for translation and return it as it is; ``translated`` translates it when shown."""
    return english


def translated(english: str) -> str:
    """Return ``english`` in the language of this run."""
    return translator(_language.get())(english)


def translate() -> Translate:
    """Return the translator of this run, for messages."""
    return translator(_language.get())


def chosen_language(arguments: Sequence[str], environ: Mapping[str, str]) -> str:
    """Return the language to speak: that of ``--lang``, else that of the environment or the configuration file.

    It must be known before the arguments are read, because reading them may already end in a help text or an error.
    """
    asked = known_language(_given(arguments, "--lang")) or known_language(environ.get("CRMKIT_LANGUAGE", ""))
    file = "" if asked else configuration_file(_given(arguments, "--config"))
    return asked or environment_language(environ, _configured_language(file) if file else "")


def configuration_file(given: str | None) -> str:
    """Return the configuration file: the ``given`` one, that of CRMKIT_CONFIG, or ``crmkit.toml`` if it exists."""
    return given or os.environ.get("CRMKIT_CONFIG") or ("crmkit.toml" if os.path.isfile("crmkit.toml") else "")


def _given(arguments: Sequence[str], option: str) -> str:
    """Return the last value that ``arguments`` give to ``option``; the empty text when there is none."""
    value = ""
    for at, word in enumerate(arguments):
        if word == "--":
            break
        if word == option and at + 1 < len(arguments):
            value = arguments[at + 1]
        elif word.startswith(f"{option}="):
            value = word.removeprefix(f"{option}=")
    return value


def _configured_language(file: str) -> str:
    import tomllib

    try:
        with open(file, "rb") as source:
            return str(tomllib.load(source).get("language", ""))
    except (OSError, ValueError):
        # Whatever is wrong with the file is said, in full, by the command that needs it.
        return ""


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Speak ``language`` inside the block, click's own texts included."""
    token = _language.set(language)
    before = os.environ.get("LANGUAGE"), gettext.textdomain()
    if language != "en":
        # click asks gettext's default domain, in the language that this variable names.
        os.environ["LANGUAGE"] = language
        gettext.bindtextdomain(DOMAIN, CATALOGUES)
        gettext.textdomain(DOMAIN)
    try:
        yield
    finally:
        _language.reset(token)
        if language != "en":
            gettext.textdomain(before[1])
            if before[0] is None:
                os.environ.pop("LANGUAGE", None)
            else:
                os.environ["LANGUAGE"] = before[0]
