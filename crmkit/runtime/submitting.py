"""Group commit: commands that contend share one transaction, each within a savepoint of its own."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

import attrs

from crmkit.core.access import Actor
from crmkit.core.errors import ConfigError, Conflict, CrmError
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg
from crmkit.runtime.shared_transaction import SharedTransaction
from crmkit.store.faults import UniqueViolation
from crmkit.store.session import Session
from crmkit.store.types import from_json, to_json

if TYPE_CHECKING:
    from crmkit.runtime.crm import Crm

log = logging.getLogger("crmkit.submit")

MOST = 256
"""Commands that share one commit at the most."""


@frozen(eq=False)
class _Waiting:
    command: Any
    actor: Actor
    future: Future[Any]


class _Result(Future[Any]):
    """The result of a command, for which the thread that is to execute it does not wait."""

    def __init__(self, submitter: Submitter) -> None:
        super().__init__()
        self._submitter = submitter

    def result(self, timeout: float | None = None) -> Any:
        self._refuse_the_writer()
        return super().result(timeout)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        self._refuse_the_writer()
        return super().exception(timeout)

    def _refuse_the_writer(self) -> None:
        if not self.done() and self._submitter.executes_here():
            raise ConfigError(
                msg("a command or hook cannot wait for a command that it has submitted: it is executed afterwards")
            )


class Submitter:
    """One writer thread, started with the first command."""

    def __init__(self, crm: Crm) -> None:
        self._crm = crm
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._closed = False

    def submit(self, command: Any, actor: Actor) -> Future[Any]:
        """Queue a command; its future is done after the commit that it shares."""
        future: Future[Any] = _Result(self)
        with self._lock:
            if self._closed:
                raise CrmError(msg("this CRM is closed; it takes no more commands"))
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="crmkit-submit", daemon=True)
                self._thread.start()
            self._queue.put(_Waiting(command, actor, future))
        return future

    def executes_here(self) -> bool:
        """Whether the calling thread is the one that executes commands."""
        return threading.current_thread() is self._thread

    def close(self) -> None:
        """Finish what is queued, then stop."""
        with self._lock:
            self._closed = True
            thread = self._thread
        if thread is not None:
            self._queue.put(None)
            thread.join()

    def _work(self) -> None:
        while True:
            first = self._queue.get()
            if first is None:
                return
            group, last = [first], False
            while len(group) < MOST:
                try:
                    more = self._queue.get_nowait()
                except Empty:
                    break
                if more is None:
                    last = True
                    break
                group.append(more)
            # Who has cancelled meanwhile is left out; from here on nobody can.
            group = [waiting for waiting in group if waiting.future.set_running_or_notify_cancel()]
            try:
                if group:
                    self._run(group)
            except Exception:
                # What was acknowledged is committed. Events that could not be delivered wait for the next delivery.
                log.exception("the events of a group of commands were not delivered")
            if last:
                return

    def _run(self, group: Sequence[_Waiting]) -> None:
        """Execute a group in one transaction; when the commit itself fails, all of it fails."""
        outcomes: list[tuple[_Waiting, Any, BaseException | None]] = []
        try:
            with SharedTransaction(self._crm, group[0].actor.tenant_id) as shared:
                for waiting in group:
                    outcomes.append((waiting, *self._execute(shared, waiting)))
        except BaseException as failure:
            for waiting in group:
                waiting.future.set_exception(failure)
            return
        for waiting, result, error in outcomes:
            if error is not None:
                waiting.future.set_exception(error)
            else:
                waiting.future.set_result(result)
        shared.follow()

    def _execute(self, shared: SharedTransaction, waiting: _Waiting) -> tuple[Any, BaseException | None]:
        try:
            with shared.session(waiting.actor) as session:
                return self._once(session, waiting.command), None
        except Exception as error:
            return None, error

    def _once(self, session: Session, command: Any) -> Any:
        """Execute a command, or return the stored result when its idempotency key was seen before."""
        context = self._crm.context(session, session.actor.plugin)
        key = getattr(command, "idempotency_key", "") or ""
        if not key:
            return command.execute(context)
        from crmkit.store.responses import store_response, stored_response

        fingerprint = hashlib.sha256(f"{type(command).__qualname__} {to_json(_content(command))}".encode()).hexdigest()
        stored = stored_response(session, key)
        if stored is not None:
            if stored.erased:
                raise Conflict(msg("command {key} was carried out before; what it returned was erased", key=key))
            if stored.fingerprint != fingerprint:
                raise Conflict(msg("idempotency key {key} was used before with other content", key=key))
            return from_json(stored.result)
        result = command.execute(context)
        session.flush()
        text = to_json(result)
        try:
            store_response(session, key, fingerprint, text)
        except UniqueViolation:
            raise Conflict(
                msg("idempotency key {key} is being used elsewhere at this moment; try again", key=key)
            ) from None
        # The first caller gets what later ones will get: the result in its JSON form.
        return from_json(text)


def _content(command: Any) -> dict[str, Any]:
    if attrs.has(type(command)):
        return {a.name: getattr(command, a.name) for a in attrs.fields(type(command))}
    return dict(vars(command))
