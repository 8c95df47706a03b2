"""The customer: the party we have or want a relationship with, how to reach it and whom it is related to."""

from __future__ import annotations

from datetime import date
from typing import Literal
from uuid import UUID

from crmkit.core.entity import Part, Record, Via, entity, field
from crmkit.core.values.money import Money
from crmkit.core.values.partial_date import PartialDate

CustomerKind = Literal["person", "organization", "household"]
PointKind = Literal["email", "phone", "address", "url", "social", "messaging"]


@entity("customer", indexes=(("name",),))
class Customer(Record):
    """A person, an organization or a household. Roles such as dealer or employer come from relations.

    ``name`` is what people call the party; for a person it is composed from the name parts when left out.
    """

    kind: CustomerKind = field(default="person")
    name: str = field(required=True, default="", searchable=True, sensitivity="personal")
    prefix: str = field(default="", max_length=50, sensitivity="personal")
    given_name: str = field(default="", max_length=100, sensitivity="personal", fixed=True)
    additional_names: str = field(default="", max_length=100, sensitivity="personal", fixed=True)
    family_name: str = field(default="", max_length=100, sensitivity="personal", fixed=True)
    suffix: str = field(default="", max_length=50, sensitivity="personal")
    nickname: str = field(default="", max_length=100, searchable=True, sensitivity="personal")
    birth_date: PartialDate | None = field(
        default=None, sensitivity="personal", fixed=True, help="May lack the year or the day"
    )
    gender: str = field(default="", max_length=30, sensitivity="personal", fixed=True)
    legal_name: str = field(default="", searchable=True, fixed=True)
    domain: str = field(default="", format="domain", indexed=True, searchable=True)
    industry: str = field(default="", max_length=100)
    employees: int | None = field(default=None, minimum=0)
    annual_revenue: Money | None = field(default=None)
    founded: int | None = field(default=None, minimum=0, label="Year founded", fixed=True)
    country: str = field(default="", format="country")
    language: str = field(default="", format="language", fixed=True)
    timezone: str = field(default="", format="timezone", label="Time zone")
    description: str = field(default="", max_length=20_000, searchable=True, sensitivity="personal")


@entity(
    "contact_point",
    access=Via("customer_id"),
    title="value",
    # This order, so that the key also finds who has a value.
    unique=(("kind", "normalized", "customer_id"),),
    indexes=(("customer_id",),),
)
class ContactPoint(Part):
    """A way to reach a customer. Not globally unique: families and switchboards share.

    ``value`` is as given, ``normalized`` what is compared: E.164 for phones, the folded address for mail.
    A point past ``valid_until`` is not used any more but still recognises who writes or calls.
    """

    customer_id: UUID = field(reference="customer", merge="union", erase="delete")
    kind: PointKind = field()
    value: str = field(
        default="",
        required=True,
        max_length=1_000,
        searchable=True,
        sensitivity="personal",
        help="Of an address: made from its parts",
    )
    normalized: str = field(
        default="", required=True, max_length=1_000, sensitivity="personal", help="Filled from the value"
    )
    label: str = field(default="", max_length=50)
    country: str = field(default="", format="country", help="Reads national phone numbers")
    street: str = field(default="", max_length=500, sensitivity="personal")
    city: str = field(default="", max_length=100, sensitivity="personal")
    region: str = field(default="", max_length=100)
    postal_code: str = field(default="", max_length=30, sensitivity="personal")
    preferred: bool = field(default=False)
    valid_from: date | None = field(default=None)
    valid_until: date | None = field(default=None)
    verified: bool = field(default=False)
    deliverability: Literal["unknown", "good", "bounced", "blocked"] = field(default="unknown")


@entity("relation_type", unique=(("name",),))
class RelationType(Record):
    """A kind of relation between customers, read from both sides.

    ``name`` reads from the first to the second party ("employed by"), ``inverse`` back ("employs"). An acyclic type
    never leads from a party back to itself; a symmetric one reads the same both ways.
    """

    name: str = field(max_length=100)
    inverse: str = field(max_length=100)
    from_kinds: tuple[str, ...] = field(default=(), help="Customer kinds allowed on the first side; empty for all")
    to_kinds: tuple[str, ...] = field(default=(), help="Customer kinds allowed on the second side; empty for all")
    symmetric: bool = field(default=False)
    acyclic: bool = field(default=False)


@entity(
    "customer_relation",
    access=(Via("from_id"), Via("to_id")),
    title="type",
    unique=(("from_id", "to_id", "type"),),
)
class CustomerRelation(Part):
    """One customer stands in a relation to another: employed by, subsidiary of, dealer of, referred by."""

    from_id: UUID = field(reference="customer", merge="union", erase="delete", label="From")
    to_id: UUID = field(reference="customer", merge="union", erase="delete", label="To")
    type: str = field(max_length=100, erase="keep")
    title: str = field(default="", max_length=200, sensitivity="personal", help="Such as the job title")
    valid_from: date | None = field(default=None)
    valid_until: date | None = field(default=None)
