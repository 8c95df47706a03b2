"""Webhooks and the log of their deliveries."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from crmkit.plugin import Own, Part, Record, Via, entity, field


@entity(
    "web_webhook",
    label="Webhook",
    plural="web_webhooks",
    plural_label="Webhooks",
    title="url",
    access=Own(),
    credentials=True,
    plugin="web",
)
class Webhook(Record):
    """An address that hears of events, told as its owner may see them.

    Both secrets stand as ``crmkit_web.webhooks.secrets`` seals them: unlike those of tokens they are used again, to sign.
    The former one signs as well until ``former_until``. What happened before ``since`` is not told.
    """

    url: str = field(required=True, max_length=2_000)
    description: str = field(default="", max_length=500)
    events: tuple[str, ...] = field(help="Types of events, as in customer.created, customer.* or *.deleted.")
    filter: str = field(default="", max_length=2_000, help="Which records, in the filter language.")
    payload: Literal["full", "thin"] = field(
        default="full", help="full: with the record as it is when it is sent; thin: with ids alone."
    )
    state: Literal["active", "disabled"] = field(default="active")
    reason: Literal["", "asked", "owner", "filter", "secret", "gone", "failed"] = field(
        default="", help="Why it is disabled."
    )
    since: datetime | None = field(default=None, help="What happened before is not told.")
    secret: str = field(max_length=500, audited=False, sensitivity="special")
    former_secret: str = field(default="", max_length=500, audited=False, sensitivity="special")
    former_until: datetime | None = field(default=None)


@entity(
    "web_delivery",
    label="Delivery",
    plural="web_deliveries",
    plural_label="Deliveries",
    title="type",
    access=Via("webhook_id"),
    credentials=True,
    plugin="web",
    indexes=(("webhook_id", "attempted_at"), ("attempted_at",)),
)
class Delivery(Part):
    """One attempt to tell a webhook of an event. Nothing of what was sent is kept, only of what was answered.

    ``outcome`` is ``delivered``, ``failed`` (another attempt follows at ``next_attempt_at``) or ``given_up``. Deliveries
    do not let anybody in, yet what a server answered is nobody's business but the webhook's owner's.
    """

    webhook_id: UUID = field(reference="web_webhook", audited=False)
    message_id: str = field(max_length=100, audited=False, help="The header webhook-id, the same in every attempt.")
    event: str = field(default="", max_length=36, audited=False, help="The id of the event; empty for a test.")
    type: str = field(max_length=100, audited=False)
    attempt: int = field(default=1, minimum=1, audited=False)
    attempted_at: datetime = field(audited=False)
    outcome: Literal["delivered", "failed", "given_up"] = field(audited=False)
    status: int | None = field(default=None, audited=False, help="The HTTP status; empty when no answer came.")
    error: str = field(default="", max_length=500, audited=False, help="What went wrong, where no answer came.")
    response: str = field(
        default="",
        max_length=500,
        audited=False,
        sensitivity="personal",
        help="The beginning of an answer that refuses.",
    )
    milliseconds: int = field(default=0, minimum=0, audited=False)
    next_attempt_at: datetime | None = field(default=None, audited=False)
