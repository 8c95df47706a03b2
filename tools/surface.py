"""``python -m tools.surface [--check]``: the public surface of crmkit, recorded, so that it changes on purpose only.

Without words, ``tools/surface.txt`` is written anew from the code: a line for each name that plugins may import from
``crmkit.plugin``, ``crmkit.command``, ``crmkit.migrations``, ``crmkit.core``, ``crmkit.hooks`` and
``crmkit.testing``, for each attribute and method of theirs, and for each hook. That is done at a release. With
``--check``, what has changed since must be told in ``changelog.d``: what is new in any fragment, what is gone or
different in one that says so (breaking, changed, deprecated, fixed). A fragment tells of a name by writing it in
backticks: ``change``, ``Actor.scope``, or ``Actor`` for all of it. It also fails for what is deprecated and due to be
removed.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from types import ModuleType
from typing import Any

import attrs

import crmkit
from crmkit.core.deprecation import Deprecation, deprecations
from crmkit.hooks import SPECS
from crmkit.hooks.kinds import hooks_of

ROOT = Path(__file__).parents[1]
RECORD = ROOT / "tools" / "surface.txt"
FRAGMENTS = ROOT / "changelog.d"
FACES = ("crmkit.plugin", "crmkit.command", "crmkit.migrations")
ROOMS = ("crmkit.core", "crmkit.hooks", "crmkit.testing")
MACHINERY = frozenset({"callers", "checks", "contexts", "dispatch", "order", "run", "trace", "wrappers"})
"""Modules of ``crmkit.hooks`` that call hooks; plugins do not import them."""
SAY_CHANGES = ("breaking", "changed", "deprecated", "fixed", "removed")

_ADDRESS = re.compile(r" at 0x[0-9a-f]+|<factory>")
_TICKED = re.compile(r"`+([^`]+)`+")


def surface() -> dict[str, str]:
    """Return the public surface: each name and what it is, sorted."""
    lines: dict[str, str] = {}
    for face in FACES:
        module = import_module(face)
        for name in module.__all__:
            lines.update(_described(f"{face}.{name}", getattr(module, name)))
    for room in ROOMS:
        for module in _modules(room):
            for name, value in sorted(vars(module).items()):
                # Where it is defined, not everywhere that it is imported to.
                if not name.startswith("_") and getattr(value, "__module__", "") == module.__name__:
                    lines.update(_described(f"{module.__name__}.{name}", value))
    for spec_class in SPECS:
        for name, info in hooks_of(spec_class).items():
            call = inspect.signature(getattr(spec_class, name)).parameters["call"].annotation
            options = [info.kind.policy.label, f"call: {call}", f"since {info.since}", info.stability, info.on_error]
            options += ["per entity"] * info.per_entity + ["fields"] * info.of_changes
            lines[f"hook {name}"] = ", ".join(options)
    return dict(sorted(lines.items()))


def _modules(room: str) -> Iterator[ModuleType]:
    package = import_module(room)
    yield package
    for found in walk_packages(package.__path__, f"{room}."):
        machinery = room == "crmkit.hooks" and found.name.rpartition(".")[2] in MACHINERY
        if not machinery and not any(part.startswith("_") for part in found.name.split(".")):
            yield import_module(found.name)


def _described(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if inspect.isclass(value):
        yield name, f"class({', '.join(base.__name__ for base in value.__bases__ if base is not object)})"
        # What a room below defines is described there.
        if value.__module__.startswith("crmkit.runtime") or not name.startswith("crmkit.plugin."):
            yield from _members(name, value)
    elif callable(value):
        yield name, f"def {_signature(value)}"
    else:
        yield name, f"value of {type(value).__name__}"


def _members(name: str, cls: type[Any]) -> Iterator[tuple[str, str]]:
    fields = attrs.fields_dict(cls) if attrs.has(cls) else {}
    for field in fields.values():
        if not field.name.startswith("_"):
            needed = "" if field.default is attrs.NOTHING else " = ..."
            yield f"{name}.{field.name}", f"{_ADDRESS.sub('', str(field.type))}{needed}"
    for member, value in vars(cls).items():
        if member.startswith("_") or member in fields:
            continue
        if isinstance(value, property):
            yield f"{name}.{member}", "property"
        elif isinstance(value, (classmethod, staticmethod)):
            yield f"{name}.{member}", f"def {_signature(value.__func__)}"
        elif inspect.isfunction(value):
            yield f"{name}.{member}", f"def {_signature(value)}"


def _signature(function: Any) -> str:
    try:
        return _ADDRESS.sub("", str(inspect.signature(function)))
    except (TypeError, ValueError):
        return "(...)"


def differences(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Return the names that are new, and those that are gone or different."""
    new = [name for name in now if name not in before]
    other = [name for name in before if now.get(name) != before[name]]
    return sorted(new), sorted(other)


