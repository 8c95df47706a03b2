"""Sales reports over 200,000 opportunities with some 600,000 intervals of history: funnel, forecast, leaderboard.

By hand each is the best SQL that was found for the same answer on the same tables, with the conditions that every read
has (tenant, living records), run by the driver through an open cursor; it names no index. Ours opens a session, asks,
and folds what comes back into the report. Two of them read the opportunities alone, two the whole history.
"""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import crmkit_sfa
from benchmarks.databases import databases
from benchmarks.figures import Figure
from benchmarks.sales.by_hand import ByHand, Timed
from benchmarks.sales.filling import NOW, fill
from crmkit import Crm
from crmkit.core.values.clock import FixedClock
from crmkit_sfa.forecasting.forecast import forecast
from crmkit_sfa.funnel.cohort import cohort_funnels
from crmkit_sfa.funnel.leaderboard import leaderboard

PAST = datetime(2025, 8, 1, tzinfo=UTC)
QUARTER = date(2026, 1, 1), date(2026, 4, 1)
PAST_QUARTER = date(2025, 7, 1), date(2025, 10, 1)

NAMES = {
    "funnel": "R1 funnel, whole history",
    "leaderboard": "R2 leaderboard by salesperson",
    "forecast": "R3 forecast by salesperson",
    "past": "R4 forecast as it stood months ago",
}


def measure(small: bool) -> list[Figure]:
    """Return the figures for SQLite and PostgreSQL."""
    opportunities, rounds = (2_000, 2) if small else (200_000, 5)
    found: list[Figure] = []
    for database, opened in databases(clock=FixedClock(NOW), plugins=[crmkit_sfa]):
        with opened() as crm:
            fill(crm, opportunities)
            found += compare(crm, database, rounds)
    return found


def compare(crm: Crm, database: str, rounds: int) -> list[Figure]:
    """Return the figures of a database that is filled."""
    connection = crm.database.acquire(reads=True)
    cursor = connection.connection.cursor()
    timed = _timed(crm, ByHand(crm, cursor, NOW))
    _check(timed)
    best = {name: [float("inf"), float("inf")] for name in timed}
    # In turn, so that a slow moment of the machine hits both.
    for _ in range(rounds):
        for name, pair in timed.items():
            for side, run in enumerate(pair):
                start = time.perf_counter()
                run()
                best[name][side] = min(best[name][side], (time.perf_counter() - start) * 1e3)
    cursor.close()
    crm.database.release(connection, reads=True)
    return [
        Figure(
            name=f"{NAMES[name]}, {database}",
            ours=ours,
            beside="the same answer by hand",
            limit=by_hand,
            unit="ms",
            at_most=2.0,
            goal=1.2,
        )
        for name, (ours, by_hand) in best.items()
    ]


def _timed(crm: Crm, hand: ByHand) -> Timed:
    def asked(report: Any, **options: Any) -> Any:
        def run() -> Any:
            with crm.session(reads=True) as session:
                return report(crm.context(session, "sfa"), **options)

        return run

    return {
        "funnel": (asked(cohort_funnels), hand.funnel),
        "leaderboard": (asked(leaderboard, by="owner"), hand.leaderboard),
        "forecast": (asked(forecast, by="owner"), lambda: hand.forecast(*QUARTER)),
        "past": (
            asked(forecast, by="owner", at=PAST, day=PAST_QUARTER[0]),
            lambda: hand.past(*PAST_QUARTER, PAST),
        ),
    }


def _check(timed: Timed) -> None:
    """Make sure that both give the same answers."""
    (funnel,), (ways, _) = (run() for run in timed["funnel"])
    reached = Counter[int]()
    for way, category, _, _, deals in ways:
        stood = [int(letter) for letter in way if letter.isdigit()]
        for place in range(4 if category == "won" else max(stood) + 1):
            reached[place] += deals
    assert [stage.reached for stage in funnel.stages] == [reached[place] for place in range(4)], "deals that reached"
    ours, by_hand = (run() for run in timed["leaderboard"])
    assert ours.total.won == sum(row[4] for row in by_hand if row[1] == "won"), "won deals"
    assert ours.total.value == _worth(row for row in by_hand if row[1] == "won"), "value of won deals"
    for name in ("forecast", "past"):
        ours, by_hand = (run() for run in timed[name])
        dated = [row for row in by_hand if row[1] == "won" or not row[7]]
        assert ours.periods[0].total.whole == _worth(dated), f"{name}: everything in the period"
        commit = [row for row in dated if row[1] == "open" and row[2] == "commit"]
        assert ours.periods[0].total.amounts["commit"] == _worth(commit), f"{name}: what is committed"


def _worth(rows: Any) -> Decimal:
    """Return the sum of rows that end with currency, day, ..., amount, in EUR: a CNY is 0.125 of one."""
    total = Decimal(0)
    for row in rows:
        amount = Decimal(row[-1])
        if isinstance(row[-1], int):
            amount = amount.scaleb(-6)
        total += amount * Decimal("0.125") if "CNY" in row else amount
    return total


if __name__ == "__main__":
    for row in measure(small=False):
        print(row)
