"""Events that come again, and in another order."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from uuid import UUID

from crmkit.core.cloud_events import event_source
from crmkit.core.errors import CrmError
from crmkit.core.journal import Event
from crmkit.hooks.causation import Cause
from crmkit.hooks.events import CommittedEvents
from crmkit.hooks.kinds import Kind
from crmkit.hooks.run import run_notify
from crmkit.runtime.crm import Crm
from crmkit.runtime.taking import OUTSIDE_HOOK, raise_failure
from crmkit.runtime.telling import tell
from crmkit.store.ordering_keys import customers_of
from crmkit.testing.contract.faults import fail
from crmkit.testing.contract.subject import Subject
from crmkit.testing.contract.world import Step, Story, differences, happen, state_of, story_of
from crmkit.testing.hook_calls import HookCalls

Further = Callable[[UUID], Sequence[Step]]

ROUNDS = 20
"""How often what a plugin writes may cause it to write again."""

SIZES = range(1, 8)
"""How many events come at once where a delivery brings them in pieces."""


def check_repeated(subject: Subject, further: Further | None = None) -> None:
    """A batch of events that a plugin is told twice leaves what it leaves when it is told once."""
    crm = subject.open(quiet=True)
    waiting = subject.hooks(crm, Kind.NOTIFY)
    if not waiting:
        return
    calls = HookCalls(crm)
    story = story_of(subject, crm, "Anna", further)
    place = 0
    for scene in story.scenes:
        for step in scene:
            happen(crm, step)
        events = _since(crm, place)
        if not events:
            continue
        place = _tell_all(crm, subject, place)
        _tell_again(crm, subject, story, events, "right away")
        place = _end(crm)
    _tell_again(crm, subject, story, _since(crm, 0), "all over")
    silent = [hook for hook in waiting if not calls.of(hook, subject.name)]
    calls.stop()
    if silent:
        warnings.warn(
            f"nothing in the story of the contract calls {', '.join(silent)} of {subject.name}, so this check proves "
            "nothing about it: override `story` with a step that does",
            stacklevel=2,
        )


def check_reordered(subject: Subject, further: Further | None = None) -> None:
    """Events of different customers may come in any order, in any pieces: the end is the same."""
    first, second = subject.open(quiet=True), subject.open(quiet=True)
    if not subject.hooks(first, Kind.NOTIFY):
        return
    stories = [story_of(subject, first, name, further) for name in ("Anna", "Bruno")]
    ids = {id for story in stories for id in story.ids}
    for crm, order, pieces in ((first, [0, 1], False), (second, [1, 0], True)):
        told: list[list[Event]] = []
        for story in stories:
            place = _end(crm)
            for step in story.steps:
                happen(crm, step)
            told.append(_since(crm, place))
        place = _end(crm)
        for number in order:
            for batch in _pieces(told[number]) if pieces else [told[number]]:
                _tell(crm, subject, batch)
        _tell_all(crm, subject, place)
    found = differences(state_of(first, ids), state_of(second, ids))
    if found:
        fail(
            [f"after delivery in another order: {line}" for line in found],
            "work from the records as they are now, not from the order or the number of events; what must come first "
            "for one customer does",
        )


def _tell_again(crm: Crm, subject: Subject, story: Story, events: Sequence[Event], when: str) -> None:
    before, place = state_of(crm, story.ids), _end(crm)
    _tell(crm, subject, events)
    _tell_all(crm, subject, place)
    found = differences(before, state_of(crm, story.ids))
    if found:
        fail(
            [f"after the same events came again, {when}: {line}" for line in found],
            "find out what was done already: by a unique key, by an interaction's channel and key, by the id of the "
            "event (call.events), or for a job by its key",
        )


def _tell_all(crm: Crm, subject: Subject, place: int) -> int:
    """Tell the plugin every event behind a place, also those that it causes; returns the new place."""
    for _ in range(ROUNDS):
        events = _since(crm, place)
        if not events:
            return place
        place = events[-1].position
        _tell(crm, subject, events)
    fail(
        f"what {subject.name} writes when it is told of events goes on and on",
        "write nothing in answer to what the plugin wrote itself: nothing changed, nothing to be done",
    )


def _tell(crm: Crm, subject: Subject, events: Sequence[Event]) -> None:
    """Tell the plugin of events in a transaction of its own, as a delivery does."""
    last = events[-1]
    cause = Cause(event_id=last.id, chain=("",) * (last.depth + 1))
    try:
        with crm.session(crm.system.for_plugin(subject.name), cause=cause) as session, session.lent():
            tell(session, subject.name, events, cause)
            session.flush()
        _tell_outside(crm, subject, events, cause)
        if any(job.plugin == subject.name for job in crm.jobs.declared.values()):
            # What it had put off is done at once, so that work that was enqueued twice shows.
            crm.jobs.run_due(subject.name)
    except CrmError as error:
        fail(
            [f"told of {last.type} and {len(events) - 1} events before it, it fails:", *error.lines()],
            "records may be changed, merged, deleted or erased before a plugin is told of them, and events may come again",
        )


def _tell_outside(crm: Crm, subject: Subject, events: Sequence[Event], cause: Cause) -> None:
    """Tell the plugin of events where it does something elsewhere with them."""
    if subject.name not in crm.hooks.order(OUTSIDE_HOOK):
        return
    tenant = crm.system.tenant_id
    with crm.database.connection(reads=True, tenant=tenant) as connection:
        customers = customers_of(connection, crm.database, tenant, events)
    call = CommittedEvents(tuple(events), customers, event_source(crm.tenant), cause)
    with crm.session(crm.system.for_plugin(subject.name), reads=True, cause=cause) as session:
        for failure in run_notify(crm.hooks.caller(OUTSIDE_HOOK), session.contexts, call, only=subject.name):
            raise_failure(failure, OUTSIDE_HOOK)


def _pieces(events: Sequence[Event]) -> Iterator[Sequence[Event]]:
    """Yield events one by one, then two by two, and so on up to some, and from the start again."""
    start, sizes = 0, cycle(size for size in SIZES for _ in range(2))
    while start < len(events):
        size = next(sizes)
        yield events[start : start + size]
        start += size


def _since(crm: Crm, place: int) -> list[Event]:
    with crm.session(reads=True) as session:
        return session.list(Event, f"position > {place}", order="position")


def _end(crm: Crm) -> int:
    events = _since(crm, 0)
    return events[-1].position if events else 0
