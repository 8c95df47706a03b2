"""What importing a plugin costs, beside importing what every plugin imports."""

from __future__ import annotations

import os
import subprocess
import sys

from crmkit.testing.contract.faults import fail
from crmkit.testing.contract.subject import Subject

ROUNDS = 3
FACE = "crmkit.plugin"


def check_import_time(subject: Subject, at_most: float) -> None:
    """Importing its module takes at most ``at_most`` times the CPU time of importing ``crmkit.plugin`` alone.

    Not looked at on Windows, which does not tell the CPU time of children.
    """
    if sys.platform == "win32":
        return
    module = getattr(subject.plugin, "__name__", "") or type(subject.plugin).__module__
    if not _importable(module):
        return
    alone, with_it = _interleaved([FACE], [FACE, module])
    if with_it > alone * at_most:
        fail(
            f"importing {module} takes {with_it / alone:.1f} times as long as {FACE} alone; at most {at_most} is fine",
            "import heavy libraries, and modules of commands, inside the functions that need them",
        )


def _interleaved(*contenders: list[str]) -> list[float]:
    """Return the least CPU seconds of each; they take turns, so that a busy moment hits all of them."""
    best = [float("inf")] * len(contenders)
    for _ in range(ROUNDS):
        for place, modules in enumerate(contenders):
            best[place] = min(best[place], _cpu(f"import {', '.join(modules)}"))
    return best


def _importable(module: str) -> bool:
    """Tell whether a new process finds the module: one of a test's own making is nowhere to be imported from."""
    return (
        subprocess.run([sys.executable, "-c", f"import {module}"], env=_environ(), capture_output=True).returncode == 0
    )


def _cpu(code: str) -> float:
    import resource

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], env=_environ(), check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def _environ() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
