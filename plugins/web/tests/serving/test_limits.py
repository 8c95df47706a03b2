"""How many requests somebody may send."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar.testing import TestClient

import crmkit_web
from crmkit import Crm
from crmkit.core.values.clock import FixedClock
from crmkit.testing.making import AsUser, MakeCrm
from crmkit_web.serving.limits import Limits
from crmkit_web.serving.problems import Problem
from plugins.web.tests.conftest import Api


@pytest.fixture
def crm(make_crm: MakeCrm) -> Crm:
    return make_crm(plugins=[crmkit_web], config={"plugins": {"web": {"requests": 3}}})


def test_who_asks_too_often_is_told_when_to_come_again(
    api: Api, as_user: AsUser, api_of: Callable[[str], Api], clock: FixedClock, served: TestClient[Any]
) -> None:
    answers = [api.get("/customers") for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert [one.headers["ratelimit"] for one in answers[:3]] == [
        '"requests";r=2;t=4',
        '"requests";r=1;t=7',
        '"requests";r=0;t=10',
    ]
    refused = answers[3]
    assert (refused.headers["ratelimit-policy"], refused.headers["retry-after"]) == ('"requests";q=3;w=10', "4")
    assert refused.json()["code"] == "too_many_requests"
    as_user("* * all", login="other")
    assert api_of("other").get("/customers").status_code == 200
    clock.advance(seconds=4)
    assert api.get("/customers").status_code == 200
    assert api.get("/customers").status_code == 429


@given(quota=st.integers(1, 20), steps=st.lists(st.floats(0, 30, allow_nan=False), max_size=60))
def test_no_window_holds_more_than_twice_the_quota_and_waiting_helps(quota: int, steps: list[float]) -> None:
    limits, now, allowed = Limits(quota, 10), 1_000.0, []
    for step in steps:
        now += step
        try:
            limits.spend("somebody", now)
            allowed.append(now)
        except Problem as problem:
            now += int(problem.headers["retry-after"])
            limits.spend("somebody", now)
            allowed.append(now)
    for start in allowed:
        assert sum(start <= at < start + 10 for at in allowed) <= 2 * quota


def test_no_quota_is_no_limit() -> None:
    limits = Limits(0, 10)
    assert [limits.spend("somebody", 0.0) for _ in range(100)] == [{}] * 100
