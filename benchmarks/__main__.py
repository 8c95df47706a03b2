"""Runs the benchmarks, prints a table with the limits and writes ``benchmarks.json``.

    python -m benchmarks [--small] [NAME ...]

``--small`` is for CI: few repetitions, to see that the benchmarks work and that their answers are right; it judges no
figure. Without it, the exit code is 1 when a figure is beyond its bound.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from benchmarks.figures import Figure

NAMES = (
    "contacts",
    "customers",
    "events",
    "hooks",
    "identify",
    "jobs",
    "kit",
    "lists",
    "merging",
    "opportunities",
    "sales",
    "search",
    "segments",
    "serving",
    "startup",
    "timeline",
)


def main(arguments: list[str]) -> int:
    """Run the benchmarks named, by default all, and return the exit code."""
    small = "--small" in arguments
    names = [name for name in arguments if not name.startswith("-")] or list(NAMES)
    unknown = sorted(set(names) - set(NAMES))
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    figures: list[Figure] = []
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        for name in names:
            task = progress.add_task(name)
            figures += import_module(f"benchmarks.{name}").measure(small)
            progress.remove_task(task)
    Console(width=None if sys.stdout.isatty() else 160).print(table(figures, small))
    Path("benchmarks.json").write_text(json.dumps([figure.row() for figure in figures], indent=2) + "\n")
    return 0 if small or all(figure.holds for figure in figures) else 1


def table(figures: list[Figure], small: bool) -> Table:
    """Return the figures as a table."""
    made = Table(title="Small run: figures are not judged" if small else "Benchmarks", title_justify="left")
    for heading in ("Workload", "Ours", "Limit", "Measured against", "Ratio", "At most", "Goal", "Holds"):
        made.add_column(heading, justify="left" if heading in ("Workload", "Measured against") else "right")
    for figure in figures:
        made.add_row(
            figure.name + (f"\n[dim]{figure.notes}[/dim]" if figure.notes else ""),
            f"{figure.ours:,.1f} {figure.unit}",
            f"{figure.limit:,.1f} {figure.unit}",
            figure.beside,
            f"{figure.ratio:.2f}",
            f"{figure.at_most:g}",
            "-" if figure.goal is None else f"{figure.goal:g}",
            "-" if small else "yes" if figure.holds else "[red]no[/red]",
        )
    return made


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
