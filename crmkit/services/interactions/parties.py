"""Who took part in an interaction: customers, our own people, and somebodies known by an address alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import attrs

from crmkit.core.access import Scope
from crmkit.core.customer import Customer
from crmkit.core.errors import NotFound
from crmkit.core.frozen import frozen
from crmkit.core.identity import IdentityClaim
from crmkit.core.staff import User
from crmkit.services.identify import Evidence, claim, identify
from crmkit.services.identify.evidence import read_evidence
from crmkit.services.merging.resolving import resolve
from crmkit.store.session import Session

CUSTOMER, COPIED, STAFF = "customer", "cc", "staff"
"""Roles: whom a contact is with, who is told of it, and our own people."""

LONGEST_ADDRESS = 300


@frozen(kw_only=True)
class Participant:
    """Somebody who takes part: a customer, a user of ours, or whoever ``address`` and ``evidence`` show.

    ``address`` is kept as it was used. ``name`` is what somebody is called there; it helps to find candidates, never to
    decide. ``evidence`` says more than an address can: a number in another system, a postal address.
    """

    customer: Customer | UUID | None = None
    user: User | UUID | None = None
    address: str = ""
    name: str = ""
    role: str = ""
    evidence: Evidence | None = None


Party = Participant | Customer | UUID | str
"""What a participant may be given as; a text is an address."""


@frozen
class Recognised:
    """A participant with whom it turned out to be; nobody where the address tells nothing."""

    given: Participant
    customer_id: UUID | None = None
    claim_id: UUID | None = None
    user_id: UUID | None = None

    @property
    def role(self) -> str:
        """The role given, else the one that follows from who it is."""
        return self.given.role or (STAFF if self.user_id is not None else CUSTOMER)


def participant(party: Party) -> Participant:
    """Return a participant, whatever it was given as."""
    if isinstance(party, Participant):
        return party
    return Participant(address=party) if isinstance(party, str) else Participant(customer=party)


def recognised(
    session: Session, parties: Iterable[Party], channel: str, country: str = "", raw: Mapping[str, Any] | None = None
) -> list[Recognised]:
    """Return who takes part. Who is not known becomes a claim, as far as the actor may make one.

    ``country`` reads national telephone numbers. The same customer or claim in the same role takes part once. Raises
    NotFound for a customer that the actor does not see; the id of a merged one leads to what it became.
    """
    found: dict[tuple[Any, str], Recognised] = {}
    for party in parties:
        who = _recognised(session, participant(party), channel, country, raw or {})
        key = who.customer_id or who.claim_id or who.user_id or who.given.address
        found.setdefault((key, who.role), who)
    return list(found.values())


def _recognised(session: Session, given: Participant, channel: str, country: str, raw: Mapping[str, Any]) -> Recognised:
    if given.user is not None:
        return Recognised(given, user_id=given.user if isinstance(given.user, UUID) else given.user.id)
    if given.customer is not None:
        return Recognised(given, customer_id=_living(session, given.customer))
    key = given.evidence or address_evidence(given.address, channel, country)
    if read_evidence(key).empty:
        return Recognised(given)
    # First by the address alone: what was decided for it once holds, whatever name it comes with.
    by_key = identify(session, key, channel)
    if by_key.kind == "known":
        return Recognised(given, customer_id=by_key.customer_id)
    full = attrs.evolve(key, name=given.name) if given.name and not key.name else key
    recognition = identify(session, full, channel) if full is not key else by_key
    if recognition.kind == "known":
        return Recognised(given, customer_id=recognition.customer_id)
    if session.actor.scope("identity_claim", "create") is Scope.NONE:
        return Recognised(given)
    made: IdentityClaim = claim(session, full, channel or str(raw.get("kind", "")), raw, recognition, key=key)
    return Recognised(given, claim_id=made.id)


def address_evidence(address: str, channel: str = "", country: str = "") -> Evidence:
    """Return what an address shows: a mail address, a telephone number, else a name within the channel."""
    text = address.strip()
    if "@" in text.strip("@"):
        return Evidence(emails=text)
    dialled = Evidence(phones=text, country=country)
    if not text or not read_evidence(dialled).empty:
        return dialled
    return Evidence(external=(channel, text)) if channel else Evidence()


def _living(session: Session, customer: Customer | UUID) -> UUID:
    id = customer if isinstance(customer, UUID) else customer.id
    if isinstance(customer, Customer) and customer.deleted_at is None and customer.version == 0:
        return id
    try:
        return session.get(Customer, id).id
    except NotFound:
        if (became := resolve(session, Customer, id)) == id:
            raise
        return session.get(Customer, became).id
