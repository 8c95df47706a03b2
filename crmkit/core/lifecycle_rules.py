"""Which rules act on a record, in which order and when. Pure: given the same facts, the same steps.

Steps are dated when they came due, not when somebody looked: looking seldom gives the history that looking often does.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from crmkit.core.frozen import frozen
from crmkit.core.lifecycle_definition import LifecycleDefinition, RuleDefinition

MAX_STEPS = 1_000
"""More steps of one record at a time than any history has."""


@frozen
class Standing:
    """Where a record stands. ``chosen``: a person or an import put it there; ``first``: nothing came before.

    ``by`` is the rule that put it there: one that waited without an event knew of none for that long, so an event of
    that time which is recorded later is news.
    """

    stage: str
    since: datetime
    chosen: bool = True
    first: bool = False
    by: RuleDefinition | None = None


@frozen
class Step:
    """A rule leads a record to ``stage`` at the instant ``at``."""

    rule: RuleDefinition
    stage: str
    at: datetime


class RuleLoop(Exception):
    """Rules lead a record back to a stage without any time passing. ``rules`` are their names, in turn."""

    def __init__(self, rules: Sequence[str]) -> None:
        super().__init__(" -> ".join(rules))
        self.rules = tuple(rules)


def steps_due(
    definition: LifecycleDefinition,
    standing: Standing,
    events: Mapping[str, Sequence[datetime]],
    holding: Collection[str],
    now: datetime,
) -> list[Step]:
    """Return the steps that rules take a record until ``now``, oldest first.

    ``events`` are the instants of each event in ascending order, ``holding`` the names of the rules whose ``when``
    holds. Of several rules the one that comes due first acts; of those, the one defined first. Raises RuleLoop.
    """
    steps: list[Step] = []
    seen = {(standing.stage, standing.since)}
    while True:
        found: Step | None = None
        for rule in definition.rules:
            if standing.stage in rule.from_ and (not rule.when or rule.name in holding):
                at = due(rule, standing, events.get(rule.on or rule.without, ()), now)
                if at is not None and at <= now and (found is None or at < found.at):
                    found = Step(rule, rule.to, at)
        if found is None:
            return steps
        steps.append(found)
        if (found.stage, found.at) in seen or len(steps) > MAX_STEPS:
            raise RuleLoop([step.rule.name for step in steps if step.at == found.at][-10:])
        seen.add((found.stage, found.at))
        standing = Standing(found.stage, found.at, chosen=False, by=found.rule)


def due(rule: RuleDefinition, standing: Standing, times: Sequence[datetime], now: datetime) -> datetime | None:
    """Return when ``rule`` comes due for a record, or None when it does not by what is known now."""
    if rule.on:
        late = standing.by.after if standing.by is not None and standing.by.without == rule.on else timedelta()
        place = 0 if rule.past and standing.first else bisect_right(times, standing.since - late)
        return max(times[place] + rule.after, standing.since) if place < len(times) else None
    if rule.without:
        place = bisect_right(times, standing.since)
        last = standing.since if standing.chosen or not place else times[place - 1]
        while place < len(times) and times[place] <= last + rule.after:
            last = times[place]
            place += 1
        return max(last + rule.after, standing.since)
    ripe = standing.since + rule.after
    # What a filter says is known of this moment alone.
    return ripe if not rule.when or ripe > now else now
