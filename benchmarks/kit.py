"""What a test pays for a CRM: the fixture ``crm``, in memory, from its request to its use, once everything is imported.

CPU time of child processes, in milliseconds, the least of several rounds. The first CRM of a process runs the statements
of the schema that an earlier process kept in the user's cache folder; those after it copy what came out.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from benchmarks.figures import Figure

ROOT = Path(__file__).resolve().parents[1]

MILLISECONDS = 50.0
"""What a CRM may take."""

CODE = """
from datetime import UTC, datetime
from time import process_time

# What a plugin's tests import anyway.
import alembic, click, sqlalchemy
from crmkit import Crm
from crmkit.core.customer import Customer
from crmkit.core.values.clock import FixedClock
from crmkit.store.migration import create_schema
from crmkit.testing.making import MakeCrm

make = MakeCrm(FixedClock(datetime(2026, 3, 15, tzinfo=UTC)))
for _ in range(5):
    started = process_time()
    crm = make()
    print(process_time() - started)
    with crm.session() as session:
        session.add(Customer(kind="organization", name="Acme"))
    with crm.session() as session:
        assert session.count(Customer) == 1
    make.close()
"""


def measure(small: bool) -> list[Figure]:
    """Return the figures of K1: the first fixture of a process, and those after it, in milliseconds of CPU time."""
    rounds = [_round() for _ in range(2 if small else 8)]
    first, again = min(times[0] for times in rounds), min(min(times[1:]) for times in rounds)
    return [
        Figure(
            name="K1 fixture crm, first of a process",
            ours=first,
            beside=f"{MILLISECONDS:g} ms",
            limit=MILLISECONDS,
            unit="ms",
            at_most=1.0,
            notes="in a process that is not the first of its kind",
        ),
        Figure(
            name="K1 fixture crm, after the first",
            ours=again,
            beside=f"{MILLISECONDS:g} ms",
            limit=MILLISECONDS,
            unit="ms",
            at_most=1.0,
            goal=0.3,
        ),
    ]


def _round() -> list[float]:
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    # What is imported when it is first used would be compiled each time where no bytecode is kept.
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run([sys.executable, "-c", CODE], env=environ, check=True, capture_output=True, text=True)
    return [float(line) * 1000 for line in done.stdout.split()]


if __name__ == "__main__":
    for row in measure(small=False):
        print(row)
