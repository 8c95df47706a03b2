"""``crmkit new``, ``crmkit plugin new`` and ``crmkit plugin translate``: what they write, and what they refuse."""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from crmkit.cli import scaffolding
from tests.cli.conftest import Run
from tests.cli.test_missing_packages import hide
from tests.runtime.packages import Site

PLUGIN = "crmkit_gift_cards"


def files_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def gift_cards(run: Run, tmp_path: Path, site: Site) -> Path:
    """A new plugin, installed: its folder."""
    assert run("plugin", "new", "gift_cards").exit_code == 0
    folder = tmp_path / "crmkit-gift-cards"
    (folder / PLUGIN).rename(site.folder / PLUGIN)
    (folder / PLUGIN).symlink_to(site.folder / PLUGIN)
    site.install("crmkit-gift-cards", {"gift_cards": PLUGIN})
    return folder


# -- what is written --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "folder"), [(("plugin", "new", "gift_cards"), "crmkit-gift-cards"), (("new", "acme-crm"), "acme-crm")]
)
def test_what_is_written_is_listed(run: Run, tmp_path: Path, words: tuple[str, ...], folder: str) -> None:
    result = run(*words)
    assert result.exit_code == 0, result.stderr
    written = [f"{folder}/{name}" for name in files_in(tmp_path / folder)]
    assert result.stdout.splitlines() == written
    assert len(written) > 12
    assert "its README.md says what to do" in result.stderr
    told = json.loads(run(*words, "--folder", "other/place", "--json").stdout)
    assert told["folder"] == "other/place"
    assert sorted(told["files"]) == files_in(tmp_path / "other" / "place") == files_in(tmp_path / folder)


