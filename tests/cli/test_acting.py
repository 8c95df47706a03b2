"""On whose behalf a command works: every command that opens the application asks in the same way."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import crmkit.cli
from tests.cli.conftest import Run

FOLDER = Path(crmkit.cli.__file__).parent
MODULES = sorted(path.name for path in FOLDER.glob("*.py"))
COMMANDS = [
    ("import", "people.csv", "--entity", "customer"),
    ("lifecycle", "evaluate"),
    ("segment", "refresh"),
    ("mail", "import", "people.csv"),
    ("personal-data", "retention", "run"),
    ("customer", "list"),
    ("search", "x"),
    ("audit", "seal"),
]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_for_whom_takes_who(run: Run, shop: str, tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "people.csv").write_text("name\nAnna\n")
    found = run("--for", "anna", *words)
    assert found.exit_code == 2, found.output
    assert "--for needs --as" in found.output


@pytest.mark.parametrize("name", MODULES)
def test_only_one_place_reads_who_acts(name: str) -> None:
    text = (FOLDER / name).read_text("utf-8")
    if name != "running.py":
        assert 'get("login")' not in text, "ask crmkit.cli.running.acting, which knows of --for, too"


@pytest.mark.parametrize("name", MODULES)
def test_texts_to_translate_do_not_stand_in_f_strings(name: str) -> None:
    """Python 3.11 takes an f-string for one token, so the texts inside are not found for the catalogue."""
    tree = ast.parse((FOLDER / name).read_text("utf-8"))
    calls = (
        node
        for text in ast.walk(tree)
        if isinstance(text, ast.JoinedStr)
        for node in ast.walk(text)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    )
    assert [node.lineno for node in calls if node.func.id in ("wording", "msg")] == []  # type: ignore[attr-defined]
