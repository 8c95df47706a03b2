"""Two customers who are one, with something of everything that can refer to them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import attrs
import pytest

from crmkit.core.customer import ContactPoint, Customer, CustomerRelation
from crmkit.core.grouping import Segment, SegmentMember, Tag, Tagging
from crmkit.core.identity import ExternalIdentity, IdentityClaim
from crmkit.core.interaction import Interaction, InteractionLink, InteractionParticipant
from crmkit.core.product import Asset
from crmkit.core.values.clock import FixedClock
from crmkit.runtime.crm import Crm
from crmkit.services.consent import grant, withdraw
from tests.conftest import OpenCrm
from tests.tenants import in_a_new_tenant


@attrs.frozen
class Twins:
    """``anna`` and ``berg`` are the same person; ``firm`` employs both."""

    anna: Customer
    berg: Customer
    firm: Customer
    call: Interaction
    vip: Tag


CUSTOM = {
    "custom_fields": [{"entity": "customer", "name": name, "type": "integer"} for name in ("size", "shoe", "hat")]
}


@pytest.fixture
def crm(core_url: str, clock: FixedClock, kept_open: OpenCrm) -> Crm:
    """A CRM with custom fields of customers, on SQLite and on PostgreSQL, with a tenant of the test's own."""
    crm = in_a_new_tenant(kept_open(core_url, config=CUSTOM))
    crm.clock = clock
    return crm


@pytest.fixture
def twins(crm: Crm) -> Twins:
    return make_twins(crm)


def make_twins(crm: Crm) -> Twins:
    anna = Customer(name="Anna", industry="Retail", custom={"size": 3})
    berg = Customer(
        name="Anna Berg", family_name="Berg", industry="Trade", country="DE", custom={"size": 4, "shoe": 38}
    )
    firm = Customer(name="Firm", kind="organization")
    call = Interaction(kind="call", subject="Both spoke", occurred_at=datetime(2024, 1, 1, tzinfo=UTC))
    mail = Interaction(kind="email", subject="To Berg", occurred_at=datetime(2024, 1, 2, tzinfo=UTC))
    vip, segment = Tag(name="vip"), Segment(name="frozen", kind="frozen")
    with crm.session() as session:
        session.add(anna, berg, firm, call, mail, vip, segment)
        same = [ContactPoint(customer_id=c.id, kind="email", value="anna@example.com") for c in (anna, berg)]
        other = ContactPoint(customer_id=berg.id, kind="phone", value="+49 372 035188", preferred=True)
        session.add(same[0], attrs.evolve(same[1], verified=True, label="work"), other)
        for one in (anna, berg):
            session.add(
                InteractionParticipant(interaction_id=call.id, customer_id=one.id),
                CustomerRelation(from_id=one.id, to_id=firm.id, type="employed_by", title=one.family_name),
                Tagging(tag_id=vip.id, entity="customer", record_id=one.id),
                SegmentMember(segment_id=segment.id, record_id=one.id),
                ExternalIdentity(system="shop", external_id=one.name, entity="customer", record_id=one.id),
            )
        session.add(
            CustomerRelation(from_id=anna.id, to_id=berg.id, type="referred_by"),
            InteractionParticipant(interaction_id=mail.id, customer_id=berg.id),
            InteractionLink(interaction_id=mail.id, entity="customer", record_id=berg.id),
            Asset(customer_id=berg.id, name="Pump"),
            IdentityClaim(channel="email", customer_id=berg.id, state="resolved"),
        )
        session.flush()
        grant(session, anna, "newsletter", channel="email", contact_point=same[0].id)
        withdraw(session, berg, "newsletter", channel="email", contact_point=same[1].id)
    return Twins(anna, berg, firm, call, vip)


BOOKS = ("version", "created_at", "created_by", "updated_at", "updated_by")


def everything(crm: Crm) -> dict[str, dict[Any, Any]]:
    """Return every record of the tenant, deleted ones too, without bookkeeping and merge journal."""
    found: dict[str, dict[Any, Any]] = {}
    with crm.session(reads=True) as session:
        for info in crm.registry:
            if info.editable and info.name != "merge_journal":
                names = [field.name for field in info.stored if field.name not in BOOKS]
                records = session.list(info.cls, deleted=True)
                found[info.name] = {record.id: {name: getattr(record, name) for name in names} for record in records}
    return found
