"""What the CRM writes about itself: audit entries, events, merges, imports, commands and delivery cursors.

These are not records that users edit. The store alone writes them, in the transaction of what they tell about.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from crmkit.core.entity import EMPTY, Part, Record, entity, field
from crmkit.core.values.ids import new_id


@entity(
    "audit_entry",
    plural="audit_entries",
    title="action",
    access=(),
    indexes=(("record_id", "occurred_at"), ("cause_id",)),
)
class AuditEntry:
    """Who changed what: actor, on whose behalf, through which plugin, because of what, and the values before and after.

    ``delta`` maps a field to [before, after] in JSON form; a new record's delta maps each filled field to its value.
    ``cause_id`` is the event, import run or command that led to the change. An entry "erased" says that the deltas of
    the record's earlier entries were taken away. ``origin`` says which versions of which plugins had a part in it; see
    ``crmkit.core.origin``.
    """

    id: UUID = field(factory=new_id)
    occurred_at: datetime = field()
    actor_id: UUID | None = field(default=None)
    on_behalf_id: UUID | None = field(default=None)
    plugin: str = field(default="", max_length=100)
    entity: str = field(max_length=100)
    record_id: UUID = field(label="Record")
    action: Literal["created", "updated", "deleted", "restored", "erased"] = field()
    version: int = field(default=1)
    cause_id: UUID | None = field(default=None)
    delta: Mapping[str, Any] = field(default=EMPTY, sensitivity="personal")
    origin: Mapping[str, Any] = field(default=EMPTY)


@entity("event", title="type", access=(), sequence="position")
class Event:
    """One thing that happened, in the order of the log. Attributes follow CloudEvents: id, type, subject, time.

    ``id`` is that of the audit entry that holds the values; events of a record are found through its audit entries.
    ``depth`` counts how many events led to this one.
    """

    position: int = field(default=0)
    id: UUID = field(factory=new_id)
    type: str = field(max_length=100)
    entity: str = field(max_length=100)
    record_id: UUID = field(label="Record")
    occurred_at: datetime = field()
    actor_id: UUID | None = field(default=None)
    plugin: str = field(default="", max_length=100)
    cause_id: UUID | None = field(default=None)
    depth: int = field(default=0)


@entity("merge_journal", plural="merge_journals", title="entity")
class MergeJournal(Part):
    """The before-images of a merge, so that it can be undone; ``lost_id`` resolves to ``kept_id`` for ever.

    ``images`` hold values of any field: whoever may not read all fields of all entities does not see them.
    """

    entity: str = field(max_length=100)
    kept_id: UUID = field(label="Kept", indexed=True)
    lost_id: UUID = field(label="Lost", indexed=True)
    images: tuple[Mapping[str, Any], ...] = field(default=(), sensitivity="personal", audited=False)
    undone_at: datetime | None = field(default=None)


@entity("import_alias", plural="import_aliases", title="value", unique=(("system", "entity", "name", "value"),))
class ImportAlias(Record):
    """What the files of a system mean by a value that no record has: ``meaning``, which somebody confirmed.

    It stands for the record of ``entity`` whose field ``name`` says ``meaning``.
    """

    system: str = field(max_length=200)
    entity: str = field(max_length=100, erase="keep")
    name: str = field(max_length=100, label="Field", erase="keep")
    value: str = field(max_length=500)
    meaning: str = field(max_length=500)


@entity("import_run", title="name", indexes=(("fingerprint",),))
class ImportRun(Record):
    """One import of a file or folder: where it stands, what it did and how it can be taken back.

    ``fingerprint`` is the SHA-256 of content and mapping; ``position`` counts the rows done of ``step``.
    """

    name: str = field(max_length=200)
    path: str = field(max_length=1_000)
    fingerprint: str = field(max_length=64)
    state: Literal["running", "finished", "reverted"] = field(default="running")
    step: int = field(default=0, minimum=0, audited=False)
    position: int = field(default=0, minimum=0, audited=False)
    counts: Mapping[str, Any] = field(default=EMPTY, audited=False)
    finished_at: datetime | None = field(default=None)
