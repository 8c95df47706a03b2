"""Workers killed at random moments lose no job and do none twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.jobs.kill_loop import KillLoop


@pytest.mark.timeout(600)
def test_killed_workers_lose_nothing_and_double_nothing(own_url: str, tmp_path: Path) -> None:
    tally = KillLoop(own_url, tmp_path, jobs=100, kills=3, seed=20).run()
    assert (tally.lost, tally.doubled, tally.kills, tally.states) == (0, 0, 3, {"done": 100})


@pytest.mark.slow
@pytest.mark.timeout(3_600)
def test_fifty_kills_over_five_thousand_jobs(own_url: str, tmp_path: Path) -> None:
    tally = KillLoop(own_url, tmp_path, jobs=5_000, kills=50, seed=4).run()
    assert (tally.lost, tally.doubled, tally.kills, tally.states) == (0, 0, 50, {"done": 5_000})
    assert tally.losses > 0
