"""Entry points are found as ``importlib.metadata`` finds them."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

import pytest

from crmkit.runtime.entry_points import entry_points_of, name_and_version


def distribution(folder: Path, name: str, version: str, *lines: str, group: str = "zoo.animals") -> None:
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", "utf-8")
    if lines:
        (info / "entry_points.txt").write_text("\n".join([f"[{group}]", *lines, ""]), "utf-8")


@pytest.mark.parametrize("group", ["console_scripts", "pytest11", "crmkit.plugins", "no.such.group"])
def test_what_is_installed_here(group: str) -> None:
    assert sorted(entry_points_of(group)) == sorted(metadata.entry_points(group=group))


def test_the_first_distribution_of_a_name_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    distribution(tmp_path / "a", "Big.Zoo", "2", "lion = zoo.lion")
    distribution(tmp_path / "b", "big_zoo", "1", "lion = zoo.old", "bear = zoo.bear")
    distribution(tmp_path / "b", "small_zoo", "1", "mouse = small.mouse")
    distribution(tmp_path / "b", "quiet", "1")
    distribution(tmp_path / "b", "other", "1", "x = about:zoo.animals", group="elsewhere")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "a"), str(tmp_path / "none"), str(tmp_path / "b"), *sys.path])
    found = entry_points_of("zoo.animals")
    assert {(point.name, point.value) for point in found} == {("lion", "zoo.lion"), ("mouse", "small.mouse")}
    assert sorted(found) == sorted(metadata.entry_points(group="zoo.animals"))
    assert {point.dist.version for point in found if point.dist} == {"1", "2"}


def test_archives_on_the_path_are_read_by_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from zipfile import ZipFile

    with ZipFile(tmp_path / "zoo.zip", "w") as archive:
        archive.writestr("zoo-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: zoo\nVersion: 1\n")
        archive.writestr("zoo-1.dist-info/entry_points.txt", "[zoo.animals]\nlion = zoo.lion\n")
    monkeypatch.syspath_prepend(str(tmp_path / "zoo.zip"))
    assert [point.value for point in entry_points_of("zoo.animals")] == ["zoo.lion"]


def test_distributions_are_called_as_the_standard_library_calls_them() -> None:
    for one in metadata.distributions():
        assert name_and_version(one) == (one.name, one.version)


def test_a_distribution_with_unusual_metadata_is_read_all_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "zoo-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nname: zoo\nVersion: 1.0\n\nName: lion\n")
    assert name_and_version(metadata.Distribution.at(folder)) == ("zoo", "1.0")
