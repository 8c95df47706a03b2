"""Every snippet of the documentation runs as it stands, page by page, each in a folder of its own.

What a fence says after its three backticks decides what is done:

- ``python``: executed; the blocks of a page share their names. A following ``text output`` is what they print.
- ``console``: lines that begin with ``$ crmkit`` are run, ``$ cd`` goes to a folder; the lines below must be what it
  says. ``...`` stands for anything, alone on a line for any number of lines; widths of columns do not count. Without
  lines below, it must succeed.
- ``toml``: read. ``filter entity=NAME``: each line is a filter of that entity.
- ``file=PATH`` behind any of them: written to that file instead of executed.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import shutil
import tomllib
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from crmkit.cli.main import main
from crmkit.core.entities import CORE_ENTITIES
from crmkit.core.filter import parse
from crmkit.core.registry import EntityRegistry

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LANGUAGES = ("python", "console", "toml", "filter", "text")
REGISTRY = EntityRegistry(CORE_ENTITIES)
_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)[^)]*\)")


class Block(NamedTuple):
    """A fenced block: its language, the options behind it, its text and the line where it begins."""

    language: str
    options: dict[str, str]
    text: str
    line: int


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        language, *options = found["info"].split() or [""]
        given = {name: value for name, _, value in (option.partition("=") for option in options)}
        yield Block(language, given, found["body"], text.count("\n", 0, found.start()) + 1)


def run(line: str) -> tuple[int, str]:
    """Run a line of a console; return the exit code and everything that was said."""
    program, *words = shlex.split(line)
    assert program == "crmkit", f"only crmkit can be run here: {line}"
    said = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    with redirect_stdout(said), redirect_stderr(said), pytest.raises(SystemExit) as left:
        main(words)
    said.seek(0)
    return int(left.value.code or 0), said.read()


def fits(expected: list[str], said: str) -> bool:
    """Tell whether an output is the expected one. How wide columns are does not count."""
    parts = [
        r"(?:.*\n)*?" if line.strip() == "..." else re.escape(_narrow(line)).replace(r"\.\.\.", ".*") + r"\n"
        for line in expected
    ]
    return bool(re.fullmatch("".join(parts), "".join(f"{_narrow(line)}\n" for line in said.splitlines())))


def _narrow(line: str) -> str:
    return re.sub("─+", "─", re.sub("  +", "  ", line.rstrip()))


def check_console(block: Block, where: str) -> None:
    commands: list[tuple[str, list[str]]] = []
    for line in block.text.replace("\\\n", "").splitlines():
        if line.startswith("$ "):
            commands.append((line[2:], []))
        else:
            assert commands, f"{where}: output before any command"
            commands[-1][1].append(line)
    for command, expected in commands:
        if command.startswith("cd "):
            os.chdir(command.removeprefix("cd "))
            continue
        code, said = run(command)
        fails = any(line.startswith("error:") or line == "no" for line in expected)
        assert (code != 0) == fails, f"{where}: {command}\nexit code {code}\n{said}"
        if expected:
            assert fits(expected, said), f"{where}: {command}\n{said}"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what a reader has at hand: our examples, and a dump of Northwind."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    shutil.copy(ROOT / "tests" / "data" / "northwind" / "northwind.sql", tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / ".cache"))
    for name in ("CRMKIT_DB", "CRMKIT_CONFIG", "CRMKIT_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_snippets_of(page: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Where the page itself says which plugins are there, nobody else does.
    if any(word in page.read_text(encoding="utf-8") for word in ("sfa", "crmkit_web", "disable = ")):
        monkeypatch.delenv("CRMKIT_DISABLE")
    names: dict[str, Any] = {"__name__": "__snippet__"}
    printed = ""
    for block in blocks(page):
        where = f"{page.relative_to(ROOT)}:{block.line}"
        if block.language == "toml":
            tomllib.loads(block.text)
        if "file" in block.options:
            target = folder / block.options["file"]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(block.text, encoding="utf-8")
        elif block.language == "python":
            output = io.StringIO()
            with redirect_stdout(output):
                exec(compile(block.text, where, "exec", dont_inherit=True), names)
            printed = output.getvalue()
        elif block.language == "console":
            check_console(block, where)
        elif block.language == "filter":
            for line in block.text.splitlines():
                parse(line, REGISTRY, block.options["entity"])
        elif block.language == "text" and "output" in block.options:
            assert fits(block.text.splitlines(), printed), f"{where}: it prints\n{printed}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_of(page: Path) -> None:
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    missing = [link for link in _LINK.findall(text) if not (page.parent / link).exists()]
    assert missing == []


def test_the_pages_have_snippets_of_every_kind() -> None:
    found = [block.language for page in PAGES for block in blocks(page)]
    assert set(LANGUAGES) <= set(found)
    assert found.count("console") >= 5
    assert found.count("python") >= 5


@pytest.mark.parametrize(
    ("expected", "said", "right"),
    [
        (["one", "two"], "one\ntwo\n", True),
        (["one"], "one\ntwo\n", False),
        (["one", "..."], "one\ntwo\nthree\n", True),
        (["...", "three"], "one\ntwo\nthree\n", True),
        (["o...e (1)"], "one and one (1)\n", True),
        (["one."], "onex\n", False),
        (["one"], "one   \n", True),
        (["a    b", "────"], "a  b\n──────\n", True),
        (["a b"], "ab\n", False),
    ],
)
def test_what_output_is_expected(expected: list[str], said: str, right: bool) -> None:
    assert fits(expected, said) == right
