"""The commands that plugins declare, remembered between runs: asking the plugins means assembling the application.

What is remembered holds for one list of folders that Python imports from, as they were last changed (installing or
removing a package changes them), for one configuration file and for the plugins' own files. A few of these are kept.
"""

from __future__ import annotations

import os
import sys

from crmkit import __version__
from crmkit.cli.words import configuration_file
from crmkit.runtime.translation import add_catalogue, plugin_catalogues

Table = dict[str, tuple[str, str]]
SETTINGS = ("CRMKIT_PLUGIN_FOLDER", "CRMKIT_DISABLE", "CRMKIT_QUARANTINE")
"""Environment variables that change which plugins take part."""
_LIMIT = 1_000_000
_KEYS = 8


def plugin_commands(config: str | None, *, fresh: bool = False) -> Table:
    """Return name: (import path, help) of the plugins' commands. ``config`` is the configuration file asked for."""
    file = configuration_file(config)
    key = _fingerprint(file)
    memory = _memory()
    remembered = None if fresh else _remembered(memory, key)
    if remembered is not None:
        return remembered
    from crmkit.cli.plugin_discovery import declared_commands

    table, files = declared_commands(file)
    if table is None:
        return {}
    _remember(memory, key, table, files)
    return table


def _memory() -> str:
    home = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or os.path.expanduser("~/.cache")
    return os.path.join(home, "crmkit", "commands")


def _fingerprint(config: str) -> str:
    """Return what the set of plugins depends on, on one line."""
    parts = [__version__, sys.executable, os.path.abspath(config) if config else "-", _changed(config)]
    parts += [os.environ.get(name, "") for name in SETTINGS]
    here = os.getcwd()
    for folder in sys.path:
        # The current folder changes with every database file in it; nothing is installed there.
        if folder and folder != here:
            parts += [folder, _changed(folder)]
    return "\t".join(part.replace("\t", " ").replace("\n", " ") for part in parts)


def _changed(path: str) -> str:
    try:
        return str(os.stat(path).st_mtime_ns)
    except OSError:
        return "-"


def _remembered(memory: str, key: str) -> Table | None:
    """Return the table kept under ``key``, or None."""
    lines = _blocks(memory).get(key)
    return None if lines is None else _table(lines)


def _blocks(memory: str) -> dict[str, list[str]]:
    """Return the lines kept under each key; a damaged memory counts as empty."""
    try:
        with open(memory, encoding="utf-8") as file:
            text = file.read(_LIMIT)
    except (OSError, ValueError):
        return {}
    blocks: dict[str, list[str]] = {}
    for line in text.split("\n"):
        kind, _, rest = line.partition("\t")
        if kind == "key":
            blocks[rest] = []
        elif blocks and line:
            blocks[next(reversed(blocks))].append(line)
    return blocks


def _table(lines: list[str]) -> Table | None:
    table: Table = {}
    for line in lines:
        kind, *rest = line.split("\t")
        if kind == "end":
            return table
        if len(rest) != (3 if kind == "command" else 2) or (kind == "file" and _changed(rest[0]) != rest[1]):
            return None
        if kind == "catalogue":
            add_catalogue(*rest)
        if kind == "command":
            table[rest[0]] = (rest[1], rest[2].replace("\\n", "\n"))
    return None


def _remember(memory: str, key: str, table: Table, files: list[str]) -> None:
    """Keep ``table`` beside those of the last few other keys; where nothing can be kept, the next run asks again."""
    lines = [f"file\t{file}\t{_changed(file)}" for file in files]
    lines += [f"catalogue\t{domain}\t{folder}" for domain, folder in plugin_catalogues().items()]
    lines += ["\t".join(("command", name, path, help.replace("\n", "\\n"))) for name, (path, help) in table.items()]
    blocks = {kept: block for kept, block in _blocks(memory).items() if kept != key}
    blocks[key] = [*lines, "end"]
    latest = list(blocks.items())[-_KEYS:]
    text = "".join("\n".join([f"key\t{kept}", *block, ""]) for kept, block in latest)
    try:
        os.makedirs(os.path.dirname(memory), exist_ok=True)
        temporary = f"{memory}.{os.getpid()}"
        with open(temporary, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, memory)
    except OSError:
        pass
