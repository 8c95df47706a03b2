"""Which imports came to their end, read off the event log for the hooks that wait for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crmkit.core.journal import AuditEntry, Event, ImportRun
from crmkit.hooks.causation import Cause
from crmkit.hooks.imports import ImportFinished
from crmkit.store.chunks import in_chunks
from crmkit.store.session import Session


def finished_imports(session: Session, events: Sequence[Event], cause: Cause) -> Iterator[ImportFinished]:
    """Yield what the imports finished by ``events`` did, one call for each entity; ``failed`` counts rejected rows.

    An import has an event for every chunk; the one that ended it is known by its audit entry, which has the same id.
    """
    ended = {
        entry.record_id
        for chunk in in_chunks(events)
        for entry in session.list(AuditEntry, id=[event.id for event in chunk])
        if list(entry.delta.get("state", ()))[-1:] == ["finished"]
    }
    for run in session.list(ImportRun, id=sorted(ended)) if ended else ():
        for entity, counts in sorted(run.counts.get("records", {}).items()):
            yield ImportFinished(
                import_name=run.name,
                source=run.path,
                entity=entity,
                created=counts.get("created", 0),
                updated=counts.get("updated", 0),
                unchanged=counts.get("unchanged", 0),
                failed=run.counts.get("rejected", 0),
                cause=cause,
            )
