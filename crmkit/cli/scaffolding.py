"""Writing new projects from templates: all files of one or none, and nothing that is there already is touched.

Templates are package data beside this module; ``${word}`` in names and texts is replaced, and the ending ``.tmpl``, which
keeps tools off them, goes.
"""

from __future__ import annotations

import keyword
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from string import Template

from crmkit.core.errors import BadInput
from crmkit.core.messages import msg, shown

TEMPLATES = Path(__file__).parent / "templates"
ENDING = ".tmpl"

LONGEST_NAME = 30
"""Characters of a plugin's name; names of its tables begin with it, and PostgreSQL takes 63 in all."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_PROJECT = re.compile(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*")


def check_plugin_name(name: str, taken: Mapping[str, str]) -> None:
    """Raise BadInput for a name that no plugin can have, or that is in ``taken``: names, and whose they are."""
    if not _NAME.fullmatch(name) or "__" in name or name.endswith("_"):
        expected = msg("lower-case letters, digits and single underscores, as in warranty or gift_cards")
        raise BadInput(msg("plugin name {name}: expected {expected}", name=shown(name), expected=expected))
    if len(name) > LONGEST_NAME:
        raise BadInput(
            msg("plugin name {name}: expected at most {limit} characters", name=shown(name), limit=LONGEST_NAME)
        )
    if keyword.iskeyword(name):
        raise BadInput(msg("plugin name {name}: expected no word of Python", name=name))
    if name in taken:
        raise BadInput(msg("plugin name {name} is taken: {owner}", name=name, owner=taken[name]))


def check_project_name(name: str) -> None:
    """Raise BadInput for a name that is no good as that of a folder and a distribution."""
    if not _PROJECT.fullmatch(name):
        expected = msg("lower-case letters, digits and single hyphens, as in acme-crm")
        raise BadInput(msg("project name {name}: expected {expected}", name=shown(name), expected=expected))


def title_of(name: str) -> str:
    """Return a name as a heading: ``gift_cards`` is "Gift cards"."""
    text = name.replace("_", " ").replace("-", " ")
    return text[:1].upper() + text[1:]


def written(
    template: str, target: Path, words: Mapping[str, str], finish: Callable[[Path], object] | None = None
) -> list[Path]:
    """Write ``template`` to the folder ``target`` and return its files, sorted, relative to it.

    ``finish`` gets the folder before it is in its place, to add what no template has. Raises BadInput when ``target``
    exists and is not an empty folder. When anything fails, nothing is left behind.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BadInput(msg("{folder} exists and is not empty; nothing is overwritten", folder=target))
    target.parent.mkdir(parents=True, exist_ok=True)
    # Beside the target, so that moving it there is one step of the file system.
    folder = target.with_name(f".{target.name}.{os.getpid()}")
    folder.mkdir()
    try:
        for path, text in filled(template, words):
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="\n")
        if finish is not None:
            finish(folder)
        if target.exists():
            target.rmdir()
        folder.rename(target)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return sorted(path.relative_to(target) for path in target.rglob("*") if path.is_file())


def filled(template: str, words: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    """Yield the files of ``template`` with ``words`` filled in, each with its path relative to the new project."""
    folder = TEMPLATES / template
    for path in sorted(folder.rglob(f"*{ENDING}")):
        name = path.relative_to(folder).as_posix().removesuffix(ENDING)
        text = path.read_text(encoding="utf-8")
        yield Path(Template(name).substitute(words)), Template(text).substitute(words)
