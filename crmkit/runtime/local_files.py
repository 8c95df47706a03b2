"""Plugins of one file: each application runs the file anew, in a module of its own."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from itertools import count
from pathlib import Path
from types import ModuleType

PREFIX = "_crmkit_local_"
_number = count(1)


def load_file(path: Path) -> ModuleType:
    """Run a plugin's file and return its module; raises whatever the file raises.

    The module's name is private and new each time, so that two applications share nothing. It stays in ``sys.modules``,
    where type hints and pickling look for it, until ``forget`` takes it out. No byte code is stored or used: the folder
    may be read-only, and a file that was just edited is never mistaken for its older version.
    """
    name = f"{PREFIX}{next(_number)}_{path.stem}"
    spec = spec_from_file_location(name, path)
    assert spec is not None, "a file that ends in .py always has a loader"
    code = compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        exec(code, module.__dict__)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def forget(plugin: object) -> None:
    """Take the module of a plugin of one file out of ``sys.modules``; leaves any other plugin alone."""
    if isinstance(plugin, ModuleType) and plugin.__name__.startswith(PREFIX):
        sys.modules.pop(plugin.__name__, None)
