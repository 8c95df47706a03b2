"""Work in the background: are events delivered, jobs done, and is the index complete?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from crmkit.core.messages import msg
from crmkit.runtime.health.finding import Finding, fault, fine, warning

if TYPE_CHECKING:
    from crmkit.runtime.crm import Crm

LAGGING = 1_000
"""Events that may wait for a subscriber before anybody should look."""

LATE_SECONDS = 300.0
"""How long work may wait before somebody should look."""


def index_is_complete(crm: Crm) -> Iterator[Finding]:
    """Does the index of search know everything?"""
    from crmkit.services.search import unindexed

    with crm.session(reads=True) as session:
        waiting = unindexed(session)
    if waiting > LAGGING:
        problem = msg("{count} events are not in the index of search yet: what is new is found late", count=waiting)
        yield warning("search", "index_behind", problem, msg("run crmkit search index"))
    else:
        yield fine("search", "index_complete", msg("the index of search is up to date"))


def events_are_delivered(crm: Crm) -> Iterator[Finding]:
    """Do subscribers keep up, and is nothing parked?"""
    found: list[Finding] = []
    for one in crm.events.health().subscribers:
        about = {"subscriber": one.subscriber}
        if not one.active:
            problem = msg("{subscriber} is not there any more and keeps its place in the event log", **about)
            advice = msg("install the plugin again, or remove what is left of it")
            found.append(warning("events", "absent", problem, advice))
            continue
        if one.failed:
            problem = msg("{subscriber}: {count} events are parked and wait for somebody", **about, count=one.failed)
            advice = msg("look at them with crmkit events parked, then retry or discard them")
            found.append(fault("events", "parked", problem, advice))
        if one.resting_until is not None:
            problem = msg("{subscriber} rests, since what it needs is away", **about)
            found.append(warning("events", "resting", problem, msg("see why: crmkit events subscribers")))
        if one.kind != "index" and one.lag > LAGGING and one.lag_seconds > LATE_SECONDS:
            problem = msg("{subscriber} is {count} events behind", **about, count=one.lag)
            found.append(warning("events", "behind", problem, msg("keep a worker running: crmkit worker")))
    yield from found or [fine("events", "delivered", msg("no subscriber is behind, no event is parked"))]


def jobs_are_done(crm: Crm) -> Iterator[Finding]:
    """Are there workers, and is nothing parked?"""
    found: list[Finding] = []
    health = crm.jobs.health()
    needed = bool(health.waiting or crm.jobs.schedules)
    if not health.alive and needed:
        tell = fault if _oldest_seconds(crm) > LATE_SECONDS else warning
        problem = msg("no worker is alive, and {count} jobs are due", count=health.waiting)
        found.append(tell("jobs", "no_worker", problem, msg("start one: crmkit worker")))
    for worker in health.workers:
        if worker.alive and worker.hanging:
            problem = msg("worker {worker} has {count} jobs that do not end", worker=worker.id, count=worker.hanging)
            found.append(warning("jobs", "hanging", problem, msg("see crmkit jobs list; restart the worker")))
    for queue in health.queues:
        if queue.parked:
            problem = msg("{count} jobs of {plugin} are parked after failing", count=queue.parked, plugin=queue.plugin)
            advice = msg("look at them with crmkit jobs list --state parked, then retry or discard them")
            found.append(fault("jobs", "parked", problem, advice))
        if queue.unknown:
            problem = msg(
                "{count} jobs are of {plugin}, which has no such jobs", count=queue.unknown, plugin=queue.plugin
            )
            found.append(warning("jobs", "unknown", problem, msg("install the plugin again, or cancel them")))
    for name in health.late_schedules:
        problem = msg("nobody looks after the schedule {name}", name=name)
        found.append(fault("jobs", "late_schedule", problem, msg("start a worker: crmkit worker")))
    if not found:
        found.append(fine("jobs", "done", msg("{count} workers are alive, no job is parked", count=health.alive)))
    yield from found


def _oldest_seconds(crm: Crm) -> float:
    """Return for how long the oldest job has been due."""
    oldest = [queue.oldest for queue in crm.jobs.health().queues if queue.oldest is not None]
    return (crm.clock.now() - min(oldest)).total_seconds() if oldest else 0.0
