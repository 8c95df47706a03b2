"""What customers allow: may one be contacted, and recording what they say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Literal
from uuid import UUID

import attrs

from crmkit.core.consent import Consent
from crmkit.core.customer import Customer
from crmkit.core.entity import EntityInfo
from crmkit.core.errors import FieldError, ValidationFailed
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg
from crmkit.hosting import read_input
from crmkit_web.documents.records import form_of
from crmkit_web.openapi.patterns import FILLED
from crmkit_web.serving.calls import Call, Reply
from crmkit_web.serving.endpoints import Endpoint

if TYPE_CHECKING:
    from crmkit_web.serving.site import Site


@frozen
class ConsentQuestion:
    """May a customer be contacted by ``channel`` for ``purpose``, perhaps at one contact point, now or ``at`` an instant?"""

    channel: str = attrs.field(metadata={"schema": {"pattern": FILLED}})
    purpose: str = attrs.field(metadata={"schema": {"pattern": FILLED}})
    contact_point_id: UUID | None = None
    at: datetime | None = None


@frozen
class ConsentDecision:
    """Whether contact is allowed, and why.

    ``consent_id`` is the statement that decided, null when there is none; ``considered`` are all statements in effect that
    reach the question, the newest first.
    """

    allowed: bool
    reason: str
    consent_id: UUID | None
    considered: tuple[UUID, ...]


@frozen
class Statement:
    """What a customer said: ``granted``, ``denied`` or ``withdrawn``, for a purpose (``*``: all).

    Without ``channel`` and ``contact_point_id`` it is about all channels. ``evidence`` proves it; ``at`` is when the
    customer said it, by default now.
    """

    decision: Literal["granted", "denied", "withdrawn"]
    purpose: str = attrs.field(metadata={"schema": {"pattern": FILLED, "maxLength": 100}})
    channel: str = attrs.field(default="", metadata={"schema": {"maxLength": 50}})
    contact_point_id: UUID | None = None
    evidence: str = attrs.field(default="", metadata={"schema": {"maxLength": 10_000}})
    legal_basis: str = attrs.field(default="", metadata={"schema": {"maxLength": 100}})
    at: datetime | None = None
    source: str = attrs.field(default="", metadata={"schema": {"maxLength": 100}})


def endpoints(site: Site) -> Iterator[Endpoint]:
    """Yield the endpoints of this module."""
    yield Endpoint(
        "decide_consent",
        "POST",
        "/{entity}/{id}/consent-decision",
        decide,
        msg("Tell whether a customer may be contacted by a channel for a purpose, and why."),
        tag="consent",
        body=ConsentQuestion,
        returns=ConsentDecision,
        reads=True,
        entities=of_customers,
    )
    yield Endpoint(
        "record_consent",
        "POST",
        "/{entity}/{id}/consents",
        record,
        msg("Record what a customer allows, denies or withdraws. Statements are added, never changed."),
        tag="consent",
        body=Statement,
        returns=Consent,
        status=201,
        entities=of_customers,
    )


def of_customers(info: EntityInfo) -> bool:
    """Whether an entity is that of customers."""
    return info.name == "customer"


def decide(call: Call) -> ConsentDecision:
    """Answer whether the customer may be contacted."""
    info = call.entity
    asked = read_input(ConsentQuestion, call.mapping())
    customer = call.session.get(info.cls, call.path["id"])
    found = call.ctx.services.can_contact(
        customer, asked.channel, asked.purpose, contact_point=asked.contact_point_id, at=asked.at
    )
    return ConsentDecision(found.allowed, found.reason.render(call.translate), found.fact_id, found.considered)


def record(call: Call) -> Reply:
    """Record a statement and answer it as it is stored."""
    info = call.entity
    given = read_input(Statement, call.mapping())
    if not given.purpose.strip():
        raise ValidationFailed([FieldError("/purpose", "required", None, msg("a purpose, or * for all"))])
    customer: Customer = call.session.get(info.cls, call.path["id"])
    services = call.ctx.services
    state = {"granted": services.grant, "denied": services.deny, "withdrawn": services.withdraw}[given.decision]
    made = state(
        customer,
        given.purpose,
        channel=given.channel,
        contact_point=given.contact_point_id,
        evidence=given.evidence,
        legal_basis=given.legal_basis,
        at=given.at,
        source=given.source,
    )
    call.session.flush()
    consents = call.session.entity(Consent)
    stored = call.session.get(Consent, made.id)
    return Reply(form_of(call.session, consents)(stored), 201, {"location": f"/api/v1/{consents.plural}/{stored.id}"})
