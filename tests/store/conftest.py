"""A plugin with two migrations, written from its entities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.store.marinas import Package
from tests.store.plugin_versions import write


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The two migrations of the plugin, as they are written from its entities."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        package = Package(tmp_path_factory.mktemp("written"), monkeypatch)
        assert write(package, package.first(), "Boats and berths") is not None
        assert write(package, package.second(), "More of boats") is not None
        package.forget()
        return {file.name: file.read_text() for file in package.migrations.glob("*.py")}


@pytest.fixture
def marina(written: Mapping[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Package]:
    """The plugin, with both of its migrations; each version is imported by whoever needs it."""
    package = Package(tmp_path / "site", monkeypatch)
    package.migrations.mkdir()
    for name, text in written.items():
        (package.migrations / name).write_text(text)
    yield package
    package.forget()