def untold(names: Iterable[str], told: Iterable[str]) -> list[str]:
    """Return those of ``names`` that no text tells of. Whoever tells of a module or class tells of all in it."""
    words = set(told)
    return [name for name in names if not _ways(name) & words]


def _ways(name: str) -> set[str]:
    """Return how a text may call a name: ``scope`` of ``Actor`` as ``Actor.scope``, or by naming all of ``Actor``."""
    parts = name.removeprefix("hook ").split(".")
    top = next((at for at, part in enumerate(parts) if part[:1].isupper()), len(parts) - 1)
    ways = {".".join(parts[start : top + 1]) for start in range(top + 1)}
    return ways | {".".join(parts[start:]) for start in range(top + 1)} | {".".join(parts[:top])}


def words_of(texts: Iterable[str]) -> set[str]:
    """Return the names in backticks of texts, without call brackets and arguments."""
    found: set[str] = set()
    for text in texts:
        for ticked in _TICKED.findall(text):
            found.update(re.findall(r"[A-Za-z_][\w.]*\w|[A-Za-z_]", ticked))
    return found


def read(path: Path) -> dict[str, str]:
    """Return a recorded surface."""
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    return dict(line.split(": ", 1) for line in lines if line and not line.startswith("#"))


def write(path: Path, lines: Mapping[str, str]) -> None:
    """Record a surface."""
    text = "".join(f"{name}: {what}\n" for name, what in lines.items())
    path.write_text(
        f"# The public surface of crmkit, as `python -m tools.surface` writes it at a release.\n{text}", "utf-8"
    )


def due(version: str) -> list[Deprecation]:
    """Return what is deprecated and should be gone in a version."""
    for package in ("crmkit.plugin", *ROOMS, "crmkit.services", "crmkit.store", "crmkit.runtime"):
        module = import_module(package)
        for found in walk_packages(getattr(module, "__path__", []), f"{package}."):
            if ".templates" not in found.name and ".versions" not in found.name:
                import_module(found.name)
    return [one for one in deprecations() if one.due(version)]


def main(arguments: list[str], record: Path = RECORD, fragments: Path = FRAGMENTS) -> int:
    """Record the surface, or with ``--check`` compare; return the exit code."""
    if arguments not in ([], ["--check"]):
        print(__doc__)
        return 2
    now = surface()
    if not arguments:
        write(record, now)
        return 0
    new, other = differences(read(record), now)
    texts = {path.name: path.read_text("utf-8") for path in sorted(fragments.glob("*.md"))}
    changing = [text for name, text in texts.items() if any(f".{kind}." in name for kind in SAY_CHANGES)]
    faults = [f"new, and in no fragment: {name}" for name in untold(new, words_of(texts.values()))]
    faults += [
        f"gone or different, and in no fragment that says so: {name}" for name in untold(other, words_of(changing))
    ]
    faults += [f"due to be removed: {one.name} (in {one.removed_in})" for one in due(crmkit.__version__)]
    if faults:
        print(
            "\n".join([*faults, f"{len(faults)} faults: tell of each name in changelog.d (see {Path(__file__).name})"])
        )
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
