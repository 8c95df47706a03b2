"""What long work looks like in the API: the documents that are answered, and the bodies that ask for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import attrs

State = Literal["waiting", "running", "cancelling", "done", "failed", "cancelled"]


@attrs.frozen
class JobProgress:
    """How far a job is: ``done`` of ``total`` in whatever the job counts; ``note`` says it in words."""

    done: int
    total: int | None = None
    note: str = ""


@attrs.frozen
class WorkProblem:
    """Why something failed: a stable ``code`` and a sentence."""

    code: str
    detail: str


@attrs.frozen(kw_only=True)
class JobDocument:
    """A job that somebody asked for. ``location`` is where it is told of in full."""

    id: UUID
    kind: str
    state: State
    location: str
    asked_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    progress: JobProgress | None = None
    problem: WorkProblem | None = None
    total: int | None = None
    counts: Mapping[str, Any] = attrs.field(factory=dict)
    errors_file: str | None = None
    files_until: datetime | None = None


@attrs.frozen
class RejectedRow:
    """A row that was not imported: where it stands and what is wrong with it."""

    source: str
    line: int
    problems: tuple[str, ...]


@attrs.frozen(kw_only=True)
class ImportDocument(JobDocument):
    """An import. ``proposals`` wait for a confirmation: send those that are right with the next import of the file."""

    name: str
    entity: str = ""
    dry_run: bool = False
    run_id: UUID | None = None
    rows: int = 0
    rejected: int = 0
    records: Mapping[str, Mapping[str, int]] = attrs.field(factory=dict)
    rejected_rows: tuple[RejectedRow, ...] = ()
    samples: tuple[Mapping[str, Any], ...] = ()
    proposals: tuple[str, ...] = ()
    error_sources: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class ExportDocument(JobDocument):
    """An export. ``file`` is where it is fetched once it is done."""

    entity: str
    format: str
    file: str | None = None


@attrs.frozen
class ImportPage:
    """A page of imports, the newest first."""

    items: tuple[ImportDocument, ...]
    next: str | None = None


@attrs.frozen
class ExportPage:
    """A page of exports, the newest first."""

    items: tuple[ExportDocument, ...]
    next: str | None = None


@attrs.frozen
class JobList:
    """Jobs, the newest first."""

    items: tuple[JobDocument, ...]


@attrs.frozen(kw_only=True)
class AddressImport:
    """An import from an address. One of ``mapping`` (TOML), ``mapping_name`` and ``entity`` says what the rows are."""

    url: str
    filename: str = ""
    mapping: str = ""
    mapping_name: str = ""
    entity: str = ""
    dry_run: bool = False
    confirmed: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class ExportBody:
    """What to export. Without ``fields`` all that may be read; ``filter`` in the filter language."""

    entity: str
    filter: str = ""
    fields: tuple[str, ...] = ()
    format: Literal["csv", "xlsx", "jsonl", "vcard"] = "csv"


@attrs.frozen(kw_only=True)
class BulkBody:
    """What to do with all records that match ``filter``; an empty one matches all.

    One of ``set`` (fields as in a patch), ``delete``, ``action`` (an id, with ``input``), ``add_to`` and ``remove_from``
    (ids of frozen segments). ``expected`` is the number of records, as a dry run told it.
    """

    filter: str
    set: Mapping[str, Any] | None = None
    delete: bool = False
    action: str | None = None
    input: Mapping[str, Any] | None = None
    add_to: UUID | None = None
    remove_from: UUID | None = None
    expected: int | None = None
    dry_run: bool = False


@attrs.frozen
class BulkPreview:
    """How many records it would be."""

    count: int


@attrs.frozen
class MappingName:
    """A mapping that the installation offers."""

    name: str


@attrs.frozen
class MappingList:
    """The mappings that the installation offers."""

    items: tuple[MappingName, ...]
