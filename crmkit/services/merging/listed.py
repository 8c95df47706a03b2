"""Merging the pairs that a file lists, such as what somebody confirmed of the suspected duplicates.

Every pair is merged and committed by itself. A file that was half done is simply done again: pairs that are one record
by then are passed over. Rows that cannot be merged go, with the reason, into a file that can be mended and fed back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

from crmkit.core.customer import Customer
from crmkit.core.entity import Part
from crmkit.core.errors import BadInput, CrmError, NotFound
from crmkit.core.frozen import frozen
from crmkit.core.merging import MergePlan
from crmkit.core.messages import Message, msg
from crmkit.services.customer_view import find_customer
from crmkit.services.importing.error_files import ErrorFiles
from crmkit.services.importing.report import RowError
from crmkit.services.importing.sources import Source, SourceRow, open_sources
from crmkit.services.importing.templates import as_text
from crmkit.services.merging.resolving import resolve_all
from crmkit.services.merging.running import merge_many, preview
from crmkit.store.session import Session

KEPT = ("kept", "kept_id", "survivor", "first_id")
LOST = ("lost", "lost_id", "merged", "second_id")
"""Columns that name the record that stays and the one that becomes part of it; the last ones are those of duplicates."""

Find = Callable[[str], UUID]
"""Returns the id of the record that a cell names; raises CrmError."""


@frozen
class ListedPair:
    """A row of the file. ``plan`` is what merging would do; None where the two are one record already or ``problem``
    says what keeps them from being merged."""

    number: int
    kept: str
    lost: str
    plan: MergePlan | None = None
    problem: Message | None = None


@frozen
class ListReport:
    """``merged`` pairs; ``same`` ones were one record already; ``rejected`` rows are told in ``errors`` (the first
    hundred) and stand, all of them, in ``error_files``."""

    rows: int
    merged: int
    same: int
    rejected: int
    errors: tuple[RowError, ...]
    error_files: tuple[Path, ...]


def find_merged_too(session: Session, needle: str) -> UUID:
    """Return the id of the customer that ``needle`` names, else of the one that was called so and has been merged.

    Raises NotFound, and BadInput where several are meant.
    """
    try:
        return find_customer(session, needle).id
    except NotFound:
        called = [record.id for record in session.list(Customer, deleted=True, name=needle)]
        ends = resolve_all(session, Customer, called)
        merged = [id for id in called if ends[id] != id]
        if len({ends[id] for id in merged}) != 1:
            raise
        return merged[0]


def preview_listed(session: Session, path: Path, find: Find, *, entity: type[Part] = Customer) -> Iterator[ListedPair]:
    """Yield what merging each pair of a file would do, of the records as they are now, and change nothing.

    A pair that follows from an earlier one is not told together with it. Raises BadInput for a file that cannot be read
    or has no columns for the pairs.
    """
    _, rows = _opened(path)
    for row, kept, lost in rows:
        try:
            one, other = _both(row, kept, lost, find)
            ends = resolve_all(session, entity, [one, other])
            plan = None if ends[one] == ends[other] else preview(session, one, other, entity=entity)
        except CrmError as error:
            yield ListedPair(row.number, kept, lost, problem=error.message)
        else:
            yield ListedPair(row.number, kept, lost, plan, plan.blocked[0] if plan and plan.blocked else None)


def merge_listed(
    session: Session,
    path: Path,
    find: Find,
    *,
    entity: type[Part] = Customer,
    errors: Path | None = None,
    on_row: Callable[[int], None] | None = None,
) -> ListReport:
    """Merge the pairs of a file, in their order and each in a transaction of its own.

    The file is whatever imports read, with a column out of ``KEPT`` and one out of ``LOST``. ``find`` says which record a
    cell names. Rejected rows go into the folder ``errors``. Raises BadInput for a file that cannot be read or has no such
    columns, and AccessDenied without the right to work in bulk.
    """
    session.actor.require(session.database.registry.get(entity).name, "bulk")
    source, rows = _opened(path)
    rejected = ErrorFiles(errors, [source.name], path)
    rejected.begin()
    count = merged = same = 0
    try:
        for row, kept, lost in rows:
            count += 1
            problem: Message | None = None
            try:
                [result] = merge_many(session, [_both(row, kept, lost, find)], entity=entity)
            except CrmError as error:
                session.rollback()
                if error.code in ("database_unavailable", "storage_full"):
                    raise
                problem = error.message
            else:
                problem = result.error.message if result.error is not None else None
                merged += result.journal is not None
                same += result.journal is None and result.error is None
            if problem is not None:
                cells = [row.values.get(column, "") for column in source.columns]
                rejected.write(RowError(source.name, row.number, (problem,)), source.columns, cells, row.raw or "")
            if on_row is not None:
                on_row(count)
    finally:
        rejected.flush()
        rejected.close()
    return ListReport(count, merged, same, rejected.count, tuple(rejected.shown), rejected.paths)


def _opened(path: Path) -> tuple[Source, Iterator[tuple[SourceRow, str, str]]]:
    sources = list(open_sources(path).values())
    if len(sources) != 1:
        names = ", ".join(source.name for source in sources)
        raise BadInput(msg("{path}: expected one table of pairs, found {names}", path=str(path), names=names or "-"))
    source = sources[0]
    kept, lost = _column(source, path, KEPT), _column(source, path, LOST)
    cells = (
        (row, as_text(row.values.get(kept)).strip(), as_text(row.values.get(lost)).strip()) for row in source.rows()
    )
    return source, cells


def _column(source: Source, path: Path, names: tuple[str, ...]) -> str:
    for name in names:
        if name in source.columns:
            return name
    raise BadInput(
        msg(
            "{path}: no column {names} (columns: {columns})",
            path=str(path),
            names=" / ".join(names),
            columns=", ".join(source.columns),
        )
    )


def _both(row: SourceRow, kept: str, lost: str, find: Find) -> tuple[UUID, UUID]:
    if row.problem is not None:
        raise BadInput(row.problem)
    if not kept or not lost:
        raise BadInput(msg("a row names the record that stays and the one that becomes part of it"))
    return find(kept), find(lost)
