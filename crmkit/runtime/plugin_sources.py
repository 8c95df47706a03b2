"""Plugins that are not installed: one file, or the folder of a distribution that somebody works on."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path

from crmkit.core.errors import BadInput
from crmkit.core.messages import msg
from crmkit.runtime.local_files import load_file
from crmkit.runtime.sources import GROUP, Candidate


@contextmanager
def plugins_at(path: Path) -> Iterator[list[Candidate]]:
    """Give the plugins of a file or of a distribution's folder; within the block they can be imported from there.

    Raises BadInput for a path with neither.
    """
    if path.is_file() and path.suffix == ".py":
        yield [Candidate(path.stem, "file", str(path), "", partial(load_file, path))]
        return
    project = path / "pyproject.toml"
    if not project.is_file():
        expected = msg("expected a file that ends in .py, or a folder with a pyproject.toml")
        raise BadInput(msg("{path}: {expected}", path=path, expected=expected))
    try:
        read = tomllib.loads(project.read_text("utf-8"))["project"]
        points = dict(read["entry-points"][GROUP])
    except (KeyError, TypeError, ValueError) as error:
        problem = msg("it names no plugin under [project.entry-points.{group}]", group=f'"{GROUP}"')
        raise BadInput(msg("{path}: {problem}", path=project, problem=problem)) from error
    folders = [str(folder) for folder in (path / "src", path) if folder.is_dir()]
    sys.path[:0] = folders
    try:
        distribution, version = str(read.get("name", path.name)), str(read.get("version", ""))
        yield [
            Candidate(name, "entry point", distribution, version, partial(_load, str(place)))
            for name, place in sorted(points.items())
        ]
    finally:
        for folder in folders:
            if folder in sys.path:
                sys.path.remove(folder)


def _load(place: str) -> object:
    module, _, attribute = place.partition(":")
    found: object = import_module(module)
    for name in attribute.split(".") if attribute else ():
        found = getattr(found, name)
    return found
