"""Running an import: chunk by chunk, each one transaction that also says how far the import has come.

A killed import goes on from its last chunk; importing the same again changes nothing; a dry run does all of it in a
transaction that is rolled back.
"""

from __future__ import annotations

import gc
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.access import Actor, Scope
from crmkit.core.entity import change
from crmkit.core.errors import AccessDenied, BadInput, Conflict, FieldError, did_you_mean
from crmkit.core.frozen import frozen
from crmkit.core.journal import ImportRun
from crmkit.core.messages import Message, msg
from crmkit.hooks.causation import Cause
from crmkit.services.importing.aliases import Proposal, confirm
from crmkit.services.importing.attempt import Attempt
from crmkit.services.importing.blocks import Block, compile_block
from crmkit.services.importing.chunk import Chunk, Row
from crmkit.services.importing.error_files import ErrorFiles, holds_error_files
from crmkit.services.importing.lookups import Lookups
from crmkit.services.importing.mapping import ImportMapping, RecordRule
from crmkit.services.importing.report import ImportReport, RowError, Sample, add_counts, samples_of
from crmkit.services.importing.sources import Batch, Source, fingerprint, open_sources
from crmkit.store.application import Application
from crmkit.store.session import Session

if TYPE_CHECKING:
    from sqlalchemy import Connection

CHUNK = 1_000
SAMPLES = 25
"""How many changes a dry run shows."""


@frozen
class Progress:
    """How far an import is: step ``step`` of ``steps``, ``done`` of ``total`` in the source's unit (bytes or rows).

    ``run`` is the id of its ``ImportRun``, which counts what is committed; None in a dry run.
    """

    step: int
    steps: int
    source: str
    done: int
    total: int | None
    rows: int
    run: UUID | None = None


@frozen
class Step:
    """One reading of a source. ``first`` tells that no earlier step reads it, ``last`` that no later one does."""

    source: Source
    blocks: tuple[Block, ...]
    first: bool
    last: bool


def run_import(
    application: Application,
    actor: Actor,
    path: Path,
    mapping: ImportMapping,
    *,
    dry_run: bool = False,
    error_folder: Path | None = None,
    confirmed: Sequence[Proposal] = (),
    chunk: int = CHUNK,
    on_progress: Callable[[Progress], None] | None = None,
    origin: str = "",
) -> ImportReport:
    """Import a file or folder as ``mapping`` says and return what became of it.

    ``confirmed`` is what values mean that no record has; it is kept for later imports, but for that of a dry run.
    Rejected rows go to CSV files in ``error_folder``. ``on_progress`` is called after each chunk, and what it raises ends
    the import there: what is committed stays. ``origin`` is what the run calls the file, by default its path.

    Raises BadInput when file or mapping cannot be used at all, AccessDenied when ``actor`` may write nothing of what it
    asks for or not in bulk, and Conflict when the same import runs elsewhere.
    """
    mended = path.exists() and holds_error_files(path)
    # Files of rejected rows are as we write them, whatever the original was.
    sources = open_sources(path, {} if mended else mapping.sources)
    steps = compile_steps(application, mapping, sources, path, mended)
    check_rights(actor, dict.fromkeys(block.info.name for step in steps for block in step.blocks))
    errors = ErrorFiles(error_folder, sources, path)
    importer = _Importer(application, actor, path, mapping, steps, errors, chunk, on_progress, confirmed)
    importer.origin = origin or str(path)
    return importer.dry_run() if dry_run else importer.run()


def compile_steps(
    application: Application, mapping: ImportMapping, sources: Mapping[str, Source], path: Path, mended: bool
) -> list[Step]:
    """Match the mapping's steps with the sources found; files of rejected rows (``mended``) may leave sources out."""
    found: list[tuple[Source, tuple[Block, ...]]] = []
    wanted = mapping.steps()
    for name, rules in wanted:
        source = sources.get(name)
        if source is None and len(sources) == 1 and not mended and len({n for n, _ in wanted}) == 1:
            source = next(iter(sources.values()))
        if source is None:
            if mended:
                continue
            hint = did_you_mean(name, sources)
            raise BadInput(
                msg("{path} has no table {name}, which the mapping reads; {hint}", path=str(path), name=name, hint=hint)
            )
        found.append((source, _compile_blocks(application, mapping, rules, source)))
    if not found:
        names = ", ".join(dict.fromkeys(name for name, _ in wanted))
        raise BadInput(
            msg("{path} has none of the tables that the mapping reads: {names}", path=str(path), names=names)
        )
    read = [source.name for source, _ in found]
    return [
        Step(source, blocks, source.name not in read[:place], source.name not in read[place + 1 :])
        for place, (source, blocks) in enumerate(found)
    ]


