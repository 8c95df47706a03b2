"""Commands that plugins bring."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from crmkit.cli import plugin_discovery
from tests.cli.conftest import Run
from tests.runtime.packages import Site

PLUGIN = """
    from crmkit.core.messages import msg
    from crmkit.hooks.kinds import hookimpl
    from crmkit.hooks.setup import CommandDeclaration

    @hookimpl
    def register_cli_commands(ctx, call):
        return [CommandDeclaration("points", "points_commands:points", msg("Count points"))]
"""
COMMANDS = """
    import click

    @click.command("points")
    def points():
        click.echo("12 points")
"""


@pytest.fixture
def points(site: Site) -> Site:
    site.install("crm-points", {"points": "points_plugin"}, points_plugin=PLUGIN, points_commands=COMMANDS)
    return site


def test_a_command_of_a_plugin_is_listed_and_runs(run: Run, points: Site) -> None:
    assert re.search(r"points +Count points", run("--help").stdout)
    assert run("points").stdout == "12 points\n"


def test_plugins_are_asked_once_and_again_when_something_is_installed(
    run: Run, points: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    ask = plugin_discovery.declared_commands
    monkeypatch.setattr(plugin_discovery, "declared_commands", lambda config: asked.append(config) or ask(config))
    for _ in range(3):
        assert "Count points" in run("--help").stdout
    assert len(asked) == 1
    points.install(
        "crm-stars",
        {"stars": "stars_plugin"},
        stars_plugin=PLUGIN.replace("points", "stars"),
        stars_commands=COMMANDS.replace("points", "stars"),
    )
    listed = run("--help").stdout
    assert "Count stars" in listed
    assert "Count points" in listed
    assert len(asked) == 2


def test_a_plugin_in_a_file_is_found_through_the_configuration(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "points.py").write_text(_dedented(PLUGIN), "utf-8")
    (tmp_path / "crmkit.toml").write_text('plugin_folder = "mine"\n', "utf-8")
    assert "Count points" in run("--help").stdout
    (folder / "points.py").write_text(_dedented(PLUGIN).replace("Count points", "Count all points"), "utf-8")
    assert "Count all points" in run("--help").stdout


def test_a_broken_plugin_breaks_neither_help_nor_the_list_of_plugins(run: Run, site: Site) -> None:
    site.install("crm-broken", {"broken": "broken_plugin"}, broken_plugin="1 / 0\n")
    assert run("--help").exit_code == 0
    listed = run("plugin", "list")
    assert listed.exit_code == 0
    assert "division by zero" in listed.stdout
    refused = run("hooks")
    assert refused.exit_code == 1
    assert "division by zero" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_damaged_memory_is_made_anew(run: Run, points: Site, tmp_path: Path) -> None:
    run("--help")
    memory = tmp_path / "cache" / "crmkit" / "commands"
    memory.write_bytes(memory.read_bytes()[:-20] + b"\xff\xfe")
    assert "Count points" in run("--help").stdout


def test_nothing_is_lost_where_nothing_can_be_remembered(
    run: Run, points: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "occupied").write_text("a file, not a folder", "utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "occupied"))
    assert "Count points" in run("--help").stdout


def test_plugin_show_tells_what_a_plugin_brings(run: Run, points: Site) -> None:
    shown = run("plugin", "show", "points").stdout
    assert "crm-points" in shown
    assert "register_cli_commands" in shown


def _dedented(source: str) -> str:
    from textwrap import dedent

    return dedent(source)
