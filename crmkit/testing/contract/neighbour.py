"""A neighbour that fails in every hook that it has: whose errors are its own stay so, and the others abort all of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from crmkit.core.customer import Customer
from crmkit.core.errors import PluginError
from crmkit.hooks.kinds import Kind, hookimpl
from crmkit.runtime.crm import Crm
from crmkit.runtime.manifest import Manifest
from crmkit.services.interactions.timeline import timeline
from crmkit.testing.contract.faults import fail
from crmkit.testing.contract.subject import Subject
from crmkit.testing.contract.world import Step, customer_named, differences, state_of, story_of, tell_story
from crmkit.testing.hook_calls import HookCalls

Further = Callable[[UUID], Sequence[Step]]

NAMES = ("a_failing_neighbour", "zz_failing_neighbour")
"""One that is called before most plugins, and one that is called after them."""


class FailingNeighbour:
    """Raises in each of some hooks, as long as it is ``armed``."""

    def __init__(self, name: str, hooks: Sequence[str], armed: bool = True) -> None:
        self.manifest, self.armed = Manifest(name=name, label=name, summary="Fails."), armed
        for hook in hooks:
            setattr(self, hook, self._failing(hook))

    def _failing(self, hook: str) -> Any:
        def function(ctx: Any, call: Any) -> None:
            if self.armed:
                raise RuntimeError(f"{hook} fails on purpose")

        function.__name__ = hook
        return hookimpl(function)


def check_after_commit(subject: Subject, further: Further | None = None, each: bool = False) -> None:
    """A neighbour that cannot be told of anything, and has nothing to collect, takes nothing from the plugin.

    Plugins are told after each scene of the story; ``each``: after each commit, which takes several times as long.
    """
    crm = subject.open(quiet=not each)
    hooks = {kind: _named(crm, kind) for kind in (Kind.NOTIFY, Kind.COLLECT)}
    calls = HookCalls(crm)
    story = story_of(subject, crm, "Anna", further)
    tell_story(crm, story)
    crm.drain()
    alone, shown, called = state_of(crm, story.ids), _shown(crm, subject, story.customer), _calls(calls, subject)
    calls.stop()
    failing = [FailingNeighbour(name, [*hooks[Kind.NOTIFY], *hooks[Kind.COLLECT]]) for name in NAMES]
    with _silent():
        beside = subject.open(*failing, quiet=not each)
        calls = HookCalls(beside)
        tell_story(beside, story)
        beside.drain()
        found = differences(alone, state_of(beside, story.ids))
        found += [
            f"its entries in a timeline: {_shown(beside, subject, story.customer)} instead of {shown}"
            for _ in range(_shown(beside, subject, story.customer) != shown)
        ]
        silent = sorted(called - _calls(calls, subject))
        found += [f"{hook} is not called" for hook in silent]
        calls.stop()
    if found:
        fail(
            [f"beside plugins that fail in every notify and collect hook: {line}" for line in found],
            "rely on nothing that another plugin's hooks do; wrappers pass on results that have errors in them",
        )


def check_in_transaction(subject: Subject) -> None:
    """A neighbour that fails inside a transaction aborts it: nothing of it is kept, and nobody hides the error."""
    for kind in (Kind.DERIVE, Kind.GUARD):
        for name in NAMES:
            hook = "derive_records" if kind is Kind.DERIVE else "guard_records"
            neighbour = FailingNeighbour(name, [hook], armed=False)
            crm = subject.open(neighbour)
            customer, _ = customer_named("Anna")
            with crm.session() as session:
                session.add(customer)
            records = subject.records(crm)
            made = [records.of(info, customer.id) for info in subject.written(crm)]
            crm.drain()
            steps: list[Step] = [lambda s: s.add(Customer(kind="organization", name="Acme"))]
            steps += [lambda s, some=some: s.add(*some) for some in made]  # type: ignore[misc]
            before = state_of(crm)
            neighbour.armed = True
            aborted = [_aborted(crm, step) for step in steps]
            neighbour.armed = False
            crm.drain()
            found = differences(before, state_of(crm))
            if found or not all(aborted):
                fail(
                    [f"{hook} of a neighbour fails, and the save goes on", *found],
                    "let errors of other plugins pass, and write nothing but through the session",
                )


def _aborted(crm: Crm, step: Step) -> bool:
    try:
        with crm.session() as session:
            step(session)
    except PluginError:
        return True
    return False


def _named(crm: Crm, kind: Kind) -> list[str]:
    return [name for name, info in crm.hooks.infos.items() if info.kind is kind]


def _calls(calls: HookCalls, subject: Subject) -> set[str]:
    return {call.hook for call in calls.of(plugin=subject.name)}


def _shown(crm: Crm, subject: Subject, customer: UUID) -> list[str]:
    with crm.session(reads=True) as session:
        entries = timeline(session, customer, limit=1_000).entries
    return sorted(f"{entry.kind} {entry.title}" for entry in entries if entry.source == subject.name)


class _silent:
    """The errors that are raised on purpose are not logged in the block."""

    def __enter__(self) -> None:
        self._before = logging.root.manager.disable
        logging.disable(logging.CRITICAL)

    def __exit__(self, *_: object) -> None:
        logging.disable(self._before)
