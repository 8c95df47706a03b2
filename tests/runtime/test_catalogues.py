"""Translations that plugins bring: found beside their modules, laid behind the program's, and remembered with their commands."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest
from click.testing import CliRunner

from crmkit.cli.program import program
from crmkit.plugin import Manifest
from crmkit.runtime import translation
from crmkit.runtime.catalogues import catalogue_of
from crmkit.runtime.crm import Crm
from crmkit.runtime.translation import translator
from crmkit.testing.translations import Catalogues
from tests.runtime.packages import Site

PLUGIN = """
    from crmkit.plugin import CommandDeclaration, Manifest, hookimpl, msg

    manifest = Manifest(name="points")

    @hookimpl
    def register_cli_commands(ctx, call):
        return [CommandDeclaration("points", "points_package.commands:points", msg("Count points"))]
"""


@pytest.fixture(autouse=True)
def _no_catalogues(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """What one test adds, the next one does not find."""
    monkeypatch.setattr(translation, "_of_plugins", {})
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    translator.cache_clear()
    yield
    translator.cache_clear()


def translate(folder: Path, domain: str, texts: dict[str, str]) -> None:
    """Write a catalogue and compile it."""
    catalogues = Catalogues(folder / "locale", domain)
    catalogues.update(dict.fromkeys(texts, "somewhere"))
    source = catalogues.source.read_text("utf-8")
    for text, chinese in texts.items():
        source = source.replace(f'msgid "{text}"\nmsgstr ""', f'msgid "{text}"\nmsgstr "{chinese}"')
    catalogues.source.write_text(source, "utf-8")
    catalogues.compile()


@pytest.fixture
def points(site: Site) -> Site:
    """An installed package with a catalogue."""
    package = site.folder / "points_package"
    package.mkdir()
    (package / "__init__.py").write_text(dedent(PLUGIN), "utf-8")
    site.install("crm-points", {"points": "points_package"})
    translate(package, "points_package", {"Count points": "清点积分", "Customer": "顾客"})
    return site


def test_texts_of_a_package_are_translated_once_it_is_loaded(points: Site) -> None:
    assert translator("zh")("Count points") == "Count points"
    Crm.open(plugins=["points"]).close()
    assert translator("zh")("Count points") == "清点积分"
    assert translator("zh_CN.UTF-8")("Count points") == "清点积分"
    assert translator("en")("Count points") == "Count points"


def test_the_program_s_own_translations_count_first(points: Site) -> None:
    Crm.open(plugins=["points"]).close()
    assert translator("zh")("Customer") == "客户"


def test_help_speaks_the_language_without_loading_plugins(points: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "清点积分" in CliRunner().invoke(program, ["--lang", "zh", "--help"]).stdout
    monkeypatch.setattr(translation, "_of_plugins", {})
    translator.cache_clear()
    points.forget()
    assert "清点积分" in CliRunner().invoke(program, ["--lang", "zh", "--help"]).stdout
    assert "points_package" not in sys.modules


def test_a_plugin_of_one_file_has_its_catalogue_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "visits.py").write_text("from crmkit.plugin import hookimpl\n", "utf-8")
    translate(folder, "visits", {"Plan a visit": "安排拜访"})
    Crm.open(plugins=[], config={"plugin_folder": str(folder)}).close()
    assert translator("zh")("Plan a visit") == "安排拜访"


def test_a_plugin_without_a_file_has_none() -> None:
    namespace: dict[str, object] = {"__name__": "made_up"}
    exec("class Plugin:\n    pass", namespace)
    plugin = namespace["Plugin"]()  # type: ignore[operator]
    assert catalogue_of(plugin) is None
    plugin.manifest = Manifest(name="made_up")
    Crm.open(plugins=[plugin]).close()
    assert translation.plugin_catalogues() == {}
