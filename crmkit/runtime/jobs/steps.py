"""The second and third verb: steps of a job, each done once. What was done is known by its name when the job runs again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crmkit.core.errors import BadInput, ConfigError
from crmkit.core.messages import msg, shown
from crmkit.runtime.jobs.states import change_started
from crmkit.store.faults import faults_translated
from crmkit.store.types import from_json, to_json

if TYPE_CHECKING:
    from crmkit.runtime.jobs.context import JobContext
    from crmkit.runtime.jobs.executing import Start
    from crmkit.store.session import Session

LONGEST_NAME = 200


class Superseded(Exception):
    """This start of the job was given up: cancelled, taking too long, or by a worker that counts as dead."""


class HandedBack(Exception):
    """The worker stops; the job goes on from here elsewhere."""


class Steps:
    """Parts of a job with a name each. A job that runs again does not repeat those that are done.

    Names must not depend on anything that changes between two runs, and none may come twice in a job.
    """

    def __init__(self, start: Start, context: JobContext) -> None:
        self._start, self._context = start, context
        self._recorded: dict[str, Any] | None = None
        self._used: set[str] = set()

    def run(self, name: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call ``function`` outside of any transaction and return its result, in JSON form.

        For what happens elsewhere: a call to a server, a file. It is repeated when the process dies before its result
        is noted, so give the other side a key, such as ``job.id``. Raises what the function raises; BadInput for a
        result that JSON cannot hold; ConfigError for a name that was used, or when ``ctx.session`` has written already.
        """
        if self._done(name):
            return self._result(name)
        text = _result_text(name, function(*args, **kwargs))
        start = self._start
        with start.crm.database.connection(tenant=start.tenant) as connection:
            self._note(connection, name, text)
            connection.commit()
        return from_json(text)

    def transaction(self, name: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call ``function(ctx, ...)`` in a transaction of its own and return its result, in JSON form.

        ``ctx`` is a context with a session of the step. What it writes and the step's being done are committed together:
        exactly once, whatever happens to the process. Raises as ``run`` does.
        """
        if self._done(name):
            return self._result(name)
        with self._start.session() as session:
            with session.lent():
                result = function(self._start.context(session), *args, **kwargs)
            text = _result_text(name, result)
            session.flush()
            with faults_translated():
                self._note(session.connection, name, text)
        self._start.tell_progress()
        return from_json(text)

    def known(self, name: str) -> bool:
        """Whether an earlier run of the job has done the step of this name; it is not run."""
        if self._recorded is None:
            self._let_go(self._context.session)
            self._recorded = self._start.recorded_steps()
        return name in self._recorded

    @property
    def used(self) -> bool:
        """Whether the job has any steps."""
        return bool(self._used)

    def _done(self, name: str) -> bool:
        """Whether a step was done before; prepares for doing it otherwise."""
        if not name or len(name) > LONGEST_NAME:
            raise ConfigError(msg("the name of a step has 1 to {most} characters", most=LONGEST_NAME))
        if name in self._used:
            raise ConfigError(msg("step {name} comes twice in one job; give each a name of its own", name=shown(name)))
        self._used.add(name)
        self._let_go(self._context.session)
        if self._start.stopping():
            raise HandedBack
        if self._recorded is None:
            self._recorded = self._start.recorded_steps()
        return name in self._recorded

    def _result(self, name: str) -> Any:
        assert self._recorded is not None
        return from_json(self._recorded[name])

    def _note(self, connection: sa.Connection, name: str, text: str) -> None:
        start = self._start
        steps = start.crm.database.table("background_steps")
        now = start.crm.clock.now()
        if not change_started(connection, start.jobs, start.id, start.starts, **start.progress_values()):
            raise Superseded
        connection.execute(
            steps.insert().values(job_id=start.id, name=name, tenant_id=start.tenant, result=text, done_at=now)
        )

    @staticmethod
    def _let_go(session: Session) -> None:
        if not session.let_go():
            raise ConfigError(
                msg("ctx.session has written already: what it writes belongs to the end of the job, after all steps")
            )


def _result_text(name: str, result: Any) -> str:
    try:
        return to_json(result)
    except (TypeError, ValueError, RecursionError) as error:
        raise BadInput(
            msg("step {name}: its result has no form in JSON ({error})", name=shown(name), error=shown(error, 200))
        ) from None
