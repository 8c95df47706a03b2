"""Recognising by what only resembles: a mistyped name with a date of birth, a name turned round with a postal code ...

The limits are 50 ms for 95 of 100, and what somebody would write by hand who has the same match keys: the query for those who
share most of them, and two that read what is compared, by the driver alone. By hand, nobody is compared.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Sequence

from benchmarks.figures import Figure
from benchmarks.identify.by_hand import ByHand
from benchmarks.identify.people import Known, blurred
from crmkit import Crm
from crmkit.core.matching import match_keys
from crmkit.services.identify import identify
from crmkit.services.identify.evidence import read_evidence


def alike_figures(crm: Crm, database: str, count: int, known: Sequence[Known]) -> list[Figure]:
    drawn, by_hand = random.Random(11), ByHand(crm)
    ours: list[float] = []
    theirs: list[float] = []
    right = 0
    for place, one in enumerate(known):
        evidence = blurred(drawn, one, place)
        times = []
        for _ in range(2):
            start = time.perf_counter()
            with crm.session(reads=True) as session:
                found = identify(session, evidence)
            times.append(time.perf_counter() - start)
        assert not found.behind
        right += one.id in (found.customer_id, *[candidate.customer_id for candidate in found.candidates])
        ours.append(min(times))
        keys = match_keys(read_evidence(evidence).party)
        times = []
        for _ in range(2):
            start = time.perf_counter()
            by_hand.candidates(keys)
            times.append(time.perf_counter() - start)
        theirs.append(min(times))
    by_hand.close()
    assert right >= 0.8 * len(known), f"only {right} of {len(known)} were found"
    slow, slow_hand = (_p95(times) for times in (ours, theirs))
    notes = f"the middle one takes {statistics.median(ours) * 1e3:.1f} ms; {right / len(known):.0%} found"
    return [
        Figure(
            name=f"I2 identify resemblance among {count:,}, {database}",
            ours=slow,
            beside="95 of 100 within 50 ms",
            limit=50.0,
            unit="ms",
            at_most=1.0,
            goal=0.5,
            notes=notes,
        ),
        Figure(
            name=f"I2 identify resemblance among {count:,}, {database}",
            ours=slow,
            beside="the candidates, read by hand",
            limit=slow_hand,
            unit="ms",
            at_most=5.0,
        ),
    ]


def _p95(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=20)[-1] * 1e3
