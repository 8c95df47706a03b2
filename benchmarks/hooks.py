"""What a hook call costs, beside a plain loop over the same functions and pluggy's own call, measured side by side.

Interleaved minimums: the contenders take turns and each keeps its best time, so that a busy moment of the machine
hits all of them and the ratios stay true.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter_ns
from types import SimpleNamespace
from typing import Any

import pluggy

from benchmarks.figures import Figure
from crmkit.hooks.callers import Caller
from crmkit.hooks.contexts import Contexts
from crmkit.hooks.dispatch import Hooks
from crmkit.hooks.kinds import PROJECT, hookimpl
from crmkit.hooks.records import RecordBatch, RecordSpecs
from crmkit.hooks.run import run_guard
from crmkit.runtime.tracing import SpanTree


class Agreeing:
    """A plugin whose guard has nothing against anything."""

    @hookimpl
    def guard_records(self, ctx: Any, call: RecordBatch) -> None:
        return None


NANOSECONDS_OF_NOTHING = 100.0
"""What a call without implementations may cost."""


def measure(small: bool) -> list[Figure]:
    """Return the figures of W5: a call of 0 and of 5 implementations, and what a trace costs that is switched off."""
    rows = [_row(count, rounds=15 if small else 60, calls=2_000 if small else 10_000) for count in (0, 5)]
    none, five = rows
    notes = "direct loop {direct_loop_ns} ns, pluggy {pluggy_ns} ns, with the guard's error policy {run_guard_ns} ns"
    return [
        Figure(
            name="W5 hook call, 0 implementations",
            ours=none["ours_ns"],
            beside="100 ns",
            limit=NANOSECONDS_OF_NOTHING,
            unit="ns",
            at_most=1.0,
            notes=notes.format(**none),
        ),
        Figure(
            name="W5 hook call, 5 implementations",
            ours=five["ours_ns"],
            beside="pluggy's own call",
            limit=five["pluggy_ns"],
            unit="ns",
            at_most=1.0,
            goal=0.1,
            notes=notes.format(**five),
        ),
        _trace(rounds=15 if small else 60, calls=2_000 if small else 10_000),
    ]


def _row(count: int, rounds: int, calls: int) -> dict[str, Any]:
    hooks = Hooks()
    raw = pluggy.PluginManager(PROJECT)
    raw.add_hookspecs(RecordSpecs)
    functions = []
    for number in range(count):
        plugin = Agreeing()
        hooks.register(plugin, f"plugin{number}", "benchmark")
        raw.register(plugin)
        functions.append(plugin.guard_records)
    caller = hooks.caller("guard_records", entity="customer")
    direct = tuple(functions)
    ctx, call = SimpleNamespace(), RecordBatch("customer", ())
    contexts = Contexts(lambda plugin: ctx)
    guard = raw.hook.guard_records

    def nothing(times: range) -> None:
        for _ in times:
            pass

    def invoke(times: range) -> None:
        for _ in times:
            caller.invoke(contexts, call)

    def with_policy(times: range) -> None:
        for _ in times:
            run_guard(caller, contexts, call)

    def skipped(times: range) -> None:
        for _ in times:
            if caller.has_impls:
                run_guard(caller, contexts, call)

    def loop(times: range) -> None:
        for _ in times:
            results: list[Any] = []
            for function in direct:
                value = function(ctx, call)
                if value is not None:
                    results.append(value)

    def pluggys(times: range) -> None:
        for _ in times:
            guard(ctx=ctx, call=call)

    best = _interleaved([nothing, invoke, with_policy, skipped, loop, pluggys], rounds, calls)
    empty, ours, run, skip, plain, theirs = best
    ours, run, skip, plain, theirs = (round(value - empty, 1) for value in (ours, run, skip, plain, theirs))
    return {
        "benchmark": "hook call",
        "implementations": count,
        "ours_ns": ours,
        "run_guard_ns": run,
        "has_impls_then_run_ns": skip,
        "direct_loop_ns": plain,
        "pluggy_ns": theirs,
        "ours_over_pluggy": round(ours / theirs, 3),
        "ours_over_direct": round(ours / max(plain, 0.1), 2),
    }


def _trace(rounds: int, calls: int) -> Figure:
    """A call of 5 implementations whose trace was switched on and off again, beside one that was never traced."""
    callers = []
    for _ in range(3):
        hooks = Hooks()
        for number in range(5):
            hooks.register(Agreeing(), f"plugin{number}", "benchmark")
        callers.append((hooks, hooks.caller("guard_records", entity="customer")))
    (_, never), (off_hooks, off), (on_hooks, on) = callers
    off_hooks.measure(SpanTree())
    off_hooks.measure(None)
    on_hooks.measure(SpanTree())
    ctx, call = SimpleNamespace(), RecordBatch("customer", ())
    contexts = Contexts(lambda plugin: ctx)

    def invoking(caller: Caller) -> Callable[[range], None]:
        def invoke(times: range) -> None:
            for _ in times:
                caller.invoke(contexts, call)

        return invoke

    # Apart from the one that is on, whose many objects would disturb the others.
    # Twice each, since whoever comes later in a round is slower by a few hundredths.
    turns = _interleaved([invoking(caller) for caller in (off, never, never, off)], 2 * rounds, calls)
    switched_off, plain = min(turns[0], turns[3]), min(turns[1], turns[2])
    (switched_on,) = _interleaved([invoking(on)], 5, calls // 10)
    return Figure(
        name="W5 hook trace, switched off",
        ours=switched_off,
        beside="a call that was never traced",
        limit=plain,
        unit="ns",
        # The same functions are called in the same way; what is left is the machine's noise.
        at_most=1.05,
        goal=1.0,
        notes=f"switched on {switched_on:,.0f} ns",
    )


def _interleaved(contenders: list[Callable[[range], None]], rounds: int, calls: int) -> list[float]:
    best, times = [float("inf")] * len(contenders), range(calls)
    for _ in range(rounds):
        for place, contender in enumerate(contenders):
            started = perf_counter_ns()
            contender(times)
            best[place] = min(best[place], (perf_counter_ns() - started) / calls)
    return best


if __name__ == "__main__":
    for row in measure(small=False):
        print(row)
