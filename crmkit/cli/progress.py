"""How far long work is, on the standard error and only to somebody who watches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Tell(Protocol):
    """Takes how much of how much is done, and a new description; what is left out stays."""

    def __call__(self, done: int, total: int | None = None, /, *, description: str | None = None) -> None:
        """Show it."""


@contextmanager
def progress(description: str = "", *, percent: bool = False) -> Iterator[Tell | None]:
    """Show a bar while the block runs: how many of how many are done, or ``percent`` and the time that is left.

    Gives None where nobody watches.
    """
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    figures = (TaskProgressColumn(), TimeRemainingColumn()) if percent else (MofNCompleteColumn(), TimeElapsedColumn())
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), *figures)
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(description, total=None)

        def tell(done: int, total: int | None = None, /, *, description: str | None = None) -> None:
            bar.update(task, completed=done, total=total, description=description)

        yield tell
