"""Bringing an index up to date, step by step and each step in a transaction, until nothing waits."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from crmkit.cli.localized import json_option, option
from crmkit.cli.progress import progress
from crmkit.cli.words import translated, wording

if TYPE_CHECKING:
    from crmkit.runtime.crm import Crm
    from crmkit.store.session import Session

    Step = Callable[[Session, int, bool], tuple[int, bool]]
    """Indexes so many further events, perhaps into an emptied index; returns how many, and whether nothing waits."""

SEARCH_STEP, IDENTIFY_STEP = 20_000, 50_000
"""Events of one step: what stands side by side in the index is written together, which saves most of the work."""

_PATIENCE = 100
"""How often the index waits, a fifth of a second each, for transactions that are writing to end."""


def caught_up(
    crm: Crm,
    step: Step,
    size: int,
    *,
    rebuild: bool = False,
    left: Callable[[Session], int] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> int:
    """Index ``size`` events at a time until nothing waits, and return how many it took.

    ``left`` counts what waits, for ``on_progress``. Raises Conflict when others keep writing; what is done is kept.
    """
    from crmkit.core.errors import Conflict
    from crmkit.core.messages import msg

    taken = waited = 0
    while True:
        with crm.session() as session:
            moved, complete = step(session, size, rebuild)
            waiting = left(session) if left and on_progress and not complete else 0
        taken, rebuild = taken + moved, False
        if on_progress is not None:
            on_progress(taken, taken + waiting)
        if complete:
            return taken
        if moved:
            waited = 0
            continue
        waited += 1
        if waited > _PATIENCE:
            raise Conflict(msg("others keep writing or indexing; what is done is kept, run it again"))
        time.sleep(0.2)


def keep_up(crm: Crm) -> None:
    """Bring all indexes up to date after much was written. What others keep writing meanwhile is left to them."""
    from crmkit.core.errors import Conflict
    from crmkit.services.identify import index as index_for_identify
    from crmkit.services.search import index as index_for_search
    from crmkit.services.search import unindexed

    with suppress(Conflict), progress(translated(wording("indexing"))) as tell:
        caught_up(crm, index_for_search, SEARCH_STEP, left=unindexed, on_progress=tell)
        caught_up(crm, index_for_identify, IDENTIFY_STEP, on_progress=tell)


def index_options(function: Any) -> Any:
    """Give a command ``--rebuild`` and ``--json``."""
    help = wording("Empty the index and make it again.")
    return option("--rebuild", is_flag=True, help=help)(json_option(function))


def run_index(
    step: Step, size: int, rebuild: bool, as_json: bool, left: Callable[[Session], int] | None = None
) -> None:
    """Bring an index up to date and say how many events it took."""
    from crmkit.cli.output import print_json
    from crmkit.cli.running import opened, say
    from crmkit.core.messages import msg

    with opened() as crm, progress(translated(wording("indexing"))) as tell:
        taken = caught_up(crm, step, size, rebuild=rebuild, left=left, on_progress=tell)
    if as_json:
        print_json({"indexed": taken})
    else:
        say(msg("{count} events indexed", count=taken))
