"""From the event log to ``after_records_merged_committed``: the merges that were committed, and those taken back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crmkit.core.journal import AuditEntry, Event, MergeJournal
from crmkit.hooks.causation import Cause
from crmkit.hooks.merging import Merge, RecordsMerged
from crmkit.store.chunks import in_chunks
from crmkit.store.session import Session


def committed_merges(session: Session, events: Sequence[Event], cause: Cause) -> Iterator[RecordsMerged]:
    """Yield what events of the merge journal tell, by entity: a new entry is a merge, ``undone_at`` takes it back."""
    made = {event.record_id for event in events if event.type == "merge_journal.created"}
    changed = [event.id for event in events if event.type == "merge_journal.updated"]
    undone = {
        entry.record_id
        for chunk in in_chunks(changed)
        for entry in session.list(AuditEntry, id=chunk)
        if list(entry.delta.get("undone_at", (None,)))[-1] is not None
    }
    for ids, back in ((made, False), (undone, True)):
        merges: dict[str, list[Merge]] = {}
        for chunk in in_chunks(sorted(ids)):
            for journal in session.list(MergeJournal, id=chunk):
                merges.setdefault(journal.entity, []).append(Merge(journal.kept_id, journal.lost_id, journal.id))
        for entity, some in merges.items():
            yield RecordsMerged(entity, tuple(some), back, cause)
