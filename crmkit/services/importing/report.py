"""What an import did or would do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import attrs

from crmkit.core.entity import EMPTY
from crmkit.core.errors import FieldError
from crmkit.core.messages import Message, Translate
from crmkit.core.registry import EntityRegistry


@attrs.frozen
class RowError:
    """A row that was not imported: where it stands and everything wrong with it."""

    source: str
    number: int
    problems: tuple[FieldError | Message, ...]

    def render(self, translate: Translate | None = None) -> str:
        """Return all problems on one line."""
        return "; ".join(problem.render(translate) for problem in self.problems)


@attrs.frozen
class Sample:
    """One change that a dry run shows: fields with their value before (None when new) and after."""

    entity: str
    title: str
    action: str
    fields: Mapping[str, tuple[Any, Any]]


@attrs.frozen
class ImportReport:
    """``counts`` says per entity how many records were created, updated, unchanged; ``rejected`` counts rows."""

    name: str
    run_id: UUID | None
    dry_run: bool
    resumed: bool
    rows: int
    rejected: int
    counts: Mapping[str, Mapping[str, int]]
    errors: tuple[RowError, ...]
    error_files: tuple[Path, ...]
    samples: tuple[Sample, ...]

    @property
    def changed(self) -> int:
        """How many records were created or updated."""
        return sum(c.get("created", 0) + c.get("updated", 0) for c in self.counts.values())


def samples_of(states: Iterable[tuple[str, Any, Any]], registry: EntityRegistry, most: int) -> list[Sample]:
    """Return the first ``most`` changes among the states of records: entity, before (None: new), after."""
    found: list[Sample] = []
    for entity, before, after in states:
        if len(found) >= most:
            break
        if before is after or before == after:
            continue
        info = registry.get(entity)
        fields = {
            field.name: (None if before is None else getattr(before, field.name), getattr(after, field.name))
            for field in info.stored
            if field.audited and field.name != "source"
        }
        told = {
            name: (old, new)
            for name, (old, new) in fields.items()
            if (old != new if before is not None else new not in (None, "", (), False, EMPTY))
        }
        title = str(getattr(after, info.title, ""))
        found.append(Sample(entity, title, "create" if before is None else "update", told))
    return found


def add_counts(total: dict[str, Counter[str]], part: Mapping[str, Counter[str]]) -> None:
    """Add the counts of a chunk."""
    for entity, counts in part.items():
        total.setdefault(entity, Counter()).update(counts)
