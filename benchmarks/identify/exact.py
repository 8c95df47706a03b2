"""Recognising by an exact key: a mail address, a phone number, a number in another system.

The limit is a transaction by the driver alone that looks the key up in its index and sees whether the customer lives.
``identify`` opens a session, reads the evidence in all its forms, asks whether the key is shared or was ruled out before,
and says why.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.figures import Figure
from benchmarks.identify.by_hand import BY_NUMBER, BY_POINT, ByHand, key_of
from benchmarks.identify.people import Known
from crmkit import Crm
from crmkit.core.access import Actor
from crmkit.services.identify import Evidence, identify


def exact_figures(crm: Crm, database: str, count: int, known: Sequence[Known], user: Actor) -> list[Figure]:
    by_hand = ByHand(crm)
    sorts: dict[str, tuple[Callable[[Known], Evidence], Callable[[Known], list[Any]]]] = {
        "mail": (lambda one: Evidence(emails=one.email), lambda one: by_hand.ask(BY_POINT, "email", one.email)),
        "phone": (lambda one: Evidence(phones=one.phone), lambda one: by_hand.ask(BY_POINT, "phone", one.phone)),
        "external id": (
            lambda one: Evidence(external=("erp", one.number)),
            lambda one: by_hand.ask(BY_NUMBER, "erp", one.number),
        ),
    }
    found = []
    for what, (evidence, hand) in sorts.items():
        middle = _medians(crm, known, evidence, hand, user)
        for name, limited in (("", False), (", limited rights", True)):
            found.append(
                Figure(
                    name=f"I1 identify by {what} among {count:,}{name}, {database}",
                    ours=middle["limited" if limited else "ours"],
                    beside="the look-up by hand",
                    limit=middle["hand"],
                    unit="us",
                    at_most=15.0 if limited else 5.0,
                )
            )
    by_hand.close()
    return found


def _medians(
    crm: Crm,
    known: Sequence[Known],
    evidence: Callable[[Known], Evidence],
    hand: Callable[[Known], list[Any]],
    user: Actor,
) -> dict[str, float]:
    """Return the middle of the times, in microseconds, of each way; they take turns."""

    def ask(actor: Actor) -> Callable[[Known], Any]:
        def run(one: Known) -> Any:
            with crm.session(actor, reads=True) as session:
                return identify(session, evidence(one))

        return run

    ways: dict[str, Callable[[Known], Any]] = {"ours": ask(crm.system), "hand": hand, "limited": ask(user)}
    times: dict[str, list[float]] = {name: [] for name in ways}
    names = list(ways)
    for place, one in enumerate(known):
        # Nobody is asked for twice, so that no way finds in a cache what another one put there.
        name = names[place % len(names)]
        start = time.perf_counter()
        got = ways[name](one)
        times[name].append(time.perf_counter() - start)
        found = [row[0] for row in got] if name == "hand" else [key_of(crm, got.customer_id)] if got.customer_id else []
        assert found == [key_of(crm, one.id)], (one, got)
    return {name: statistics.median(values) * 1e6 for name, values in times.items()}
