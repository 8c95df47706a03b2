"""The rights of people to their data: all that is held on a customer, and erasing it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

import attrs

from crmkit.core.errors import FieldError, ValidationFailed
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg
from crmkit.hosting import read_input
from crmkit_web.customers.consent import of_customers
from crmkit_web.openapi.patterns import FILLED
from crmkit_web.records.idempotency import IDEMPOTENCY_KEY
from crmkit_web.serving.calls import Call, Reply
from crmkit_web.serving.endpoints import Endpoint, Parameter
from crmkit_web.serving.problems import Problem

if TYPE_CHECKING:
    from crmkit_web.serving.site import Site


@frozen
class HeldRecords:
    """Records of one entity that are held on a person; ``withheld`` counts those that one may not see."""

    entity: str
    label: str
    records: tuple[Mapping[str, Any], ...]
    withheld: int
    hidden: tuple[str, ...]


@frozen
class HeldData:
    """All that is held on a person, as far as one may see it; what is ``missing`` is told.

    ``customers`` are the ids under which the person was known. ``files`` are attachments by name and SHA-256.
    """

    customer_id: UUID
    name: str
    customers: tuple[UUID, ...]
    made_at: datetime
    made_by: str
    complete: bool
    missing: tuple[str, ...]
    sections: tuple[HeldRecords, ...]
    plugins: tuple[Mapping[str, Any], ...]
    merges: tuple[Mapping[str, Any], ...]
    files: tuple[Mapping[str, Any], ...]
    history: tuple[Mapping[str, Any], ...]


@frozen
class ErasureQuestion:
    """What is done with interactions that others took part in: names taken out (``redact``), or all text (``clear``)."""

    shared: Literal["redact", "clear"] | None = None


@frozen
class ErasureOrder:
    """An erasure. ``reason`` is kept, so it must not name the person. ``expected`` is what a preview told: ``records``."""

    reason: str = attrs.field(metadata={"schema": {"pattern": FILLED, "maxLength": 500}})
    expected: int
    shared: Literal["redact", "clear"] | None = None


@frozen
class GoingRecords:
    """How many records of an entity are deleted, anonymised, or have names taken out."""

    entity: str
    fate: str
    count: int


@frozen
class StayingRecords:
    """How many records of an entity stay, why, and until when."""

    entity: str
    count: int
    reason: str
    until: datetime | None


@frozen
class ErasureShown:
    """What an erasure does. ``records`` is what goes altogether; ``blocked`` says why it cannot be done.

    ``erasure_id`` is the tombstone of one that is done; until ``kept_until`` some had to be kept.
    """

    customer_id: UUID
    customers: tuple[UUID, ...]
    records: int
    going: tuple[GoingRecords, ...]
    staying: tuple[StayingRecords, ...]
    merges: int
    files: int
    claims: tuple[UUID, ...]
    blocked: tuple[str, ...]
    erasure_id: UUID | None = None
    kept_until: datetime | None = None


def endpoints(site: Site) -> Iterator[Endpoint]:
    """Yield the endpoints of this module."""
    more: dict[str, Any] = {"tag": "personal-data", "entities": of_customers}
    yield Endpoint(
        "get_personal_data",
        "GET",
        "/{entity}/{id}/personal-data",
        held,
        msg("Return everything that is held on a customer. It takes the right to export it."),
        query=(Parameter("history", msg("With who changed what and when."), kind="boolean", default=False),),
        returns=HeldData,
        reads=True,
        secret=True,
        **more,
    )
    yield Endpoint(
        "preview_erasure",
        "POST",
        "/{entity}/{id}/erasure-preview",
        preview,
        msg("Tell what erasing a customer would do. Nothing is written."),
        body=ErasureQuestion,
        returns=ErasureShown,
        reads=True,
        **more,
    )
    yield Endpoint(
        "erase_customer",
        "POST",
        "/{entity}/{id}/erasure",
        erase,
        msg("Erase a customer with everything that is held on it. It cannot be undone."),
        headers=(IDEMPOTENCY_KEY,),
        body=ErasureOrder,
        returns=ErasureShown,
        status=201,
        **more,
    )


def held(call: Call) -> HeldData:
    """Answer what is held on a customer."""
    customer = call.session.get(call.entity.cls, call.path["id"])
    found = call.ctx.services.export_person(customer, history=call.query["history"])
    sections = tuple(
        HeldRecords(one.entity, one.label, tuple(one.records), one.withheld, tuple(one.hidden))
        for one in found.sections
    )
    return HeldData(
        customer_id=found.customer_id,
        name=found.name,
        customers=found.customers,
        made_at=found.made_at,
        made_by=found.made_by,
        complete=found.complete,
        missing=tuple(one.render(call.translate) for one in found.missing),
        sections=sections,
        plugins=tuple(_members(one) for one in found.plugins),
        merges=tuple(_members(one) for one in found.merges),
        files=tuple(_members(one) for one in found.files),
        history=tuple(_members(one) for one in found.history),
    )


def preview(call: Call) -> ErasureShown:
    """Answer what would go."""
    asked = read_input(ErasureQuestion, call.mapping())
    customer = call.session.get(call.entity.cls, call.path["id"])
    return _shown(call, call.ctx.services.preview_erasure(customer, shared=asked.shared))


def erase(call: Call) -> Reply:
    """Erase a customer and answer what went."""
    asked = read_input(ErasureOrder, call.mapping())
    if not asked.reason.strip():
        raise ValidationFailed([FieldError("/reason", "required", None, msg("a reason"))])
    customer = call.session.get(call.entity.cls, call.path["id"])
    services = call.ctx.services
    plan = _shown(call, services.preview_erasure(customer, asked.reason, shared=asked.shared))
    if plan.records != asked.expected:
        message = msg(
            "{count} records would go, and {expected} were confirmed", count=plan.records, expected=asked.expected
        )
        raise Problem(409, "count_differs", message)
    done = services.erase(customer, asked.reason, shared=asked.shared)
    call.session.flush()
    return Reply(attrs.evolve(plan, erasure_id=done.id, kept_until=done.kept_until), 201)


def _shown(call: Call, plan: Any) -> ErasureShown:
    return ErasureShown(
        plan.customer.id,
        plan.customers,
        sum(one.count for one in plan.going),
        tuple(GoingRecords(one.entity, one.fate, one.count) for one in plan.going),
        tuple(
            StayingRecords(one.entity, one.count, one.reason.render(call.translate), one.until) for one in plan.staying
        ),
        plan.merges,
        plan.files,
        plan.claims,
        tuple(one.render(call.translate) for one in plan.blocked),
    )


def _members(one: Any) -> Mapping[str, Any]:
    return {field.name: getattr(one, field.name) for field in attrs.fields(type(one))}
