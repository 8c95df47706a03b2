"""What an import did or would do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from crmkit.core.entity import EMPTY, EntityInfo
from crmkit.core.errors import FieldError
from crmkit.core.field_rights import MASKED
from crmkit.core.frozen import frozen
from crmkit.core.messages import Message, Translate
from crmkit.core.registry import EntityRegistry
from crmkit.services.importing.aliases import Proposal

_EMPTY = (None, "", (), False, EMPTY)


@frozen
class RowError:
    """A row that was not imported: where it stands and everything wrong with it."""

    source: str
    number: int
    problems: tuple[FieldError | Message, ...]

    def render(self, translate: Translate | None = None) -> str:
        """Return all problems on one line."""
        return "; ".join(problem.render(translate) for problem in self.problems)


@frozen
class Sample:
    """One change that a dry run shows: fields with their value before (None when new) and after."""

    entity: str
    title: str
    action: str
    fields: Mapping[str, tuple[Any, Any]]


@frozen
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
    proposals: tuple[Proposal, ...] = ()
    """What may be meant by values that no record has; nothing of it was taken."""

    @property
    def changed(self) -> int:
        """How many records were created or updated."""
        return sum(c.get("created", 0) + c.get("updated", 0) for c in self.counts.values())


def samples_of(
    states: Iterable[tuple[str, Any, Any]],
    registry: EntityRegistry,
    hidden: Callable[[str], frozenset[str]],
    most: int,
) -> list[Sample]:
    """Return the first ``most`` changes among the states of records: entity, before (None: new), after.

    Custom fields are told one by one. Of the fields of an entity that are ``hidden``, it says only that they change.
    """
    found: list[Sample] = []
    for entity, before, after in states:
        if len(found) >= most:
            break
        if before is after or before == after:
            continue
        info = registry.get(entity)
        secret = hidden(entity)
        old, new = _told(info, before), _told(info, after)
        told = {
            name: (MASKED, MASKED) if name in secret else (old.get(name), new.get(name))
            for name in {**old, **new}
            if (old.get(name) != new.get(name) if before is not None else new.get(name) not in _EMPTY)
        }
        title = "" if info.title in secret else str(getattr(after, info.title, ""))
        found.append(Sample(entity, title, "create" if before is None else "update", told))
    return found


def _told(info: EntityInfo, record: Any) -> dict[str, Any]:
    """Return the fields of a record that its changes tell of, custom ones by their own names."""
    if record is None:
        return {}
    names = [field.name for field in info.stored if field.audited and field.name not in ("source", "custom")]
    return {**{name: getattr(record, name) for name in names}, **record.custom}


def add_counts(total: dict[str, Counter[str]], part: Mapping[str, Counter[str]]) -> None:
    """Add the counts of a chunk."""
    for entity, counts in part.items():
        total.setdefault(entity, Counter()).update(counts)
