"""The 360 view of a customer: who it is, how to reach it, whom it is related to, what happened and what it is worth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.customer import ContactPoint, Customer, CustomerRelation
from crmkit.core.errors import BadInput, NotFound
from crmkit.core.frozen import frozen
from crmkit.core.identity import ExternalIdentity
from crmkit.core.interaction import Interaction, InteractionKind, InteractionParticipant
from crmkit.core.messages import msg, shown
from crmkit.core.values.contact_point import normalise_point
from crmkit.core.values.ids import parse_id
from crmkit.core.values.money import Money
from crmkit.services.merging.resolving import resolve
from crmkit.store.session import Session

TIMELINE = 50

_SHOWN = (Customer, ExternalIdentity, ContactPoint, CustomerRelation, Interaction)
_VALUED = frozenset({"kind", "money", "status"})
"""What the value of a customer is made from."""


@frozen
class RelatedCustomer:
    """A related customer, read from the viewed one: ``employs Horst Kloss, Accounting Manager``."""

    type: str
    customer: Customer
    title: str


@frozen
class CustomerView:
    """``value`` holds the revenue per currency, rounded half-up; ``timeline`` the newest interactions first.

    ``hidden`` are, by entity, the fields that the reader may not see; the records hold nothing in them.
    """

    customer: Customer
    identities: tuple[ExternalIdentity, ...]
    people: tuple[RelatedCustomer, ...]
    points: tuple[ContactPoint, ...]
    relations: tuple[RelatedCustomer, ...]
    timeline: tuple[Interaction, ...]
    counts: Mapping[str, int]
    value: tuple[Money, ...]
    hidden: Mapping[str, tuple[str, ...]] = MappingProxyType({})


def customer_view(
    session: Session, needle: str, kinds: Mapping[str, InteractionKind], limit: int = TIMELINE
) -> CustomerView:
    """Return the view of the customer that ``needle`` names: an id, a name, an external id, a mail address or phone.

    Raises NotFound, and BadInput when several customers have that name.
    """
    customer = find_customer(session, needle)
    related = tuple(_related(session, customer.id))
    seen = session.masked
    untold = session.hidden(CustomerRelation) & {"title"}
    shown = tuple(RelatedCustomer(r.type, seen(r.customer), "" if untold else r.title) for r in related)
    return CustomerView(
        customer=seen(customer),
        identities=tuple(map(seen, session.list(ExternalIdentity, record_id=customer.id))),
        people=tuple(relation for relation in shown if relation.customer.kind == "person"),
        points=tuple(map(seen, session.list(ContactPoint, customer_id=customer.id))),
        relations=shown,
        timeline=tuple(map(seen, _timeline(session, customer.id, limit))),
        counts={} if session.hidden(Interaction) & {"kind"} else _counts(session, customer.id),
        value=() if session.hidden(Interaction) & _VALUED else customer_value(session, customer.id, kinds),
        hidden={
            info.name: tuple(sorted(hidden))
            for info in map(session.database.registry.get, _SHOWN)
            if (hidden := session.hidden(info.cls))
        },
    )


def find_customer(session: Session, needle: str) -> Customer:
    """Return the one customer that ``needle`` names; raises NotFound or, for several, BadInput."""
    found = {customer.id: customer for customer in _candidates(session, needle.strip())}
    if not found:
        raise NotFound(msg("no customer {needle}", needle=shown(needle)))
    if len(found) > 1:
        ids = ", ".join(str(id) for id in list(found)[:5])
        raise BadInput(
            msg(
                "{count} customers are called {needle}; name one by its id: {ids}",
                count=len(found),
                needle=shown(needle),
                ids=ids,
            )
        )
    return next(iter(found.values()))


def customer_value(session: Session, customer: UUID, kinds: Mapping[str, InteractionKind]) -> tuple[Money, ...]:
    """Return the revenue from a customer per currency: the money of completed interactions whose kind counts as revenue.

    Sums are exact and rounded half-up at the end. Returns are negative revenue.
    """
    revenue = [name for name, kind in kinds.items() if kind.money == "revenue"]
    table, link = session.table(Interaction), session.table(InteractionParticipant)
    signed = sa.case((table.c.kind == "return", -table.c.money_amount), else_=table.c.money_amount)
    mine = sa.select(link.c.interaction_id).where(link.c.customer_id == customer, link.c.role == "customer")
    statement: sa.Select[Any] = (
        sa.select(table.c.money_currency, sa.func.sum(sa.type_coerce(signed, table.c.money_amount.type)))
        .where(table.c.id.in_(mine), table.c.kind.in_(revenue), table.c.status == "completed")
        .where(table.c.money_amount.is_not(None))
        .group_by(table.c.money_currency)
        .order_by(table.c.money_currency)
    )
    rows: Iterable[Any] = session.execute(statement)
    return tuple(Money(total or Decimal(0), currency).rounded() for currency, total in rows)


def _candidates(session: Session, needle: str) -> list[Customer]:
    try:
        key = parse_id(needle)
    except BadInput:
        pass
    else:
        found = session.find(Customer, id=key) or session.find(Customer, id=resolve(session, Customer, key))
        return [found] if found else []
    named = "name" not in session.hidden(Customer)
    if named and (found_by_name := session.list(Customer, limit=10, name=needle)):
        return found_by_name
    if "external_id" not in session.hidden(ExternalIdentity):
        identities = session.list(ExternalIdentity, limit=10, external_id=needle, entity="customer")
        if identities:
            return session.list(Customer, id=[identity.record_id for identity in identities])
    if "normalized" not in session.hidden(ContactPoint):
        points = session.list(ContactPoint, limit=10, normalized=sorted(_normalised(needle)))
        if points:
            return session.list(Customer, id=[point.customer_id for point in points])
    return session.list(Customer, f"name = {_quoted(needle)}", limit=10) if named else []


def _normalised(needle: str) -> set[str]:
    """Return what a contact point may be kept as that somebody writes so."""
    found = {needle.casefold()}
    for kind in ("email", "phone"):
        with suppress(BadInput):
            found.add(normalise_point(kind, needle))
    return found


def _related(session: Session, customer: UUID) -> list[RelatedCustomer]:
    from crmkit.core.customer import RelationType
    from crmkit.core.relation_types import STANDARD_RELATION_TYPES

    inverse = {kind.name: kind.inverse for kind in (*STANDARD_RELATION_TYPES, *session.list(RelationType))}
    forward = session.list(CustomerRelation, from_id=customer)
    backward = session.list(CustomerRelation, to_id=customer)
    ids = {r.to_id for r in forward} | {r.from_id for r in backward}
    others = {other.id: other for other in session.list(Customer, id=list(ids))} if ids else {}
    found = [RelatedCustomer(r.type, others[r.to_id], r.title) for r in forward if r.to_id in others]
    found += [
        RelatedCustomer(inverse.get(r.type, r.type), others[r.from_id], r.title)
        for r in backward
        if r.from_id in others
    ]
    return sorted(found, key=lambda related: (related.type, related.customer.name))


def _timeline(session: Session, customer: UUID, limit: int) -> list[Interaction]:
    table, link = session.table(Interaction), session.table(InteractionParticipant)
    # Somebody with two roles took part once.
    statement = (
        sa.select(link.c.interaction_id, link.c.occurred_at)
        .join_from(link, table, table.c.id == link.c.interaction_id)
        .where(link.c.customer_id == customer, table.c.status != "superseded")
        .distinct()
        .order_by(link.c.occurred_at.desc(), link.c.interaction_id.desc())
        .limit(limit)
    )
    ids = [row[0] for row in session.execute(statement)]
    records = {record.id: record for record in session.list(Interaction, id=ids)} if ids else {}
    return [records[id] for id in ids if id in records]


def _counts(session: Session, customer: UUID) -> Mapping[str, int]:
    table, link = session.table(Interaction), session.table(InteractionParticipant)
    mine = sa.select(link.c.interaction_id).where(link.c.customer_id == customer)
    statement: sa.Select[Any] = (
        sa.select(table.c.kind, sa.func.count())
        .where(table.c.id.in_(mine), table.c.status != "superseded")
        .group_by(table.c.kind)
    )
    rows: Iterable[Any] = session.execute(statement)
    return dict(sorted((kind, int(count)) for kind, count in rows))


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
