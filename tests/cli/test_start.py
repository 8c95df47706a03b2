"""What starting costs: nothing is imported that is not needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from crmkit import __version__

ROOT = Path(__file__).parents[2]
HEAVY = ("sqlalchemy", "attrs", "attr", "cattrs", "pluggy", "rich", "asyncio", "alembic", "importlib.metadata", "babel")


def _modules_after(statement: str, *words: str) -> set[str]:
    code = (
        "import sys\n"
        f"sys.argv = ['crmkit', *{list(words)!r}]\n"
        "try:\n"
        f"    {statement}\n"
        "except SystemExit as left:\n"
        "    assert not left.code, left.code\n"
        "print(*sys.modules, sep='\\n', file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    return set(done.stderr.split())


def test_the_version_imports_neither_click_nor_typing() -> None:
    before = _modules_after("pass")
    added = _modules_after("from crmkit.cli.main import main; main()", "--version") - before
    assert added <= {"crmkit", "crmkit.cli", "crmkit.cli.main", "__future__"}


@pytest.mark.parametrize("words", [("--help",), ("--lang", "zh", "--help")], ids=" ".join)
def test_help_imports_nothing_heavy_and_no_command(words: tuple[str, ...]) -> None:
    run = "from crmkit.cli.main import main; main()"
    _modules_after(run, *words)  # the first run asks which plugins there are and remembers it
    loaded = _modules_after(run, *words)
    assert not loaded.intersection(HEAVY)
    assert not [name for name in loaded if name.startswith(("crmkit.core", "crmkit.store", "crmkit.hooks"))]
    assert "crmkit.cli.program" in loaded
    assert "crmkit.cli.customers" not in loaded


@pytest.mark.parametrize(
    "how", [["-m", "crmkit"], ["-c", "from crmkit.cli.main import main; main()"]], ids=["module", "script"]
)
def test_the_version_is_printed(how: list[str]) -> None:
    done = subprocess.run([sys.executable, *how, "--version"], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout == f"crmkit {__version__}\n"
