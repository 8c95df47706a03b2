"""Recognising somebody among 1,000,000 customers: by an exact key, and by what only resembles.

``exact`` and ``alike`` say what the limits are. Customers, points, numbers and match keys are written past the write path.
"""

from __future__ import annotations

from benchmarks.databases import databases
from benchmarks.figures import Figure
from benchmarks.identify.alike import alike_figures
from benchmarks.identify.exact import exact_figures
from benchmarks.identify.loading import add_reader, fill
from crmkit import Crm


def measure(small: bool) -> list[Figure]:
    """Return the figures for SQLite and PostgreSQL."""
    count, asked = (2_000, 80) if small else (1_000_000, 1_200)
    found: list[Figure] = []
    for database, opened in databases(bound=True):
        with opened() as crm:
            found += figures(crm, database, count, asked)
    return found


def figures(crm: Crm, database: str, count: int, asked: int) -> list[Figure]:
    """Fill the database, ask for so many customers by each key, for a quarter by what resembles, and return figures."""
    known = fill(crm, count, asked)
    reader = add_reader(crm)
    return [
        *exact_figures(crm, database, count, known, reader),
        *alike_figures(crm, database, count, known[: asked // 4]),
    ]
