"""Writing one chunk: rows that only the write path refuses are found, set aside, and the others written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from crmkit.core.errors import Conflict, CrmError, Refused, StaleVersion, ValidationFailed
from crmkit.services.importing.blocks import Block
from crmkit.services.importing.chunk import Chunk, Row
from crmkit.services.importing.lookups import Lookups
from crmkit.store.session import Session

_ABOUT_ROWS = ("validation", "refused", "bad_input", "not_found", "plugin_error", "access_denied", "hook_loop")
"""Codes of errors for which some rows are to blame, not the database or the import as a whole."""

OpenSession = Callable[[], AbstractContextManager[Session]]
"""Opens a session that is committed at the end of its block."""


class Attempt:
    """Writes a chunk of rows. ``session`` opens sessions to keep, ``trial`` ones that are rolled back in any case."""

    def __init__(
        self,
        session: OpenSession,
        trial: OpenSession,
        lookups: Lookups,
        name: str,
        source: str,
        blocks: Sequence[Block],
    ) -> None:
        self._session, self._trial, self._lookups = session, trial, lookups
        self._name, self._source, self._blocks = name, source, blocks

    def write(
        self, rows: Sequence[Row], begin: Callable[[Session], None], end: Callable[[Session, Chunk], None]
    ) -> Chunk:
        """Write the rows and return the chunk; refused rows have problems.

        ``begin`` and ``end`` run first and last in the transaction that is kept.
        """
        again = True
        while True:
            attempt = [row for row in rows if not row.problems]
            try:
                with self._session() as session:
                    begin(session)
                    chunk = Chunk(session, self._lookups, self._name, self._source)
                    with _about(chunk):
                        chunk.run(self._blocks, attempt)
                        session.flush()
                    end(session, chunk)
            except _OfRows as failed:
                error = failed.error
                self._lookups.forget()
                if again and _may_be_a_race(error):
                    # Somebody else was quicker with a record; it is found on the next try.
                    again = False
                    continue
                self._blame(failed.chunk, [row for row in attempt if not row.problems], error)
                assert any(row.problems for row in attempt)
            except CrmError:
                self._lookups.forget()
                raise
            else:
                self._lookups.keep()
                return chunk

    def _blame(self, chunk: Chunk, rows: list[Row], error: CrmError) -> None:
        """Add a problem to at least one row."""
        found = chunk.rows_of(error) if isinstance(error, ValidationFailed | Refused) else []
        for row, problem in found:
            row.problems.append(problem)
        if found:
            return
        before = len(rows)
        self._halve(rows, error)
        if error.code == "plugin_error" and before > 1 and all(row.problems for row in rows):
            # Not some odd row but the plugin itself: nothing would get in.
            raise error

    def _halve(self, rows: Sequence[Row], error: CrmError) -> None:
        """Find the rows that make a chunk fail, by halves; each try is rolled back."""
        if len(rows) == 1:
            rows[0].problems += error.errors if isinstance(error, ValidationFailed) else [error.message]
            return
        middle = len(rows) // 2
        halves = (rows[:middle], rows[middle:])
        failed = [(half, failure) for half in halves if (failure := self._try(half)) is not None]
        for half, failure in failed:
            self._halve(half, failure)
        if not failed:
            # Each half is fine alone, together they are not: the later one has to go, as small a part of it as will do.
            self._narrow(halves[0], halves[1], error)

    def _narrow(self, good: Sequence[Row], rows: Sequence[Row], error: CrmError) -> None:
        """Blame the rows among ``rows`` that do not go together with ``good``."""
        kept = list(good)
        for part in _parts(rows):
            if self._try([*kept, *part]) is None:
                kept += part
            elif len(part) == 1:
                part[0].problems.append(error.message)
            else:
                self._narrow(kept, part, error)
                kept += [row for row in part if not row.problems]

    def _try(self, rows: Sequence[Row]) -> CrmError | None:
        trial = [Row(row.number, row.cells) for row in rows]
        try:
            with self._trial() as session:
                Chunk(session, Lookups(), self._name, self._source).run(self._blocks, trial)
                session.flush()
        except CrmError as error:
            return error
        return None


class _OfRows(Exception):
    """An error that rows are to blame for."""

    def __init__(self, chunk: Chunk, error: CrmError) -> None:
        super().__init__(str(error))
        self.chunk, self.error = chunk, error


@contextmanager
def _about(chunk: Chunk) -> Iterator[None]:
    """Tell errors that come from the rows from those of the run itself, which pass."""
    try:
        yield
    except Conflict:
        raise
    except CrmError as error:
        if error.code not in _ABOUT_ROWS and not _may_be_a_race(error):
            raise
        raise _OfRows(chunk, error) from error


def _parts(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    middle = (len(rows) + 1) // 2
    yield rows[:middle]
    if rows[middle:]:
        yield rows[middle:]


def _may_be_a_race(error: CrmError) -> bool:
    if isinstance(error, ValidationFailed):
        return any(problem.code in ("duplicate", "reference") for problem in error.errors)
    return isinstance(error, StaleVersion)
