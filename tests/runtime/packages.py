"""Installed distributions for tests: real folders with real metadata on ``sys.path``."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from textwrap import dedent

import pytest


class Site:
    """A folder like ``site-packages``; what is imported from it is forgotten after the test."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        monkeypatch.syspath_prepend(folder)

    def install(self, distribution: str, plugins: dict[str, str], version: str = "1.0", **modules: str) -> None:
        """Install a distribution with these entry points (name to object) and modules (name to source).

        Two underscores in the name of a module stand for the dot.
        """
        # As pip does, which compiles what it installs: importing must not change the folder.
        (self.folder / "__pycache__").mkdir(exist_ok=True)
        info = self.folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n", "utf-8")
        lines = [f"{name} = {target}" for name, target in plugins.items()]
        (info / "entry_points.txt").write_text("\n".join(["[crmkit.plugins]", *lines, ""]), "utf-8")
        for name, source in modules.items():
            path = self.folder.joinpath(*name.split("__")).with_suffix(".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(source), "utf-8")
        importlib.invalidate_caches()

    def forget(self) -> None:
        """Take every module that came from here out of ``sys.modules``."""
        for name, module in list(sys.modules.items()):
            if str(getattr(module, "__file__", None) or "").startswith(str(self.folder)):
                del sys.modules[name]
