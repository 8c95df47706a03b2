"""What is known of long work: what was asked for, by whom, and what became of it. Its files are in the spool."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from crmkit.plugin import Record, entity, field

EMPTY: Mapping[str, Any] = {}


@entity("web_work", label="Long work", plural="web_works", plural_label="Long work", plugin="web", title="name")
class Work(Record):
    """An import, export or bulk action. It has the id of the job that does it, and belongs to whoever asked for it.

    How far it is stands with the job until it has ended; ``counts`` and ``problem`` say how it ended.
    """

    user_id: UUID | None = field(default=None, reference="user", merge="block", erase="delete", indexed=True)
    deputy_id: UUID | None = field(
        default=None,
        reference="user",
        merge="block",
        erase="delete",
        help="Who asked on the user's behalf; it is that one's alone.",
    )
    kind: Literal["import", "export", "bulk", "revert"] = field(required=True)
    name: str = field(default="", max_length=200, help="The name of its file, or what is done with records.")
    entity: str = field(default="", max_length=100)
    dry_run: bool = field(default=False)
    state: Literal["open", "done", "failed", "cancelled"] = field(default="open")
    cancelling: bool = field(default=False, help="Whether somebody asked for its end; it ends after what it is doing.")
    total: int | None = field(default=None, minimum=0, help="How many records it is about.")
    run_id: UUID | None = field(default=None, reference="import_run", help="The import in the list of imports.")
    counts: Mapping[str, Any] = field(default=EMPTY, audited=False)
    problem: Mapping[str, Any] = field(default=EMPTY, audited=False, sensitivity="personal")
    ended_at: datetime | None = field(default=None)
    files_until: datetime | None = field(default=None, help="When its files are deleted.")
