"""``crmkit demo`` as a person meets it."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from crmkit.cli.demo import next_steps
from crmkit.cli.main import main


class Result(NamedTuple):
    code: object
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the program in a folder of the test's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("CRMKIT_DB", "CRMKIT_CONFIG", "CRMKIT_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)

    def call(*words: str) -> Result:
        with pytest.raises(SystemExit) as left:
            main(words)
        return Result(left.value.code, *capsys.readouterr())

    return call


@pytest.fixture(scope="module")
def demo_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database that the program makes, to be copied where a test looks at what is said of it alone."""
    file = tmp_path_factory.mktemp("made") / "crmkit-demo.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CRMKIT_CONFIG", raising=False)
        with pytest.raises(SystemExit):
            main(["--db", f"sqlite:///{file}", "demo"])
    return file


def test_it_makes_a_database_in_this_folder_and_every_next_step_works(run: Run, tmp_path: Path) -> None:
    made = run("demo")
    assert (made.code, made.err) == (0, "made sqlite:///crmkit-demo.db\n")
    assert (tmp_path / "crmkit-demo.db").is_file()
    assert "837,011.75 EUR" in made.out
    steps = next_steps("crmkit", "sqlite:///crmkit-demo.db")
    assert 8 <= len(steps) <= 10
    for _, line in steps:
        assert f"\n  {line}\n" in made.out
        step = run(*shlex.split(line)[1:])
        assert (step.code, len(step.out.splitlines()) > 2) == (0, True), line
        assert not re.search("nothing was found|no data yet|not indexed", step.err), line


def test_the_second_time_it_is_up_to_date(run: Run) -> None:
    first = json.loads(run("demo", "--json").out)
    second = run("demo", "--json")
    again = json.loads(second.out)
    assert (first.pop("made"), again.pop("made")) == (True, False)
    assert first == again
    assert run("demo").err == "sqlite:///crmkit-demo.db is up to date\n"


def test_the_database_asked_for_is_the_one_made(run: Run, tmp_path: Path) -> None:
    made = run("--db", "sqlite:///other.db", "demo")
    assert (made.code, made.err) == (0, "made sqlite:///other.db\n")
    assert "crmkit --db sqlite:///other.db hooks --used" in made.out
    assert [path.name for path in tmp_path.glob("*.db")] == ["other.db"]


def test_the_configured_database_is_left_alone(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRMKIT_DB", "sqlite:///mine.db")
    assert run("demo").code == 0
    assert [path.name for path in tmp_path.glob("*.db")] == ["crmkit-demo.db"]


def test_a_database_in_use_is_refused(run: Run) -> None:
    assert run("--db", "sqlite:///mine.db", "db", "create").code == 0
    assert run("--db", "sqlite:///mine.db", "customer", "add", "Northwind").code == 0
    refused = run("--db", "sqlite:///mine.db", "demo")
    assert refused.code == 3
    assert "sqlite:///mine.db holds other customers already" in refused.err
    assert run("--db", "sqlite:///mine.db", "count", "customer").out == "1\n"


@pytest.mark.parametrize(
    ("called", "on_path", "shown"),
    [
        (".venv/bin/crmkit", False, ".venv/bin/crmkit"),
        (".venv/bin/crmkit", True, "crmkit"),
        ("../elsewhere/crmkit", False, "{parent}/elsewhere/crmkit"),
        ("-m", False, "crmkit"),
    ],
)
def test_the_lines_to_copy_call_the_program_that_printed_them(
    run: Run,
    demo_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    called: str,
    on_path: bool,
    shown: str,
) -> None:
    here = tmp_path / "here"
    program = (here / called).resolve()
    program.parent.mkdir(parents=True)
    if called != "-m":
        program.write_text("", encoding="utf-8")
        program.chmod(0o755)
    here.mkdir(exist_ok=True)
    shutil.copy(demo_file, here)
    monkeypatch.chdir(here)
    monkeypatch.setenv("PATH", str(program.parent if on_path else here))
    monkeypatch.setattr("sys.argv", [called if called == "-m" else str(program), "demo"])
    line = f"  {shown.format(parent=tmp_path)} --db sqlite:///crmkit-demo.db hooks --used\n"
    assert line in run("demo").out


def test_it_speaks_chinese(run: Run) -> None:
    made = run("--lang", "zh", "demo")
    assert made.code == 0
    assert "接下来可以试试" in made.out
    assert "最大客户" in made.out
    assert "Try next" not in made.out
    assert "sqlite:///crmkit-demo.db" in made.err
    assert "已创建" in made.err
