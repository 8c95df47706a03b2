"""Where plugins come from: installed distributions, the program that opens the application, and a folder of files."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from hashlib import sha256
from importlib import import_module, metadata
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Literal

import attrs

from crmkit.core.errors import ConfigError, did_you_mean
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg
from crmkit.core.values.pattern import pattern
from crmkit.runtime.entry_points import entry_points_of, name_and_version
from crmkit.runtime.local_files import load_file

GROUP = "crmkit.plugins"
"""The group of entry points under which distributions offer plugins."""

Source = Literal["entry point", "given", "file"]
_WORD_START = pattern(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@frozen
class Candidate:
    """A plugin that is not loaded yet.

    ``name`` is known without importing it. ``distribution`` names where it comes from: a distribution, file or module.
    """

    name: str
    source: Source
    distribution: str
    version: str
    load: Callable[[], object] = attrs.field(repr=False)
    named: bool = True
    """Whether the name comes from outside, so that the manifest must agree with it."""


def installed_plugin_names() -> tuple[str, ...]:
    """Return the names of all installed plugins, sorted, without importing any."""
    return tuple(sorted({point.name for point in entry_points_of(GROUP)}))


def installed_plugins() -> list[Candidate]:
    """Return all installed plugins by name."""
    points = sorted(entry_points_of(GROUP), key=lambda point: (point.name, point.value))
    return [_installed(point) for point in points]


def plugin_files(folder: Path) -> list[Candidate]:
    """Return the plugins in the files of ``folder``, by name; files that start with an underscore are left out.

    Raises ConfigError when there is no such folder.
    """
    if not folder.is_dir():
        raise ConfigError(msg("plugin_folder {folder}: there is no such folder", folder=folder))
    files = sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))
    return [Candidate(path.stem, "file", str(path), _content_version(path), partial(load_file, path)) for path in files]


def _content_version(path: Path) -> str:
    """Return what stands for the version of a file that states none: whoever edits it makes another one."""
    try:
        return f"sha-{sha256(path.read_bytes()).hexdigest()[:8]}"
    except OSError:
        return ""  # loading it will tell


def given_plugin(given: object) -> Candidate:
    """Return the plugin that a program gave: a module, an object, the name of an installed plugin or of a module.

    A candidate is itself.

    Raises ConfigError for anything else, with the closest name.
    """
    if isinstance(given, Candidate):
        return given
    if isinstance(given, str):
        return _by_name(given)
    if isinstance(given, type):
        raise ConfigError(msg("plugin {name} is a class; give an instance of it: {name}()", name=given.__name__))
    return _given(given)


def check_distinct(candidates: Sequence[Candidate]) -> None:
    """Raise ConfigError when two plugins have one name, naming where both come from."""
    known: dict[str, Candidate] = {}
    for candidate in candidates:
        other = known.setdefault(candidate.name, candidate)
        if other is not candidate:
            raise ConfigError(
                msg(
                    "two plugins are called {name}: from {first} ({first_source}) and from {second} ({second_source})",
                    name=candidate.name,
                    first=other.distribution,
                    first_source=other.source,
                    second=candidate.distribution,
                    second_source=candidate.source,
                )
            )


def check_known(what: str, names: Collection[str], candidates: Sequence[Candidate]) -> None:
    """Raise ConfigError for a name, given in the setting ``what``, of a plugin that is neither here nor installed."""
    unknown = sorted(set(names) - {candidate.name for candidate in candidates})
    if not unknown:
        return
    known = {*(candidate.name for candidate in candidates), *installed_plugin_names()}
    for name in unknown:
        if name not in known:
            raise ConfigError(
                msg("{what}: there is no plugin {name}; {hint}", what=what, name=name, hint=did_you_mean(name, known))
            )


def _installed(point: metadata.EntryPoint) -> Candidate:
    distribution, version = name_and_version(point.dist) if point.dist else (point.value, "")
    return Candidate(point.name, "entry point", distribution, version, point.load)


def _by_name(name: str) -> Candidate:
    installed = [candidate for candidate in installed_plugins() if candidate.name == name]
    check_distinct(installed)
    if installed:
        return installed[0]
    if not _importable(name):
        hint = did_you_mean(name, installed_plugin_names())
        raise ConfigError(msg("there is no plugin or module {name}; {hint}", name=name, hint=hint))
    try:
        return _given(import_module(name))
    except (Exception, SystemExit) as error:
        return Candidate(_word(name.rpartition(".")[2]), "given", name, "", partial(_raise, error), named=False)


def _importable(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError as error:
        # A parent package that is missing; one that is there but misses something itself is broken, not unknown.
        return not (error.name and (name == error.name or name.startswith(f"{error.name}.")))
    except (ImportError, ValueError, SyntaxError):
        return not name.startswith(".") and bool(name)
    except Exception:
        return True  # importing it will tell


def _raise(error: BaseException) -> object:
    raise error


def _given(given: object) -> Candidate:
    if isinstance(given, ModuleType):
        origin, default = given.__name__, given.__name__.rpartition(".")[2]
    else:
        origin, default = type(given).__module__, type(given).__name__
    # A manifest that is wrong is reported when the plugin is loaded.
    offered = getattr(given, "crmkit_manifest", None) or getattr(given, "manifest", None)
    name = getattr(offered, "name", None) or _word(default)
    return Candidate(str(name), "given", origin, "", lambda: given, named=False)


def _word(name: str) -> str:
    """Return the name of a module or class as plugins write theirs: ``LoyaltyPoints`` becomes ``loyalty_points``."""
    return _WORD_START.sub("_", name).lower().replace("-", "_").lstrip("_")
