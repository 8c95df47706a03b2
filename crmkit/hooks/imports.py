"""Hooks of imports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from crmkit.core.frozen import frozen
from crmkit.hooks.causation import ROOT, Cause
from crmkit.hooks.kinds import Kind, hookspec
from crmkit.hooks.protocols import Context


@frozen
class ImportRows:
    """A batch of rows, mapped to field names, before they become records of ``entity``.

    ``import_name`` is the saved mapping, ``source`` the file or system that the rows come from.
    """

    import_name: str
    source: str
    entity: str
    rows: tuple[Mapping[str, object], ...]

    @property
    def size(self) -> int:
        """How many rows there are."""
        return len(self.rows)


@frozen
class RowValues:
    """Replaced or added values for the row at index ``row`` of the batch; later plugins win over earlier ones."""

    row: int
    values: Mapping[str, object]


@frozen
class ImportFinished:
    """The outcome of one import for one entity: numbers of records, and of ``failed`` rows of the whole import."""

    import_name: str
    source: str
    entity: str
    created: int
    updated: int
    unchanged: int
    failed: int
    cause: Cause = ROOT

    @property
    def size(self) -> int:
        """How many records and rejected rows there were."""
        return self.created + self.updated + self.unchanged + self.failed


class ImportSpecs:
    """Called in this order during an import."""

    @hookspec(kind=Kind.DERIVE, since="0.1", per_entity=True)
    def derive_import_rows(self, ctx: Context, call: ImportRows) -> Iterable[RowValues]:
        """Return values to use instead of, or beside, those of some rows. All plugins see the rows as mapped."""

    @hookspec(kind=Kind.NOTIFY, since="0.1", per_entity=True)
    def after_import_finished_committed(self, ctx: Context, call: ImportFinished) -> None:
        """React to an import that ran to its end."""