@pytest.mark.parametrize("words", [("plugin", "new", "gift_cards"), ("new", "acme-crm")])
def test_no_template_is_left_unfilled(run: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    assert run(*words, "--folder", "made").exit_code == 0
    for name in files_in(tmp_path / "made"):
        assert "${" not in name
        assert not name.endswith(".tmpl")
        if not name.endswith(".mo"):
            assert "${" not in (tmp_path / "made" / name).read_text(encoding="utf-8"), name


def test_a_plugin_has_what_a_plugin_needs(run: Run, tmp_path: Path) -> None:
    run("plugin", "new", "gift_cards")
    written = files_in(tmp_path / "crmkit-gift-cards")
    assert {
        "README.md",
        "docs/index.md",
        "mypy.ini",
        "pyproject.toml",
        "ruff.toml",
        "tests/test_contract.py",
        f"{PLUGIN}/locale/zh/LC_MESSAGES/{PLUGIN}.mo",
        f"{PLUGIN}/migrations/0001_promises.py",
        f"{PLUGIN}/py.typed",
    } <= set(written)


def test_a_new_plugin_takes_part_as_soon_as_it_is_installed(run: Run, gift_cards: Path) -> None:
    shown = json.loads(run("plugin", "show", "gift_cards", "--json").stdout)
    assert shown["entities"] == ["gift_cards_promise"]
    assert shown["commands"] == ["gift_cards"]
    assert {"derive_records", "guard_records", "after_records_saved_committed"} <= set(shown["hooks"])
    assert re.search("gift_cards +记录并履行对客户的承诺", run("--lang", "zh", "--help").stdout)


def commands_of(readme: Path, heading: str) -> list[list[str]]:
    """Return the lines of the shell block under a heading, as words."""
    section = readme.read_text(encoding="utf-8").partition(f"## {heading}\n")[2]
    block = section.partition("```sh\n")[2].partition("```")[0]
    return [shlex.split(line) for line in block.splitlines()]


def test_the_commands_of_a_plugins_page_run(run: Run, gift_cards: Path) -> None:
    commands = commands_of(gift_cards / "README.md", "Try it")
    assert len(commands) == 5
    said = ""
    for program, *words in commands:
        assert program == "crmkit"
        result = run(*words)
        assert result.exit_code == 0, (words, result.stderr)
        said += result.stdout
    assert "Send the offer" in said
    tables = commands_of(gift_cards / "README.md", "Tables")[1:]
    assert [run(*words).exit_code for _, *words in tables] == [0, 0]


def test_the_commands_of_a_projects_page_run(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("new", "acme-crm").exit_code == 0
    monkeypatch.chdir(tmp_path / "acme-crm")
    commands = [*commands_of(Path("README.md"), "Try it"), *commands_of(Path("README.md"), "Change it")]
    assert len(commands) == 9
    said = ""
    for program, *words in commands:
        assert program == "crmkit"
        result = run(*words)
        assert result.exit_code == 0, (words, result.stderr)
        said += result.stdout + result.stderr
    assert "Blue Fjord GmbH" in said
    assert "service_contract: 2 moved by last_day_has_passed" in said


# -- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("plugin", "new", "Gift"), "plugin name Gift: expected lower-case letters, digits and single underscores"),
        (("plugin", "new", "gift-cards"), "plugin name gift-cards: expected lower-case letters"),
        (("plugin", "new", "gift__cards"), "plugin name gift__cards: expected lower-case letters"),
        (("plugin", "new", "gift_"), "plugin name gift_: expected lower-case letters"),
        (("plugin", "new", "../gift"), "plugin name ../gift: expected lower-case letters"),
        (("plugin", "new", "礼品"), "plugin name 礼品: expected lower-case letters"),
        (("plugin", "new", "1gift"), "plugin name 1gift: expected lower-case letters"),
        (("plugin", "new", "class"), "plugin name class: expected no word of Python"),
        (("plugin", "new", "a" * 31), "expected at most 30 characters"),
        (("plugin", "new", "crmkit"), "plugin name crmkit is taken: it stands for the application itself"),
        (("plugin", "new", "import"), "plugin name import: expected no word of Python"),
        (("plugin", "new", "customer"), "plugin name customer is taken: crmkit has a command of this name"),
        (("new", "Acme CRM"), "project name Acme CRM: expected lower-case letters, digits and single hyphens"),
        (("new", "../acme"), "project name ../acme: expected lower-case letters"),
        (("new", "acme-"), "project name acme-: expected lower-case letters"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_name_that_is_no_good_is_refused(run: Run, tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    result = run(*words)
    assert result.exit_code == 3
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert [path for path in files_in(tmp_path) if not path.startswith("cache")] == []


def test_a_name_of_an_installed_plugin_is_refused(run: Run, gift_cards: Path) -> None:
    result = run("plugin", "new", "gift_cards", "--folder", "again")
    assert (result.exit_code, "a plugin of this name is installed" in result.stderr) == (3, True)


@pytest.mark.parametrize("words", [("plugin", "new", "gift_cards"), ("new", "acme-crm")])
def test_nothing_is_overwritten(run: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "README.md").write_text("mine", encoding="utf-8")
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    for folder in ("full", "file"):
        result = run(*words, "--folder", folder)
        assert result.exit_code == 3
        assert f"{folder} exists and is not empty; nothing is overwritten" in result.stderr
    assert files_in(tmp_path / "full") == ["README.md"]
    assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"
    assert run(*words, "--folder", "empty").exit_code == 0
    assert "README.md" in files_in(tmp_path / "empty")


def test_when_something_fails_nothing_is_left_behind(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill: Callable[..., object] = scaffolding.filled

    def fails(*words: object) -> object:
        for number, file in enumerate(fill(*words)):  # type: ignore[call-overload]
            if number == 5:
                raise OSError(28, "No space left on device", "rules.py")
            yield file

    monkeypatch.setattr(scaffolding, "filled", fails)
    result = run("new", "acme-crm")
    assert result.exit_code == 6
    assert "No space left on device" in result.stderr
    assert [path.name for path in tmp_path.iterdir() if path.name != "cache"] == []


def test_without_babel_no_plugin_is_written_and_the_extra_is_named(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide(monkeypatch, "babel")
    result = run("plugin", "new", "gift_cards")
    assert result.exit_code == 1
    assert "install crmkit[testing]" in result.stderr
    assert not (tmp_path / "crmkit-gift-cards").exists()
    assert run("new", "acme-crm").exit_code == 0


# -- translations -----------------------------------------------------------------------------------------------------


def test_new_texts_of_a_plugin_are_found_added_and_shown(run: Run, gift_cards: Path, site: Site) -> None:
    package = site.folder / PLUGIN
    catalogue = package / "locale" / "zh" / "LC_MESSAGES" / f"{PLUGIN}.po"
    assert json.loads(run("plugin", "translate", "gift_cards", "--json").stdout)["missing"] == []
    rules = package / "rules.py"
    rules.write_text(rules.read_text("utf-8").replace("add another one", "ask for another one"), "utf-8")
    text = "this promise was kept on {day}; ask for another one"
    result = run("plugin", "translate", "gift_cards")
    assert result.exit_code == 0
    assert f"no translation yet: {text}" in result.stderr
    untranslated = f'msgid "{text}"\nmsgstr ""'
    assert untranslated in catalogue.read_text("utf-8")
    catalogue.write_text(
        catalogue.read_text("utf-8").replace(untranslated, f'msgid "{text}"\nmsgstr "请于 {{day}} 之后另行提出"'),
        "utf-8",
    )
    assert json.loads(run("plugin", "translate", "gift_cards", "--json").stdout)["missing"] == []
    site.forget()
    from crmkit.runtime.translation import translator

    translator.cache_clear()
    assert sys.modules.get(PLUGIN) is None
    assert run("plugin", "show", "gift_cards").exit_code == 0
    assert translator("zh")(text) == "请于 {day} 之后另行提出"


def test_an_unknown_plugin_is_named(run: Run) -> None:
    result = run("plugin", "translate", "gift_crads")
    assert (result.exit_code, "no plugin gift_crads is active" in result.stderr) == (1, True)
