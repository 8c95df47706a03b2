"""Who somebody is in other systems, and somebodies who are not yet recognised."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

from crmkit.core.entity import EMPTY, Part, Record, Via, ViaRecord, entity, field


@entity(
    "external_identity",
    plural="external_identities",
    access=ViaRecord(),
    title="external_id",
    unique=(("system", "external_id", "entity"),),
    indexes=(("record_id",),),
)
class ExternalIdentity(Part):
    """What another system calls one of our records. Unique while alive; the way to upsert."""

    system: str = field(max_length=100, erase="keep")
    external_id: str = field(max_length=300, searchable=True, sensitivity="personal")
    entity: str = field(max_length=100, erase="keep")
    record_id: UUID = field(label="Record", erase="delete")


@entity("identity_claim", title="channel", indexes=(("fingerprint",),))
class IdentityClaim(Record):
    """An unresolved somebody: what is known of a party until it is recognised as a customer.

    ``fingerprint`` is a digest of the evidence: the same somebody who comes again joins the claim that there is.
    """

    channel: str = field(max_length=50, erase="keep")
    raw: Mapping[str, Any] = field(default=EMPTY, sensitivity="personal", help="As it came in")
    candidates: tuple[Mapping[str, Any], ...] = field(default=(), help="Possible customers with score and reasons")
    state: Literal["open", "resolved", "dismissed"] = field(default="open", indexed=True)
    customer_id: UUID | None = field(default=None, reference="customer", merge="repoint", erase="delete")
    fingerprint: str = field(default="", max_length=64, audited=False)
    rejected: tuple[str, ...] = field(default=(), help="Ids of customers that it is not")


@entity(
    "not_the_same",
    plural="not_the_same",
    label="Not the same",
    access=(Via("first_id"), Via("second_id")),
    title="note",
    unique=(("first_id", "second_id"),),
)
class NotTheSame(Part):
    """Two customers that look alike and are not one. Recognition and duplicate detection leave the pair alone.

    ``first_id`` is the smaller id of the two.
    """

    first_id: UUID = field(reference="customer", merge="union", erase="delete", label="First")
    second_id: UUID = field(reference="customer", merge="union", erase="delete", label="Second")
    note: str = field(default="", max_length=500, sensitivity="personal")
