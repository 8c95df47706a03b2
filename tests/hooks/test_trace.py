"""Tracing by switch."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from crmkit.core.messages import msg
from crmkit.hooks.errors import Failed
from crmkit.hooks.kinds import hookimpl
from crmkit.hooks.records import Refuse
from crmkit.hooks.trace import HookTrace
from tests.hooks.specimens import contexts, plugin, specimens


def told(traces: list[HookTrace]) -> list[tuple[Any, ...]]:
    return [(trace.hook, trace.plugin, trace.outcome, trace.size, trace.error) for trace in traces]


def test_traces_say_who_was_called_with_what_outcome() -> None:
    def fail() -> None:
        raise KeyError("lost")

    hooks = specimens()
    traces: list[HookTrace] = []
    hooks.trace(traces.append)
    hooks.register(plugin(guard_things=hookimpl(lambda call: None)), "a", "dist")
    hooks.register(plugin(guard_things=hookimpl(lambda: Refuse(msg("no")))), "b", "dist")
    hooks.register(plugin(guard_things=hookimpl(lambda: [Refuse(msg("no"))])), "c", "dist")
    hooks.register(plugin(guard_things=hookimpl(fail)), "d", "dist")
    with pytest.raises(Failed):
        hooks.caller("guard_things", entity="customer").invoke(contexts(), SimpleNamespace(size=12))
    assert told(traces) == [
        ("guard_things", "a", "nothing", 12, None),
        ("guard_things", "b", "refused", 12, None),
        ("guard_things", "c", "refused", 12, None),
        ("guard_things", "d", "raised", 12, "KeyError"),
    ]
    assert all(trace.duration >= 0 for trace in traces)


def test_wrappers_are_traced_when_they_are_done() -> None:
    def wrap() -> Any:
        return (yield)

    def wrap_and_fail() -> Any:
        yield
        raise KeyError("late")

    hooks = specimens()
    traces: list[HookTrace] = []
    hooks.trace(traces.append)
    hooks.register(plugin(derive_things=hookimpl(wrapper=True)(wrap)), "around", "dist")
    hooks.register(plugin(derive_things=hookimpl(lambda: [1])), "plain", "dist")
    assert hooks.caller("derive_things").invoke(contexts(), None) == [("plain", [1])]
    assert [(plugin, outcome) for _, plugin, outcome, _, _ in told(traces)] == [("plain", "value"), ("around", "value")]
    hooks.register(plugin(derive_things=hookimpl(wrapper=True)(wrap_and_fail)), "zealous", "dist")
    traces.clear()
    with pytest.raises(Failed):
        hooks.caller("derive_things").invoke(contexts(), None)
    assert [trace.plugin for trace in traces if trace.outcome == "raised"] == ["zealous", "around"]


def test_the_switch_acts_on_callers_that_exist_and_off_leaves_the_plain_function() -> None:
    def follow(ctx: Any, call: Any) -> None: ...

    hooks = specimens()
    hooks.register(plugin(derive_things=hookimpl(follow)), "sales", "dist")
    caller = hooks.caller("derive_things")
    traces: list[HookTrace] = []
    hooks.trace(traces.append)
    caller.invoke(contexts(), None)
    assert len(traces) == 1
    hooks.trace(None)
    caller.invoke(contexts(), None)
    assert len(traces) == 1
    assert caller.impls[0].function is follow
