"""The benchmarks run: a small round of each, whose answers they check themselves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.__main__ import NAMES

ROOT = Path(__file__).parents[2]
KEYS = {"name", "ours", "beside", "limit", "unit", "at_most", "goal", "notes", "ratio", "holds"}


def benchmarks(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run ``python -m benchmarks`` in a folder, which the file of figures goes to."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "CRMKIT_DISABLE": ""}
    line = [sys.executable, "-m", "benchmarks", *words]
    return subprocess.run(line, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def slow(*of: Any) -> Any:
    """Mark a benchmark whose small run still takes long."""
    return pytest.param(*of, marks=pytest.mark.slow, id=" ".join(of[0]))


@pytest.mark.parametrize(
    ("names", "workloads"),
    [
        slow(["hooks", "startup"], ["W5", "W5", "W5", "W9", "W9", "W9"]),
        slow(["customers", "contacts"], ["W1"] * 4 + ["W2"] * 4),
        (["events"], ["E1"] * 2),
        slow(["identify"], (["I1"] * 6 + ["I2"] * 2) * 2),
        slow(["jobs"], ["J1", "J2"] * 2),
        (["kit"], ["K1", "K1"]),
        (["lists"], ["L1", "L2"] * 6),
        slow(["opportunities"], ["R5"] * 2),
        slow(["sales"], ["R1", "R2", "R3", "R4"] * 2),
        slow(["search"], ["F1"] * 8),
        (["segments"], ["S1", "S1", "S2"] * 2),
        slow(["serving"], ["H1", "H2", "H3", "H4", "H5", "H6"] * 2 + ["H7"] * 2),
        slow(["timeline"], ["T1", "T1", "T1", "T2"] * 2),
    ],
    ids=" ".join,
)
def test_a_small_run_measures_every_workload(tmp_path: Path, names: list[str], workloads: list[str]) -> None:
    done = benchmarks(tmp_path, "--small", *names)
    assert done.returncode == 0, done.stderr
    assert "Small run" in done.stdout
    figures = json.loads((tmp_path / "benchmarks.json").read_text("utf-8"))
    assert [figure["name"].split()[0] for figure in figures] == workloads
    for figure in figures:
        assert set(figure) == KEYS
        assert figure["ours"] > 0
        assert figure["limit"] > 0
        assert figure["ratio"] == pytest.approx(figure["ours"] / figure["limit"], abs=0.001)
        assert figure["name"] in done.stdout


def test_a_name_that_is_no_benchmark_is_refused(tmp_path: Path) -> None:
    done = benchmarks(tmp_path, "--small", "hoks")
    assert done.returncode == 2
    assert done.stderr == f"no benchmark hoks; there are {', '.join(NAMES)}\n"
    assert not (tmp_path / "benchmarks.json").exists()
