"""What ``crmkit new`` and ``crmkit plugin new`` write is right: types, style and tests, and the plugin as an installed wheel."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner

from crmkit.cli.program import program
from crmkit.testing.postgres import ADDRESS_VARIABLE, PostgresServer

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


def scaffolded(folder: Path, *words: str) -> Path:
    result = CliRunner().invoke(program, [*words, "--folder", str(folder)])
    assert result.exit_code == 0, result.output
    return folder


def run(*words: object, cwd: Path, environ: Mapping[str, str] | None = None) -> str:
    """Run a program as somebody who knows nothing of this checkout and of this test run."""
    kept = {
        name: value
        for name, value in os.environ.items()
        # A new environment is compiled once, not by each of its processes.
        if not name.startswith(("PYTEST", "CRMKIT_", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV"))
    }
    done = subprocess.run(
        [str(word) for word in words], cwd=cwd, env={**kept, **(environ or {})}, capture_output=True, text=True
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, f"{words}\n{said}"
    return said


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    return scaffolded(tmp_path / "plugin", "plugin", "new", "gift_cards")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return scaffolded(tmp_path / "project", "new", "acme-crm")


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "which", [pytest.param("not slow", id="quick ones"), pytest.param("", id="all", marks=pytest.mark.slow)]
)
def test_a_plugin_built_as_a_wheel_passes_its_tests_in_a_clean_environment(
    plugin: Path, tmp_path: Path, postgres_server: PostgresServer, which: str
) -> None:
    wheels, clean = tmp_path / "wheels", tmp_path / "clean"
    uv, constraints = BIN / "uv", ROOT / "constraints.txt"
    for source in (ROOT, plugin):
        run(uv, "build", "-q", "--wheel", "--build-constraint", constraints, "--out-dir", wheels, source, cwd=tmp_path)
    run(uv, "venv", "-q", "--python", sys.executable, clean, cwd=tmp_path)
    python = clean / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    (core,) = wheels.glob("crmkit-*.whl")
    (own,) = wheels.glob("crmkit_gift_cards-*.whl")
    install = (uv, "pip", "install", "-q", "--python", python, "--constraint", constraints)
    run(*install, f"crmkit[testing] @ {core.as_uri()}", own, cwd=tmp_path)
    # Beside its tests alone, so that nothing but the wheel is imported.
    (plugin / "crmkit_gift_cards").rename(tmp_path / "elsewhere")
    said = run(python, "-m", "pytest", "-qm", which, cwd=plugin, environ={ADDRESS_VARIABLE: postgres_server.address})
    assert re.search(rf"^\d+ passed{', .* deselected' if which else ''} in", said, re.MULTILINE), said
    # The templates are in the wheel, too.
    run(python, "-m", "crmkit", "new", "acme-crm", cwd=tmp_path)
    run(python, "-m", "crmkit", "plugin", "new", "repairs", cwd=tmp_path)
    assert "8 passed" in run(python, "-m", "pytest", "-q", cwd=tmp_path / "acme-crm")
    assert (tmp_path / "crmkit-repairs" / "crmkit_repairs" / "locale").is_dir()


def test_the_project_of_the_tutorial_passes_its_tests(project: Path) -> None:
    text = (ROOT / "docs" / "tutorial" / "assemble-a-crm.md").read_text(encoding="utf-8")
    files = re.findall(r"^```\w+ file=acme-crm/(\S+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert [name for name, _ in files] == ["crmkit.toml", "rules/full_service.py", "tests/test_full_service.py"]
    for name, content in files:
        (project / name).write_text(content, encoding="utf-8")
    assert "10 passed" in run(sys.executable, "-m", "pytest", "-q", cwd=project)


def test_types_and_style_are_right(plugin: Path, project: Path, tmp_path: Path) -> None:
    for folder in (plugin, project):
        run(BIN / "ruff", "check", ".", cwd=folder)
        run(BIN / "ruff", "format", "--check", ".", cwd=folder)
        # Kept from run to run: what is imported of crmkit is many modules.
        cache = ("--cache-dir", ROOT / ".mypy_cache" / "scaffolded")
        said = run(
            BIN / "mypy", "--strict", *cache, cwd=folder, environ={"MYPYPATH": os.pathsep.join([".", str(ROOT)])}
        )
        assert "no issues found" in said


def test_a_long_name_makes_no_line_too_long(tmp_path: Path) -> None:
    folder = scaffolded(tmp_path / "plugin", "plugin", "new", "a" * 30)
    run(BIN / "ruff", "check", ".", cwd=folder)
    compiled = (
        "import glob, py_compile; [py_compile.compile(f, doraise=True) for f in glob.glob('**/*.py', recursive=True)]"
    )
    run(sys.executable, "-c", compiled, cwd=folder)
