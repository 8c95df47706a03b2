"""Where the databases of a run lie: in memory, where there is plenty and nobody chose another folder."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from crmkit.testing import plugin

CHOOSING = ("TMPDIR", "TEMP", "TMP")


@pytest.fixture(autouse=True)
def memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory that may be written to, and no choice of anybody."""
    for name in CHOOSING:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "is_dir", lambda path: True)
    monkeypatch.setattr(os, "access", lambda path, mode: True)


@pytest.mark.parametrize(("free", "there"), [(plugin._PLENTY, True), (plugin._PLENTY - 1, False)])
def test_memory_is_used_where_there_is_plenty(monkeypatch: pytest.MonkeyPatch, free: int, there: bool) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=free))
    assert plugin._quick_folder() == Path("/dev/shm" if there else tempfile.gettempdir())


@pytest.mark.parametrize("name", CHOOSING)
def test_a_folder_that_somebody_chose_is_taken(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=plugin._PLENTY))
    monkeypatch.setenv(name, "/chosen")
    assert plugin._quick_folder() == Path(tempfile.gettempdir())
