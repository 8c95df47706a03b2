"""The worker: takes jobs from the engine and does them, finds what is due, and looks after jobs of workers that died."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

import attrs

from crmkit.core.errors import DatabaseUnavailable
from crmkit.core.messages import Message, msg
from crmkit.core.values.clock import time_zone
from crmkit.hooks.jobs import JobDeclaration
from crmkit.runtime.jobs.executing import execute, fail_slow
from crmkit.runtime.jobs.lanes import ON_SQLITE, Lanes, shares
from crmkit.runtime.jobs.moving import hand_over, left_to_do, take_back, take_back_from, take_back_lost
from crmkit.runtime.jobs.presence import Presence
from crmkit.runtime.jobs.schedules import check_rule, enqueue_due
from crmkit.runtime.jobs.states import DONE, PARKED, WAITING, put_back

if TYPE_CHECKING:
    from crmkit.runtime.crm import Crm

log = logging.getLogger("crmkit.jobs")

LOOK, CLEAN = 0.25, 600.0
"""Seconds between two looks for what is due, and two clearings of the engine."""

BEAT = 5.0
"""The most seconds between two signs of life, and two searches for the dead; else a fifth of what they are given."""

LONGEST_PAUSE = 10.0
"""Seconds between two tries to reach a database that is away."""

KEPT = timedelta(hours=1)
"""How long the engine remembers what is over; ours is the longer memory."""


@attrs.define(eq=False)
class _Active:
    """A job that runs here. ``hanging``: longer than it may, so that its place was given to others."""

    plugin: str
    dispatch: int
    timeout: float
    since: datetime | None = None
    hanging: bool = False

    def begins_to_hang(self, now: datetime) -> bool:
        """Whether it takes longer than it may, and nobody has noticed yet."""
        return self.since is not None and not self.hanging and self.since + timedelta(seconds=self.timeout) < now


class Worker:
    """Does the jobs of one application, in threads of this process, until it is stopped. Use it in a ``with`` block.

    ``id`` names it for good, by default by machine and number; ``tell`` is given a sentence about each thing it does.
    """

    def __init__(self, crm: Crm, *, id: str = "", tell: Callable[[Message], None] | None = None) -> None:
        self._crm, self._tell = crm, tell or (lambda _: None)
        settings = crm.config.jobs
        plugins = {declared.plugin for declared in crm.jobs.declared.values()}
        total = min(settings.concurrency, ON_SQLITE) if crm.database.dialect == "sqlite" else settings.concurrency
        limits = shares(plugins, total)
        self._plugins, self._limits = frozenset(plugins), limits
        self._lanes = Lanes(limits, total if crm.database.dialect == "sqlite" else max(total, len(plugins)))
        self._presence = Presence(crm, id or settings.worker, total)
        self._active: dict[UUID, _Active] = {}
        self._guard = threading.Lock()
        self._stopping, self._woken = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._engine: Any = None
        self._due: dict[str, float] = {}
        self.finished = 0

    @property
    def id(self) -> str:
        """The worker's name."""
        return self._presence.id

    @property
    def stopping(self) -> bool:
        """Whether the worker was asked to stop."""
        return self._stopping.is_set()

    def start(self) -> None:
        """Begin to work, in threads. Raises ConfigError when this process has a worker, or the database is in memory."""
        zone = time_zone(self._crm.config.timezone)
        for schedule in self._crm.jobs.schedules.values():
            check_rule(schedule, zone)
        from crmkit.runtime.jobs.engine import Engine, engine_address, release, reserve

        engine_address(self._crm)
        reserve()
        try:
            self._presence.join()
        except BaseException:
            release()
            raise
        self._engine = Engine(self._crm, self.id, self._limits, self._work, polling=self._crm.config.jobs.polling)
        try:
            self._engine.start()
        except BaseException:
            self._engine = None
            self._presence.leave()
            raise
        self._crm.jobs.on_wake(self._woken.set)
        self._thread = threading.Thread(target=self._look_after, name="crmkit-worker", daemon=True)
        self._thread.start()
        self._tell(msg("worker {id} works for {plugins}", id=self.id, plugins=", ".join(sorted(self._plugins))))

    def ask_to_stop(self) -> None:
        """Take no more jobs; what runs is told that the worker stops. Safe to call from a signal handler."""
        self._stopping.set()
        self._woken.set()

    def stop(self, grace: float = 30.0) -> int:
        """Stop: finish what runs, within ``grace`` seconds, and hand back the rest; returns how many would not end.

        Those go on in their threads, but nothing that they write is kept any more.
        """
        self.ask_to_stop()
        self._lanes.close()
        deadline = time.monotonic() + grace
        while self._active and time.monotonic() < deadline:
            time.sleep(0.02)
        if self._thread is not None:
            self._thread.join(timeout=max(5.0, deadline - time.monotonic()))
        self._crm.jobs.on_wake(None)
        with self._guard:
            left = {(id, active.dispatch) for id, active in self._active.items()}
        try:
            if self._engine is not None:
                take_back(self._crm, left, self._engine, lost=False)
                self._presence.leave()
        except DatabaseUnavailable as error:
            log.warning("worker %s could not say that it stops: %s", self.id, error)
        finally:
            if self._engine is not None:
                self._engine.stop()
                self._engine = None
        self._tell(msg("worker {id} has stopped; {count} jobs handed back", id=self.id, count=len(left)))
        return len(left)

    def run(self, *, once: bool = False) -> None:
        """Work until asked to stop; with ``once``, until nothing is due and nothing runs."""
        while not self._stopping.wait(0.1):
            if once and not self._active and not left_to_do(self._crm, self._plugins):
                return

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # -- doing jobs ----------------------------------------------------------------------------------------------

    def _work(self, id: UUID, name: str, dispatch: int) -> None:
        """Do one job, in a thread of the engine."""
        declared = self._crm.jobs.declared.get(name)
        if declared is None:
            self._hand_back(id, dispatch)
            return
        active = _Active(declared.plugin, dispatch, declared.timeout)
        with self._guard:
            self._active[id] = active
        try:
            if self._lanes.enter(declared.plugin):
                active.since = self._crm.clock.now()
                try:
                    self._do(id, dispatch, declared)
                finally:
                    with self._guard:
                        hanging = active.hanging
                    if not hanging:
                        self._lanes.leave(declared.plugin)
            else:
                self._hand_back(id, dispatch)
        except Exception:
            # What it comes to is found out later: the engine takes the job to be over, and our tables do not.
            log.exception("job %s was broken off", id)
        finally:
            with self._guard:
                self._active.pop(id, None)
            self._woken.set()

    def _do(self, id: UUID, dispatch: int, declared: JobDeclaration) -> None:
        lost, pause, begun = True, 0.1, time.monotonic()
        while True:
            try:
                result = execute(self._crm, id, self.id, dispatch=dispatch, lost=lost, stopping=self._stopping.is_set)
                break
            except DatabaseUnavailable as error:
                log.warning("job %s (%s) waits for the database: %s", declared.name, id, error)
                if self._stopping.wait(pause):
                    return
                lost, pause = False, min(pause * 2, LONGEST_PAUSE)
        if result is None:
            return
        self.finished += 1
        state, said = result
        words = {DONE: msg("done"), PARKED: msg("parked"), WAITING: msg("waits for its next attempt")}
        told = {
            "job": declared.name,
            "id": str(id),
            "state": words[state],
            "seconds": f"{time.monotonic() - begun:.2f}",
        }
        if said:
            self._tell(msg("{job} {id}: {state}: {error}", **told, error=said.partition("\n")[0]))
        else:
            self._tell(msg("{job} {id}: {state} in {seconds} s", **told))

    def _hand_back(self, id: UUID, dispatch: int) -> None:
        jobs = self._crm.database.table("background_jobs")
        with self._crm.database.connection(tenant=self._crm.system.tenant_id) as connection:
            put_back(connection, jobs, id, dispatch, self._crm.clock.now())
            connection.commit()

    # -- looking after them --------------------------------------------------------------------------------------

    def _look_after(self) -> None:
        while not self._stopping.is_set():
            self._woken.clear()
            try:
                self._look()
            except DatabaseUnavailable as error:
                log.warning("worker %s waits for the database: %s", self.id, error)
                self._stopping.wait(1.0)
            except Exception:
                if not self._stopping.is_set():
                    log.exception("worker %s goes on after an error", self.id)
                    self._stopping.wait(1.0)
            self._woken.wait(LOOK)

    def _look(self) -> None:
        beat = min(BEAT, self._crm.config.jobs.dead_after / 5)
        if self._turn("beat", beat):
            self._beat()
        if self._turn("schedules", 1.0):
            enqueue_due(self._crm)
        while not self._stopping.is_set() and hand_over(self._crm, self._engine, self._plugins):
            pass
        if self._turn("recover", beat):
            self._recover()
        if self._turn("clean", CLEAN):
            self._engine.forget((datetime.now(UTC) - KEPT).isoformat())

    def _turn(self, name: str, every: float) -> bool:
        now = time.monotonic()
        if now < self._due.get(name, 0.0):
            return False
        self._due[name] = now + every
        return True

    def _beat(self) -> None:
        now = self._crm.clock.now()
        with self._guard:
            late = [active for active in self._active.values() if active.begins_to_hang(now)]
            for active in late:
                active.hanging = True
            hanging = sum(active.hanging for active in self._active.values())
        for active in late:
            # Its thread cannot be ended; its place goes to others, and what it writes is not kept.
            self._lanes.leave(active.plugin)
        if not self._presence.beat(hanging):
            log.warning(
                "worker %s was taken for dead; its jobs are done by others, what it did of them is undone", self.id
            )

    def _recover(self) -> None:
        for worker in self._presence.dead():
            count, left = take_back_from(self._crm, worker, self._engine)
            if not left:
                self._presence.bury(worker)
            self._tell(msg("worker {id} is dead; its {count} jobs wait again", id=worker, count=count))
        fail_slow(self._crm)
        with self._guard:
            known = set(self._active)
        take_back_lost(self._crm, self._engine, self._plugins, known)
