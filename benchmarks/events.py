"""What it costs to deliver events to several subscribers, beside one: the log is read once for all of them.

10,000 customers are saved in batches; each subscriber counts what it is told. Processor time, and each contender on a
database of its own: the same deliveries, to one subscriber and to five.
"""

from __future__ import annotations

from time import process_time
from typing import Any

from benchmarks.databases import Opener, databases
from benchmarks.figures import Figure
from crmkit import Crm
from crmkit.core.customer import Customer
from crmkit.hooks.kinds import hookimpl
from crmkit.runtime.manifest import Manifest

SUBSCRIBERS = 5
AT_MOST = 3.0


class Counting:
    """A plugin that counts the records it is told of."""

    def __init__(self, number: int) -> None:
        self.manifest = Manifest(name=f"counting{number}")
        self.told = 0

    @hookimpl
    def after_records_saved_committed(self, ctx: Any, call: Any) -> None:
        self.told += call.size


def measure(small: bool) -> list[Figure]:
    """Return the figures: delivering 10,000 events to 5 subscribers, on SQLite and on PostgreSQL."""
    events, rounds = (600, 1) if small else (10_000, 3)
    return [_figure(name, opener, events, rounds) for name, opener in databases()]


def _figure(database: str, opener: Opener, events: int, rounds: int) -> Figure:
    best = {1: float("inf"), SUBSCRIBERS: float("inf")}
    for _ in range(rounds):
        for count in best:
            best[count] = min(best[count], _delivered(opener, count, events))
    each = best[1] / events * 1e6
    return Figure(
        name=f"E1 {events:,} events to {SUBSCRIBERS} subscribers, {database}",
        ours=best[SUBSCRIBERS] * 1e3,
        beside="one subscriber",
        limit=best[1] * 1e3,
        unit="ms",
        at_most=AT_MOST,
        notes=f"one subscriber takes {each:.0f} us an event",
    )


def _delivered(opener: Opener, count: int, events: int) -> float:
    """Return the seconds of processor time that delivering takes."""
    with opener() as filled:
        plugins = [Counting(number) for number in range(count)]
        address = filled.database.engine.url.render_as_string(hide_password=False)
        with Crm.open(address, plugins=plugins) as crm:
            # Their places are behind what follows, which is saved by an application without them.
            with filled.session() as session:
                for number in range(events):
                    session.add(Customer(name=f"Customer {number}", kind="organization", industry="steel"))
            started = process_time()
            crm.drain()
            taken = process_time() - started
        if any(plugin.told != events for plugin in plugins):
            raise AssertionError(f"told of {[plugin.told for plugin in plugins]}, not of {events} each")
    return taken
