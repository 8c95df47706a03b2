"""Settings from environment variables, laid over those of the file.

``CRMKIT_DB=sqlite:///my.db`` sets the setting ``db``, and so for every setting. ``CRMKIT__plugins__loyalty__rate=2``
sets ``rate`` in the table ``plugins.loyalty``: the parts between double underscores are read in lower case, since some
systems keep variables in capitals. Numbers, yes and no, and dates are read from the text; a list is ``a, b`` or, like a
table, written as in TOML. An empty variable counts as unset.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Self

import attrs

from crmkit.core.errors import ConfigError, did_you_mean
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg

PREFIX = "CRMKIT_"
NESTED = "CRMKIT__"
_SURELY_MEANT = 0.8  # difflib ratio; lower, and CRMKIT_ variables of other programs would be taken for misspellings


class OutsideText(str):
    """A text from outside the configuration file: it has no type yet. ``origin`` names the variable or file."""

    __slots__ = ("origin",)
    origin: str

    def __new__(cls, text: str, origin: str) -> Self:
        made = super().__new__(cls, text)
        made.origin = origin
        return made


@frozen(repr=False)
class Surroundings:
    """Where references lead: ``{ env = "NAME" }`` into ``environ``, ``{ file = "path" }`` on from ``folder``."""

    folder: Path = attrs.field(factory=Path)
    environ: Mapping[str, str] = attrs.field(factory=dict)


def with_environment(raw: Mapping[str, Any], environ: Mapping[str, str], settings: Collection[str]) -> dict[str, Any]:
    """Return ``raw`` with what ``environ`` sets; ``settings`` are the names of all top-level settings.

    Raises ConfigError for a variable that is nearly a setting; other ``CRMKIT_`` variables are not ours to judge.
    """
    merged = dict(raw)
    for variable in sorted(environ, key=lambda name: (name.upper().startswith(NESTED), name)):
        text = environ[variable]
        if not variable.upper().startswith(PREFIX) or not text.strip():
            continue
        if variable.upper().startswith(NESTED):
            path = variable[len(NESTED) :].lower().split("__")
            if not all(path):
                raise ConfigError(
                    msg("variable {variable}: expected names between double underscores", variable=variable)
                )
        else:
            name = variable[len(PREFIX) :].lower()
            if name not in settings:
                _refuse_misspelling(variable, name, settings)
                continue
            path = [name]
        _set(merged, path, OutsideText(text, variable))
    return merged


def _refuse_misspelling(variable: str, name: str, settings: Collection[str]) -> None:
    from difflib import get_close_matches

    if get_close_matches(name, settings, n=1, cutoff=_SURELY_MEANT):
        hint = did_you_mean(variable, [f"{PREFIX}{setting.upper()}" for setting in settings])
        raise ConfigError(msg("variable {variable} is no setting; {hint}", variable=variable, hint=hint))


def _set(table: dict[str, Any], path: list[str], value: OutsideText) -> None:
    for name in path[:-1]:
        inner = table.get(name)
        table[name] = dict(inner) if isinstance(inner, Mapping) else {}
        table = table[name]
    table[path[-1]] = value
