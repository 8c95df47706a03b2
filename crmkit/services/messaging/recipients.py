"""Whom a message may go to: an address of the customer that works, and a reason why contact is allowed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from uuid import UUID

from crmkit.core.consent import ConsentTerms
from crmkit.core.customer import ContactPoint, Customer, PointKind
from crmkit.core.errors import BadInput, Refused
from crmkit.core.frozen import frozen
from crmkit.core.interaction import Interaction, InteractionParticipant
from crmkit.core.messages import Message, msg, shown
from crmkit.core.validity import valid_on
from crmkit.core.values.clock import time_zone, today
from crmkit.core.values.contact_point import normalise_point
from crmkit.services.consent import can_contact
from crmkit.services.identify import identify
from crmkit.services.interactions.parties import address_evidence
from crmkit.store.session import Session

CORE = "crmkit"
WORKING = ("unknown", "good")
"""States of a contact point that is worth a try."""


@frozen
class Addressee:
    """Somebody a message goes to, by an address that may be used."""

    customer: Customer | None
    address: str
    role: str
    point: ContactPoint | None = None


def addressees(
    session: Session,
    to: Mapping[str, Iterable[Customer | UUID | str]],
    *,
    kind: PointKind,
    channel: str,
    purpose: str,
    terms: ConsentTerms,
    answered: Interaction | None,
) -> list[Addressee]:
    """Return whom a message goes to; ``to`` maps roles to customers or addresses.

    An answer to what a customer wrote goes back to whoever took part in it. All else takes a purpose that the customer
    consented to for this channel and address. Raises Refused with the reason against it, and BadInput for somebody
    without a usable address or an address that nobody is known by.
    """
    partners = _partners(session, answered)
    found: dict[str, Addressee] = {}
    for role, parties in to.items():
        for party in parties:
            one = _addressee(session, party, role, kind, partners)
            if one.address in found:
                continue
            _check(session, one, channel, purpose, terms, partners)
            found[one.address] = one
    if not found:
        raise BadInput(msg("a message needs somebody that it goes to"))
    return list(found.values())


def partners_of(session: Session, answered: Interaction) -> list[str]:
    """Return the addresses that an answer goes to: those of the customers whom the contact was with."""
    took_part = session.list(InteractionParticipant, interaction_id=answered.id, role="customer", order="id")
    return [p.address for p in took_part if p.address]


def _partners(session: Session, answered: Interaction | None) -> frozenset[object]:
    """Return the customers and addresses that may be answered."""
    if answered is None or answered.direction != "inbound":
        return frozenset()
    took_part = session.list(InteractionParticipant, interaction_id=answered.id)
    return frozenset(_facts(took_part))


def _facts(took_part: Iterable[InteractionParticipant]) -> Iterator[object]:
    for one in took_part:
        if one.user_id is None:
            if one.customer_id is not None:
                yield one.customer_id
            if one.address:
                yield one.address.strip().casefold()


def _addressee(
    session: Session, party: Customer | UUID | str, role: str, kind: PointKind, partners: frozenset[object]
) -> Addressee:
    if isinstance(party, str):
        return _by_address(session, party, role, kind, partners)
    customer = session.get(Customer, party if isinstance(party, UUID) else party.id)
    day = today(session.clock, time_zone(session.actor.timezone))
    points = session.list(ContactPoint, customer_id=customer.id, kind=kind, order="id")
    points = [point for point in points if valid_on(point, day)]
    points.sort(key=lambda point: (point.deliverability not in WORKING, not point.preferred, not point.verified))
    if not points:
        raise BadInput(msg("{name} has no {kind} to write to", name=customer.name, kind=_called(kind)))
    return Addressee(customer, points[0].normalized, role, points[0])


def _by_address(session: Session, text: str, role: str, kind: PointKind, partners: frozenset[object]) -> Addressee:
    address = normalise_point(kind, text)
    recognition = identify(session, address_evidence(address))
    if recognition.customer_id is None:
        if address.casefold() in partners:
            return Addressee(None, address, role)
        raise BadInput(
            msg("nobody is known by {address}: add it to a customer, whose consent then counts", address=shown(address))
        )
    customer = session.get(Customer, recognition.customer_id)
    point = session.find(ContactPoint, customer_id=customer.id, kind=kind, normalized=address)
    return Addressee(customer, address, role, point)


def _check(
    session: Session, one: Addressee, channel: str, purpose: str, terms: ConsentTerms, partners: frozenset[object]
) -> None:
    if one.point is not None and one.point.deliverability not in WORKING:
        refuse(
            msg("{address} cannot be reached: {state}", address=one.address, state=one.point.deliverability),
        )
    if one.customer is None or one.customer.id in partners:
        return
    if not purpose:
        raise BadInput(msg("name the purpose that {name} consented to, such as newsletter", name=one.customer.name))
    decision = can_contact(session, one.customer, channel, purpose, contact_point=one.point, terms=terms)
    if not decision.allowed:
        refuse(msg("{name} may not be contacted: {reason}", name=one.customer.name, reason=decision.reason))


def refuse(reason: Message) -> None:
    """Raise Refused in the name of the core."""
    raise Refused(CORE, reason)


def _called(kind: PointKind) -> Message:
    return msg("mail address") if kind == "email" else msg("telephone number") if kind == "phone" else msg("account")
