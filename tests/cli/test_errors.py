"""What goes wrong, in which words and with which exit code."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import click
import pytest

from crmkit.cli.running import report
from crmkit.core.errors import (
    AccessDenied,
    BadInput,
    ConfigError,
    Conflict,
    CrmError,
    DatabaseUnavailable,
    FieldError,
    HookLoop,
    NotFound,
    PluginError,
    Refused,
    SchemaOutdated,
    StaleVersion,
    StorageFull,
    ValidationFailed,
)
from crmkit.core.messages import msg
from tests.cli.conftest import Run

ROOT = Path(__file__).parents[2]
WHY = msg("because")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CrmError(WHY), 1),
        (ConfigError(WHY), 1),
        (SchemaOutdated(WHY), 1),
        (PluginError("loyalty", "guard_records", ValueError("x")), 1),
        (HookLoop(["a", "b"]), 1),
        (BadInput(WHY), 3),
        (ValidationFailed([FieldError("customer.name", "required", "", WHY)]), 3),
        (NotFound(WHY), 4),
        (AccessDenied(WHY), 5),
        (Refused("loyalty", WHY), 5),
        (DatabaseUnavailable(WHY), 6),
        (StorageFull(WHY), 6),
        (Conflict(WHY), 7),
        (StaleVersion("customer", "1", 2), 7),
        (click.Abort(), 130),
        (OSError(errno.ENOSPC, "No space left on device"), 6),
        (PermissionError(errno.EACCES, "Permission denied", "/etc/x"), 1),
        (RuntimeError("x"), 1),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_each_error_has_its_exit_code(error: Exception, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert report(error) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.strip()
    assert "Traceback" not in said.err


def test_an_expected_error_says_its_lines_and_notes(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = [FieldError("customer.name", "required", "", WHY), FieldError("customer.country", "x", 1, WHY)]
    error = ValidationFailed(wrong)
    error.add_note("raised by plugin loyalty in hook derive_records")
    report(error)
    assert capsys.readouterr().err.splitlines() == [
        "error: customer.name: (empty) - because",
        "customer.country: “1” - because",
        "  raised by plugin loyalty in hook derive_records",
    ]


def test_a_full_disk_is_no_defect(capsys: pytest.CaptureFixture[str]) -> None:
    report(OSError(errno.ENOSPC, "No space left on device", "out.csv"))
    assert capsys.readouterr().err == "error: out.csv: No space left on device\n"


def test_control_characters_of_an_error_do_not_reach_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    report(NotFound(msg("no customer {name}", name="A\x1b[31mB")))
    assert "\x1b" not in capsys.readouterr().err


def test_a_defect_is_one_sentence_with_a_hint(run: Run, shop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("of all things")

    monkeypatch.setattr("crmkit.cli.records.chosen_fields", broken)
    result = run("list", "customer")
    assert result.exit_code == 1
    assert "defect" in result.stderr
    assert "ZeroDivisionError: of all things" in result.stderr
    assert "--traceback" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("how", ["option", "variable"])
def test_a_traceback_is_shown_when_asked_for(run: Run, shop: str, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    if how == "variable":
        monkeypatch.setenv("CRMKIT_TRACEBACK", "1")
    result = run(*(["--traceback"] if how == "option" else []), "show", "customer", "nonsense")
    assert result.exit_code == 3
    assert "Traceback (most recent call last)" in result.stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["nonsense"], 2, "No such command 'nonsense'"),
        (["custmer"], 2, "customer"),
        (["list"], 2, "Missing argument"),
        (["list", "customer", "--colour"], 2, "No such option"),
        (["list", "custmer"], 3, "did you mean customer?"),
        (["list", "customer", "--fields", "nme"], 3, "did you mean name?"),
        (["list", "customer", "--filter", "nme = 3"], 3, "did you mean name?"),
        (["show", "customer", "7"], 3, "expected an id"),
        (["customer", "add", "Zed", "--email", "zed"], 3, "contact_point.value"),
        (["user", "add", "anna"], 3, "user.login"),
        (["customer", "show", "Nobody"], 4, "no customer Nobody"),
        (["show", "customer", "01890a5d-ac96-774b-bcce-b302099a8057"], 4, "no customer with id"),
        (["--as", "nobody", "list", "customer"], 4, "no active user nobody"),
        (["user", "add", "bob", "--team", "Sales"], 4, "no team called Sales"),
        (["plugin", "show", "loyalty"], 4, "no plugin loyalty is active"),
        (["--db", "sqlite:///missing.db", "list", "customer"], 6, "there is no database missing.db"),
        (["--config", "missing.toml", "list", "customer"], 1, "missing.toml"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_is_wrong_is_said_on_the_standard_error(
    run: Run, shop: str, words: list[str], code: int, said: str
) -> None:
    result = run(*words)
    assert result.exit_code == code
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_a_missing_database_is_not_made_by_reading(run: Run, tmp_path: Path) -> None:
    assert run("list", "customer").exit_code == 6
    assert not (tmp_path / "crmkit.db").exists()


def test_a_file_that_is_no_database_is_named_as_such(run: Run, tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_text("not a database at all, but long enough to look at" * 50, "utf-8")
    result = run("--db", "sqlite:///notes.db", "list", "customer")
    assert result.exit_code == 6
    assert "not a database" in result.stderr


def test_a_reader_that_has_enough_is_no_error(shop: str) -> None:
    script = f"{sys.executable} -m crmkit entity show customer --json | head -c 1"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.stdout == "{"
    assert done.stderr == ""


def test_interrupting_leaves_with_130(run: Run, shop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("crmkit.cli.records.chosen_fields", interrupted)
    result = run("list", "customer")
    assert result.exit_code == 130
    assert "interrupted" in result.stderr
