"""Causes and loops."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.errors import HookLoop
from crmkit.hooks.causation import DEPTH_LIMIT, ROOT, Cause, repeating

EVENT = UUID(int=1)


@given(st.lists(st.text(min_size=1), max_size=DEPTH_LIMIT))
def test_cause_keeps_its_event_and_the_whole_chain(steps: list[str]) -> None:
    cause = Cause(EVENT)
    for step in steps:
        cause = cause.deeper(step)
    assert (cause.event_id, cause.chain, cause.depth) == (EVENT, tuple(steps), len(steps))


def test_causes_do_not_change() -> None:
    assert ROOT.deeper("a").deeper("b").chain == ("a", "b")
    assert ROOT.chain == ()


def test_loop_is_stopped_one_past_the_limit_and_shows_its_cycle() -> None:
    cause = ROOT.deeper("import")
    steps = ["sales.derive_records(order)", "loyalty.derive_records(points)"]
    for number in range(DEPTH_LIMIT - 1):
        cause = cause.deeper(steps[number % 2])
    with pytest.raises(HookLoop) as caught:
        cause.deeper(steps[(DEPTH_LIMIT - 1) % 2])
    assert caught.value.cycle == (steps[1], steps[0], steps[1])
    assert " -> ".join(caught.value.cycle) in str(caught.value)


def test_limit_can_be_set() -> None:
    assert ROOT.deeper("a", limit=1).depth == 1
    with pytest.raises(HookLoop):
        ROOT.deeper("a", limit=1).deeper("b", limit=1)


@given(st.lists(st.sampled_from("abc"), min_size=1))
def test_cycle_is_the_end_of_the_chain_and_closes_when_a_step_repeats(steps: list[str]) -> None:
    chain = tuple(steps)
    cycle = repeating(chain)
    assert chain[len(chain) - len(cycle) :] == cycle
    if chain.count(chain[-1]) > 1:
        assert cycle[0] == cycle[-1]
        assert cycle.count(cycle[0]) == 2
    else:
        assert cycle == chain
