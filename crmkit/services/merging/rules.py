"""The core's rule of the write path for merged records: they come back by undoing the merge alone."""

from __future__ import annotations

from typing import Any

from crmkit.core.merging import MERGEABLE
from crmkit.core.messages import msg
from crmkit.hooks.kinds import hookimpl
from crmkit.hooks.protocols import Context
from crmkit.hooks.records import RecordBatch, Refuse
from crmkit.services.append_only import is_rewriting
from crmkit.services.merging.resolving import merges_of


class MergeRules:
    """The core's part in the hooks of saving, for merged records."""

    @hookimpl(specname="guard_records", entities=MERGEABLE)
    def guard_merged(self, ctx: Context, call: RecordBatch) -> list[Refuse]:
        """Refuse to restore a record that became part of another."""
        session: Any = ctx.session
        back = [
            c.after.id
            for c in call.changes
            if c.before is not None and c.before.deleted_at is not None and c.after.deleted_at is None
        ]
        if not back or is_rewriting(session):
            return []
        leads = merges_of(session, call.entity, back)
        return [
            Refuse(msg("{id} was merged into {kept}; undo the merge", id=str(id), kept=str(leads[id])), id)
            for id in back
            if id in leads
        ]
