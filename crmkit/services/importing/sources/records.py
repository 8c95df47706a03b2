"""What every reader gives: tables of rows, handed out in batches, with unusable rows beside the good ones."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal, NamedTuple, Protocol

import attrs

from crmkit.core.errors import BadInput
from crmkit.core.frozen import frozen
from crmkit.core.messages import Message, msg, shown
from crmkit.services.importing.sources.text import without_marks

MAX_RAW = 65_536
"""Characters of a bad row's original text that are kept."""


@frozen
class SourceRow:
    """One record of a file.

    ``number`` is the physical line where the record starts (CSV, JSON lines, vCard), the sheet's row (XLSX) or the
    count of the record in its table (SQL, JSON array), from 1; it ascends and never repeats. ``values`` maps columns
    to str, int, Decimal, bool, date, datetime, list, dict or None; an empty CSV cell is ``''``. A row with a
    ``problem`` cannot be used; ``raw`` is its original text, if there is one.
    """

    number: int
    values: dict[str, Any]
    problem: Message | None = None
    raw: str | None = None


@frozen
class SourceOptions:
    """What a mapping file may state about a file instead of leaving it to detection.

    ``header`` True: the first record names the columns; False: they are called ``column_1`` and so on; a tuple of
    names: the file has no header and these are its columns. ``delimiter`` and ``quote`` matter to CSV and TSV alone.
    A row with a CSV cell of more than ``max_field_bytes`` (UTF-8) is a bad one. A whole record of CSV may have twice as
    many characters, of other formats four times as many (but never less than 131,072 and 262,144).
    """

    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    header: bool | tuple[str, ...] = True
    max_field_bytes: int = 1_048_576


@frozen
class Batch:
    """Some consecutive records: ``rows`` are cells in the order of ``columns``, ``numbers`` says where each one stands.

    ``problems`` are the unusable records among them. ``first_number`` is the number of the first record of either sort,
    ``position`` how far the source is read, in its ``unit``. ``len(batch)`` counts both sorts: add it to ``start`` to
    resume.
    """

    first_number: int
    columns: tuple[str, ...]
    rows: list[list[Any]]
    numbers: list[int]
    problems: list[SourceRow]
    position: int

    def __len__(self) -> int:
        return len(self.rows) + len(self.problems)


class Source(Protocol):
    """One table of a file. Reading starts anew with each call and keeps a bounded part of the file in memory.

    ``name`` is the file's stem, the sheet's or the SQL table's name; ``description`` says how the file was understood;
    ``unit`` is what ``size_hint`` and ``Batch.position`` count.
    """

    @property
    def name(self) -> str: ...
    @property
    def columns(self) -> tuple[str, ...]: ...
    @property
    def description(self) -> str: ...
    @property
    def unit(self) -> Literal["bytes", "rows"]: ...

    def rows(self, start: int = 0) -> Iterator[SourceRow]:
        """Yield the records after the first ``start`` ones, good and bad in the order of the file."""

    def batches(self, start: int = 0, size: int = 1000) -> Iterator[Batch]:
        """Yield the same records, ``size`` at a time."""

    def size_hint(self) -> int | None:
        """Return the whole size in ``unit``, for a progress bar; None when it is not known."""


class Part(NamedTuple):
    """What a reader has parsed in one go, of any length; rows and problems each ascend by number."""

    rows: list[list[Any]]
    numbers: list[int]
    problems: list[SourceRow]
    position: int


@frozen
class TableSource:
    """The Source that all readers make: ``read`` opens the file anew and yields its parts."""

    name: str
    columns: tuple[str, ...]
    description: str
    unit: Literal["bytes", "rows"]
    total: int | None
    read: Callable[[], Iterator[Part]] = attrs.field(repr=False)

    def size_hint(self) -> int | None:
        return self.total

    def batches(self, start: int = 0, size: int = 1000) -> Iterator[Batch]:
        if start < 0 or size < 1:
            raise ValueError(f"start must be 0 or more and size 1 or more, not {start} and {size}")
        return _regroup(self.read(), self.columns, start, size)

    def rows(self, start: int = 0) -> Iterator[SourceRow]:
        for batch in self.batches(start):
            yield from rows_of(batch)


def rows_of(batch: Batch) -> Iterator[SourceRow]:
    """Yield the records of ``batch`` in the order of the file."""
    problems = iter(batch.problems)
    waiting = next(problems, None)
    for number, cells in zip(batch.numbers, batch.rows, strict=True):
        while waiting is not None and waiting.number < number:
            yield waiting
            waiting = next(problems, None)
        yield SourceRow(number, dict(zip(batch.columns, cells, strict=True)))
    while waiting is not None:
        yield waiting
        waiting = next(problems, None)


def _regroup(parts: Iterable[Part], columns: tuple[str, ...], start: int, size: int) -> Iterator[Batch]:
    rows: list[list[Any]] = []
    numbers: list[int] = []
    problems: list[SourceRow] = []
    position = 0

    def take(count: int) -> Batch:
        nonlocal rows, numbers, problems
        good, bad = _shares(numbers, problems, count)
        first = min([*numbers[:1], *(problem.number for problem in problems[:1])])
        batch = Batch(first, columns, rows[:good], numbers[:good], problems[:bad], position)
        rows, numbers, problems = rows[good:], numbers[good:], problems[bad:]
        return batch

    for part in parts:
        position = part.position
        rows += part.rows
        numbers += part.numbers
        problems += part.problems
        held = len(rows) + len(problems)
        if start and held:
            dropped = min(start, held)
            take(dropped)
            start -= dropped
            held -= dropped
        while held >= size:
            yield take(size)
            held -= size
    if rows or problems:
        yield take(len(rows) + len(problems))


def _shares(numbers: list[int], problems: list[SourceRow], count: int) -> tuple[int, int]:
    """Return how many of the first ``count`` records are good and how many are not."""
    for bad, problem in enumerate(problems):
        if bisect_left(numbers, problem.number) + bad >= count:
            return count - bad, bad
    return count - len(problems), len(problems)


def bad_row(number: int, problem: Message, raw: str | None = None, values: dict[str, Any] | None = None) -> SourceRow:
    """Make a row that cannot be used, with a bounded part of its text."""
    if raw is not None:
        raw = without_marks(raw.rstrip("\r\n"))
        raw = raw if len(raw) <= MAX_RAW else raw[:MAX_RAW] + "…"
    return SourceRow(number, values or {}, problem, raw)


def column_names(cells: Iterable[Any], where: object) -> tuple[str, ...]:
    """Return header cells as column names: stripped, without empty ones at the end.

    Raises BadInput when a name is empty or stands twice, since values of one of them would be lost.
    """
    names = ["" if cell is None else str(cell).strip() for cell in cells]
    while names and not names[-1]:
        names.pop()
    empty = [str(index) for index, name in enumerate(names, 1) if not name]
    if empty:
        raise BadInput(
            msg(
                "{where}: the header has no name for column {columns} (columns: {names}); "
                "name every column or remove it",
                where=where,
                columns=", ".join(empty),
                names=shown(", ".join(names), 200),
            )
        )
    twice = list(dict.fromkeys(name for name in names if names.count(name) > 1))
    if twice:
        raise BadInput(
            msg(
                "{where}: the header has more than one column {columns}; every column needs a name of its own",
                where=where,
                columns=", ".join(f"“{shown(name)}”" for name in twice),
            )
        )
    return tuple(names)


def numbered_columns(count: int) -> tuple[str, ...]:
    """Return names for the columns of a table that has none."""
    return tuple(f"column_{index}" for index in range(1, count + 1))
