"""Interactions: every contact with a customer in any channel. This is where plugins meet."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from crmkit.core.entity import Own, Part, Record, Via, ViaLink, entity, field
from crmkit.core.frozen import frozen
from crmkit.core.product import Product
from crmkit.core.values.money import Money

MoneyRole = Literal["none", "revenue", "cash", "cost"]


@frozen
class InteractionKind:
    """A kind of interaction. ``money`` says what its money is, so that an order and its receipt never count twice."""

    name: str
    """Its word in ``interaction.kind``; a plugin's begins with the plugin's name."""
    label: str
    """What people call it; it is translated."""
    money: MoneyRole = "none"
    """What was sold (``revenue``), received or given back (``cash``), spent on the customer (``cost``), or ``none``."""
    plugin: str = "crmkit"
    """Who brought it."""


@frozen(kw_only=True)
class Line:
    """A line to log an interaction with; it becomes an ``InteractionLine``. The amount is computed when left out."""

    product: Product | UUID | None = None
    description: str = ""
    quantity: Decimal = Decimal(1)
    unit: str = ""
    unit_price: Decimal | None = None
    discount: Decimal = Decimal(0)
    amount: Decimal | None = None


STANDARD_KINDS: tuple[InteractionKind, ...] = (
    InteractionKind("email", "E-mail"),
    InteractionKind("call", "Call"),
    InteractionKind("meeting", "Meeting"),
    InteractionKind("visit", "Visit"),
    InteractionKind("chat", "Chat"),
    InteractionKind("sms", "Text message"),
    InteractionKind("letter", "Letter"),
    InteractionKind("fax", "Fax"),
    InteractionKind("web", "Web visit"),
    InteractionKind("event", "Event"),
    InteractionKind("purchase", "Purchase", money="revenue"),
    InteractionKind("payment", "Payment", money="cash"),
    InteractionKind("refund", "Refund", money="cash"),
    InteractionKind("return", "Return", money="revenue"),
    InteractionKind("delivery", "Delivery", money="cost"),
    InteractionKind("complaint", "Complaint"),
    InteractionKind("survey", "Survey"),
    InteractionKind("note", "Note"),
)


@entity(
    "interaction",
    access=(Own(), ViaLink("interaction_participant", "interaction_id", "customer_id", copies=("occurred_at",))),
    title="subject",
    unique=(("channel", "external_key"),),
    indexes=(("occurred_at",), ("thread_id",)),
)
class Interaction(Record):
    """A contact between the company and somebody: a mail, a call, a purchase, a note.

    ``occurred_at`` is when it happened, ``created_at`` when it was recorded. ``external_key`` is unique per channel, so
    that taking the same message twice stores it once. Money and line amounts are kept unrounded, to six places. A
    completed interaction is corrected by one that supersedes it; its own status is ``superseded`` from then on.
    """

    kind: str = field(max_length=50, indexed=True, erase="keep")
    direction: Literal["", "inbound", "outbound", "internal"] = field(default="")
    status: Literal["planned", "in_progress", "completed", "cancelled", "superseded"] = field(default="completed")
    subject: str = field(default="", max_length=500, searchable=True, sensitivity="personal")
    body: str = field(default="", max_length=1_000_000, searchable=True, sensitivity="personal")
    occurred_at: datetime = field()
    ended_at: datetime | None = field(default=None)
    channel: str = field(default="", max_length=100, erase="keep")
    external_key: str = field(default="", max_length=500, sensitivity="personal")
    thread_id: UUID | None = field(default=None)
    outcome: str = field(default="", max_length=200, sensitivity="personal")
    visibility: Literal["shared", "private"] = field(default="shared")
    money: Money | None = field(default=None)
    sum_lines: bool = field(default=False, help="Money is kept the sum of the lines, in the money's currency")
    line_of_business: str = field(default="", max_length=100, erase="keep")
    supersedes_id: UUID | None = field(default=None, reference="interaction")


@entity(
    "interaction_participant",
    access=Via("interaction_id"),
    title="address",
    unique=(("interaction_id", "customer_id", "role"),),
    indexes=(("customer_id", "occurred_at", "interaction_id"),),
)
class InteractionParticipant(Part):
    """Somebody who took part, with the address used. ``occurred_at`` repeats the interaction's, for fast timelines."""

    interaction_id: UUID = field(reference="interaction")
    customer_id: UUID | None = field(default=None, reference="customer", merge="repoint", erase="tombstone")
    claim_id: UUID | None = field(default=None, reference="identity_claim")
    user_id: UUID | None = field(default=None, reference="user", handed_over=True)
    role: str = field(default="customer", required=True, max_length=50, erase="keep")
    address: str = field(default="", max_length=300, sensitivity="personal")
    occurred_at: datetime | None = field(default=None, audited=False)


@entity("interaction_line", access=Via("interaction_id"), title="description", unique=(("interaction_id", "position"),))
class InteractionLine(Part):
    """One line of an interaction with money. ``amount`` = quantity x unit price x (1 - discount), kept unrounded."""

    interaction_id: UUID = field(reference="interaction")
    position: int = field(minimum=1)
    product_id: UUID | None = field(default=None, reference="product")
    description: str = field(default="", max_length=500)
    quantity: Decimal = field(default=Decimal(1))
    unit: str = field(default="", max_length=50, erase="keep")
    unit_price: Decimal | None = field(default=None)
    discount: Decimal = field(default=Decimal(0), help="As a fraction: 0.15 for 15 %")
    amount: Decimal | None = field(default=None, help="In the interaction's currency; computed when left out")


@entity(
    "interaction_link",
    access=Via("interaction_id"),
    title="entity",
    unique=(("interaction_id", "entity", "record_id", "role"),),
    indexes=(("record_id",),),
)
class InteractionLink(Part):
    """Ties an interaction to any other record: the opportunity it moved, the ticket it answered."""

    interaction_id: UUID = field(reference="interaction")
    entity: str = field(max_length=100, erase="keep")
    record_id: UUID = field(label="Record", erase="tombstone")
    role: str = field(default="about", required=True, max_length=50, erase="keep")


@entity("attachment", access=Via("interaction_id"), title="filename")
class Attachment(Part):
    """A file that came with an interaction, known by the SHA-256 of its content."""

    interaction_id: UUID = field(reference="interaction", erase="delete")
    filename: str = field(max_length=300, searchable=True, sensitivity="personal")
    media_type: str = field(default="application/octet-stream", max_length=100, erase="keep")
    size: int = field(default=0, minimum=0, help="Bytes")
    sha256: str = field(default="", max_length=64, indexed=True)