def _compile_blocks(
    application: Application, mapping: ImportMapping, rules: Sequence[RecordRule], source: Source
) -> tuple[Block, ...]:
    blocks: list[Block] = []
    earlier: dict[str, str] = {}
    for rule in rules:
        blocks.append(
            compile_block(rule, mapping, application.database, source.columns, earlier, application.clock.now())
        )
        earlier[rule.label] = rule.entity
    return tuple(blocks)


def check_rights(actor: Actor, entities: Iterable[str]) -> None:
    """Raise AccessDenied unless ``actor`` may import records of these entities: write them at all, and in bulk."""
    for entity in entities:
        if actor.scope(entity, "create") is Scope.NONE and actor.scope(entity, "update") is Scope.NONE:
            raise AccessDenied(msg("{actor} may neither create nor update {entity}", actor=actor.name, entity=entity))
        actor.require(entity, "bulk")


class _Importer:
    """One run. Holds what lasts longer than a chunk."""

    def __init__(
        self,
        application: Application,
        actor: Actor,
        path: Path,
        mapping: ImportMapping,
        steps: Sequence[Step],
        errors: ErrorFiles,
        chunk: int,
        on_progress: Callable[[Progress], None] | None,
        confirmed: Sequence[Proposal],
    ) -> None:
        self._app, self._actor, self._path, self._mapping, self._steps = application, actor, path, mapping, steps
        self._errors, self._size, self._on_progress, self._confirmed = errors, chunk, on_progress, confirmed
        self._lookups = Lookups()
        self._counts: dict[str, Counter[str]] = {}
        self._rows = 0
        # Rows refused in one reading of a source are left out of its next.
        self._refused: dict[str, set[int]] = {}
        self._samples: list[Sample] = []
        self._outer: Connection | None = None
        self.origin = ""

    def run(self) -> ImportReport:
        """Import for real, from where an interrupted run of the same files and mapping stopped."""
        run, resumed = self._begin()
        cause = Cause(event_id=run.id)
        try:
            for number, step in enumerate(self._steps):
                if number < run.step:
                    continue
                start = run.position if number == run.step else 0
                for batch in step.source.batches(start, self._size):
                    start += len(batch)
                    with _collection_paused():
                        run = self._chunk(step, batch, cause, change(run, step=number, position=start))
                    self._progress(number, batch, run.id)
            run = self._finish(run, cause)
        finally:
            self._errors.close()
        return self._report(run.id, dry_run=False, resumed=resumed)

    def dry_run(self) -> ImportReport:
        """Do everything in one transaction and roll it back."""
        with self._app.database.connection(tenant=self._actor.tenant_id) as connection:
            self._outer = connection
            try:
                with self._session(Cause()) as session:
                    confirm(session, self._confirmed)
                for number, step in enumerate(self._steps):
                    for batch in step.source.batches(0, self._size):
                        with _collection_paused():
                            self._chunk(step, batch, Cause(), None)
                        self._progress(number, batch)
            finally:
                connection.rollback()
                self._errors.close()
        return self._report(None, dry_run=True, resumed=False)

    # -- the run's record ----------------------------------------------------------------------------------------

    def _begin(self) -> tuple[ImportRun, bool]:
        digest = hashlib.sha256(f"{fingerprint(self._path)}\n{self._mapping.text}".encode()).hexdigest()
        with Session(self._app, self._actor) as session:
            self._lock(session)
            confirm(session, self._confirmed)
            found = session.list(ImportRun, fingerprint=digest, state="running", order="-created_at", limit=1)
            if found:
                self._load(found[0].counts)
                return found[0], True
            self._errors.begin()
            run = ImportRun(name=self._mapping.name, path=self.origin[:1000], fingerprint=digest)
            session.add(run)
        return run, False

    def _finish(self, run: ImportRun, cause: Cause) -> ImportRun:
        with Session(self._app, self._actor, cause=cause) as session:
            self._claim(session, run)
            finished = change(
                run, state="finished", finished_at=session.clock.now(), counts=self._state(self._counts, self._rows)
            )
            session.update(finished)
        return finished

    def _state(self, counts: Mapping[str, Counter[str]], rows: int) -> dict[str, Any]:
        """Return what a run that goes on needs to know."""
        return {
            "rows": rows,
            "rejected": self._errors.count,
            "records": {name: dict(counts[name]) for name in sorted(counts)},
            "error_files": self._errors.marks,
            "refused": {name: sorted(numbers) for name, numbers in self._refused.items()},
        }

    def _load(self, state: Mapping[str, Any]) -> None:
        self._rows = state.get("rows", 0)
        self._counts = {name: Counter(counts) for name, counts in state.get("records", {}).items()}
        self._refused = {name: set(numbers) for name, numbers in state.get("refused", {}).items()}
        self._errors.resume(state.get("error_files", {}), state.get("rejected", 0))

    def _lock(self, session: Session) -> None:
        """Let the imports of a tenant write one after the other, so that they see one another's records.

        SQLite has one writer anyway.
        """
        if session.database.dialect == "postgresql":
            key = int.from_bytes(
                hashlib.sha256(b"import" + session.actor.tenant_id.bytes).digest()[:8], "big", signed=True
            )
            session.connection.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))

    def _claim(self, session: Session, run: ImportRun) -> None:
        """Make sure that this is still our run: another process may have taken it over, thinking us dead."""
        self._lock(session)
        current = session.find(ImportRun, id=run.id)
        if current is None or current.version != run.version or current.state != "running":
            raise Conflict(
                msg("another import of the same files is running or has finished them: {path}", path=str(self._path))
            )

    # -- chunks --------------------------------------------------------------------------------------------------

    def _chunk(self, step: Step, batch: Batch, cause: Cause, goal: ImportRun | None) -> ImportRun:
        """Write a batch; ``goal`` is the run as it will stand then, None in a dry run. Returns it as written."""
        skipped = self._refused.get(step.source.name, ())
        rows = [
            Row(number, cells)
            for number, cells in zip(batch.numbers, batch.rows, strict=True)
            if not skipped or number not in skipped
        ]
        done = self._rows + (len(batch) if step.first else 0)

        def begin(session: Session) -> None:
            if goal is not None:
                self._claim(session, goal)

        def end(session: Session, chunk: Chunk) -> None:
            nonlocal goal
            self._reject(step, batch, rows)
            if goal is None:
                left = SAMPLES - len(self._samples)
                self._samples += samples_of(chunk.states(), session.database.registry, session.hidden, left)
                return
            counts = {name: Counter(count) for name, count in self._counts.items()}
            add_counts(counts, chunk.counts)
            goal = change(goal, counts=self._state(counts, done))
            session.update(goal)
            session.flush()

        attempt = Attempt(
            lambda: self._session(cause),
            lambda: self._trial(cause),
            self._lookups,
            self._mapping.name,
            step.source.name,
            step.blocks,
        )
        chunk = attempt.write(rows, begin, end)
        add_counts(self._counts, chunk.counts)
        self._rows = done
        return goal if goal is not None else ImportRun(name="", path="", fingerprint="")

    def _reject(self, step: Step, batch: Batch, rows: Sequence[Row]) -> None:
        """Write the rejected rows in the order of the file, before the chunk is committed."""
        name = step.source.name
        found: list[tuple[int, Sequence[Any], tuple[FieldError | Message, ...], str]] = [
            (row.number, row.cells, tuple(row.problems), "") for row in rows if row.problems
        ]
        if step.first:
            for bad in batch.problems:
                cells: Sequence[Any] = [bad.values.get(column, "") for column in batch.columns]
                found.append((bad.number, cells, (bad.problem or msg("a row that can be read"),), bad.raw or ""))
        for number, given, problems, text in sorted(found, key=lambda entry: entry[0]):
            self._errors.write(RowError(name, number, problems), batch.columns, given, text)
            if not step.last:
                self._refused.setdefault(name, set()).add(number)
        self._errors.flush()

    @contextmanager
    def _session(self, cause: Cause) -> Iterator[Session]:
        if self._outer is None:
            with Session(self._app, self._actor, cause=cause) as session:
                yield session
            return
        with self._outer.begin_nested():
            session = Session(self._app, self._actor, cause=cause, connection=self._outer)
            yield session

    @contextmanager
    def _trial(self, cause: Cause) -> Iterator[Session]:
        if self._outer is not None:
            savepoint = self._outer.begin_nested()
            try:
                yield Session(self._app, self._actor, cause=cause, connection=self._outer)
            finally:
                savepoint.rollback()
            return
        session = Session(self._app, self._actor, cause=cause)
        try:
            yield session
        finally:
            session.close()

    # -- telling -------------------------------------------------------------------------------------------------

    def _progress(self, number: int, batch: Batch, run: UUID | None = None) -> None:
        if self._on_progress is not None:
            source, steps = self._steps[number].source, len(self._steps)
            self._on_progress(
                Progress(number + 1, steps, source.name, batch.position, source.size_hint(), self._rows, run)
            )

    def _report(self, run: UUID | None, dry_run: bool, resumed: bool) -> ImportReport:
        return ImportReport(
            name=self._mapping.name,
            run_id=run,
            dry_run=dry_run,
            resumed=resumed,
            rows=self._rows,
            rejected=self._errors.count,
            counts={name: dict(counts) for name, counts in sorted(self._counts.items())},
            errors=tuple(self._errors.shown),
            error_files=self._errors.paths,
            samples=tuple(self._samples),
            proposals=tuple(self._lookups.proposals.values()),
        )


@contextmanager
def _collection_paused() -> Iterator[None]:
    """Keep the garbage collector from walking over a chunk's many records, which hold no cycles, while it grows."""
    paused = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if paused:
            gc.enable()
