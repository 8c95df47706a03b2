"""Everything there is to see of one hand-off."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from crmkit.command import PageTable, translated, wording
from crmkit.core.frozen import frozen
from crmkit.core.staff import User
from crmkit.plugin import Context
from crmkit_sfa.naming import names_beside
from crmkit_sfa.transfers.entities import Transfer
from crmkit_sfa.transfers.waiting import WaitingTransfer, described


@frozen(kw_only=True)
class TransferPage:
    """One hand-off with names, as the reader may see it."""

    one: WaitingTransfer
    answered_by: str
    escalated_to: str
    zone: ZoneInfo

    def facts(self) -> Iterator[tuple[str, Any]]:
        """Yield labels and values."""
        made = self.one.transfer
        yield from (
            (wording("Record"), self.one.title),
            (wording("Entity"), made.entity),
            (wording("Kind"), made.kind),
            (wording("From"), self.one.sender),
            (wording("To"), self.one.receiver),
            (wording("State"), translated(made.state)),
            (wording("Sent"), self._local(made.created_at)),
            (wording("Answer due"), self._local(made.due_at)),
            (wording("Overdue"), self.one.overdue or None),
            (wording("Promised"), made.promised),
            (wording("Note"), made.note),
            (wording("Escalated"), self._local(made.escalated_at)),
            (wording("Escalated to"), self.escalated_to),
            (wording("Answered"), self._local(made.answered_at)),
            (wording("Answered by"), self.answered_by),
            (wording("Answer"), made.answer),
            (wording("Id"), str(made.id)),
        )

    def tables(self) -> Iterator[PageTable]:
        """Yield the checklist, where there is one."""
        made = self.one.transfer
        if made.checklist:
            rows = [(item, item in made.checked) for item in made.checklist]
            yield wording("Checklist"), (wording("Item"), wording("Done")), rows, ()

    def document(self) -> dict[str, Any]:
        """Return all of it for programs."""
        made = self.one.transfer
        return {
            **told(self.one),
            "checklist": [{"item": item, "done": item in made.checked} for item in made.checklist],
            "created_at": made.created_at,
            "answered_by": self.answered_by or None,
            "escalated_to": self.escalated_to or None,
        }

    def _local(self, instant: datetime | None) -> str:
        return "" if instant is None else f"{instant.astimezone(self.zone):%Y-%m-%d %H:%M}"


def page_of(ctx: Context, id: str) -> TransferPage:
    """Return the page of the hand-off with this id; raises NotFound and BadInput."""
    (one,) = described(ctx, [ctx.session.get(Transfer, id)])
    made = one.transfer
    users = names_beside(ctx, User, [made.answered_by_id, made.escalated_to_id])
    return TransferPage(
        one=one,
        answered_by=users.get(made.answered_by_id, ""),
        escalated_to=users.get(made.escalated_to_id, ""),
        zone=ZoneInfo(ctx.timezone),
    )


def told(one: WaitingTransfer) -> dict[str, Any]:
    """Return a hand-off as lists tell of it to programs."""
    made = one.transfer
    return {
        "id": made.id,
        "entity": made.entity,
        "record_id": made.record_id,
        "title": one.title,
        "kind": made.kind,
        "from": one.sender,
        "to": one.receiver,
        "state": made.state,
        "promised": made.promised,
        "note": made.note,
        "open_items": [item for item in made.checklist if item not in made.checked],
        "due_at": made.due_at,
        "overdue": one.overdue,
        "escalated_at": made.escalated_at,
        "answered_at": made.answered_at,
        "answer": made.answer,
    }
