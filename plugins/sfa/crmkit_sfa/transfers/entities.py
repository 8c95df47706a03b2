"""What the plugin keeps of hand-offs."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from crmkit.plugin import Own, Record, Via, entity, field

TransferState = Literal["waiting", "accepted", "declined", "withdrawn", "expired"]


@entity(
    "sfa_transfer",
    label="Hand-off",
    plural="sfa_transfers",
    plural_label="Hand-offs",
    plugin="sfa",
    title="kind",
    access=(Own(), Via("customer_id"), Via("lead_id"), Via("opportunity_id")),
    unique=(("waiting_key",),),
    indexes=(("state", "due_at"), ("record_id",)),
    over="state in (accepted, declined, withdrawn, expired)",
    credited=True,
)
class Transfer(Record):
    """A record that passes to a user or a team once these accept it, with what they have to know. Its owner sent it.

    Whoever sees the customer, lead or opportunity that passes sees what was said when it passed.
    """

    entity: str = field(max_length=100, erase="keep", help="What is handed off: a lead, an opportunity, a customer ...")
    record_id: UUID = field(label="Record", erase="delete")
    customer_id: UUID | None = field(default=None, reference="customer", merge="repoint", erase="delete")
    lead_id: UUID | None = field(default=None, reference="sfa_lead")
    opportunity_id: UUID | None = field(default=None, reference="sfa_opportunity")
    kind: str = field(
        default="other", max_length=100, erase="keep", help="From where to where, as the settings name it."
    )
    from_user_id: UUID | None = field(default=None, reference="user", label="From", help="Whose it was.")
    from_team_id: UUID | None = field(default=None, reference="team", label="From team")
    to_user_id: UUID | None = field(default=None, reference="user", handed_over=True, label="To")
    to_team_id: UUID | None = field(default=None, reference="team", label="To team")
    promised: str = field(default="", max_length=10_000, sensitivity="personal", help="What was promised, and to whom.")
    note: str = field(default="", max_length=10_000, sensitivity="personal", help="What else there is to know.")
    checklist: tuple[str, ...] = field(default=(), help="What was to be gone through before.")
    checked: tuple[str, ...] = field(default=(), help="What of it was done.")
    due_at: datetime = field(label="Answer due", help="Until when it is to be answered.")
    state: TransferState = field(default="waiting", indexed=True)
    answered_at: datetime | None = field(default=None)
    answered_by_id: UUID | None = field(default=None, reference="user", label="Answered by")
    answer: str = field(
        default="", max_length=2_000, sensitivity="personal", help="Why it was declined, or what is asked."
    )
    escalated_at: datetime | None = field(default=None, help="When it was noticed that nobody had answered.")
    escalated_to_id: UUID | None = field(default=None, reference="user", handed_over=True, label="Escalated to")
    waiting_key: str | None = field(
        default=None, max_length=36, audited=False, help="Keeps a record from waiting twice."
    )


TRANSFER_ENTITIES = (Transfer,)
