"""Claims: somebodies who are not recognised yet, and what people decide about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from crmkit.core.customer import ContactPoint, Customer, PointKind
from crmkit.core.entity import Part, change
from crmkit.core.errors import BadInput, Conflict
from crmkit.core.identity import IdentityClaim, NotTheSame
from crmkit.core.interaction import InteractionParticipant
from crmkit.core.messages import msg
from crmkit.services.identify.evidence import Evidence, as_document, evidence_of, read_evidence
from crmkit.services.identify.recognition import MOST_CANDIDATES, Recognition, identify
from crmkit.store.chunks import in_chunks
from crmkit.store.session import Session


def recognise(
    session: Session,
    evidence: Evidence,
    channel: str,
    raw: Mapping[str, Any] | None = None,
    key: Evidence | None = None,
) -> tuple[Recognition, IdentityClaim | None]:
    """Identify somebody; who is not known becomes a claim, or joins the claim that the same evidence made before.

    The claim is None when the customer is known, and when the evidence tells nothing. ``key`` as for ``claim``.
    """
    recognition = identify(session, evidence, channel)
    if recognition.kind == "known" or read_evidence(evidence).empty:
        return recognition, None
    return recognition, claim(session, evidence, channel, raw, recognition, key)


def claim(
    session: Session,
    evidence: Evidence,
    channel: str,
    raw: Mapping[str, Any] | None = None,
    recognition: Recognition | None = None,
    key: Evidence | None = None,
) -> IdentityClaim:
    """Keep somebody as a claim until it is decided who it is, and return the claim.

    ``raw`` is what came in, as it came. The same evidence joins the open or dismissed claim that it made before. ``key``
    is the part of it by which that claim is known again, such as the address without the name that came with it; by
    default all of it. Raises BadInput for evidence that tells nothing.
    """
    read = read_evidence(evidence if key is None else key)
    if read.empty:
        raise BadInput(msg("a claim needs a name, mail address, phone, address, domain or number that can be read"))
    known = session.list(IdentityClaim, fingerprint=read.fingerprint, state=["open", "dismissed"])
    if known:
        return min(known, key=lambda found: found.state != "open")
    found = recognition or identify(session, evidence, channel)
    made = IdentityClaim(
        channel=channel,
        raw={"evidence": as_document(evidence), "received": dict(raw or {})},
        candidates=tuple(
            {
                "customer_id": str(candidate.customer_id),
                "score": candidate.score,
                # Codes alone: whoever may see the claim need not be allowed to see the customers.
                "reasons": [reason.code for reason in candidate.reasons],
            }
            for candidate in found.candidates[:MOST_CANDIDATES]
        ),
        fingerprint=read.fingerprint,
    )
    session.add(made)
    return made


def resolve(session: Session, claim: IdentityClaim | UUID, customer: Customer | UUID, *, learn: bool = False) -> int:
    """Decide that a claim is a customer, and attach its interactions; returns how many.

    The participants of the claim get the customer and change in nothing else. With ``learn``, the claim's mail
    addresses and phones become contact points of the customer. Takes the right to update the claim and to see the
    customer. Raises NotFound, and Conflict for a claim that is resolved already.
    """
    found, chosen = _open(session, claim), session.get(Customer, _id(customer))
    session.update(change(found, state="resolved", customer_id=chosen.id))
    session.flush()
    if learn:
        _learn(session, found, chosen)
    # What the claim took part in is the customer's from now on, also where the actor does not see it yet.
    with session.acting_as(session.actor.elevated()):
        waiting = session.list(InteractionParticipant, claim_id=found.id, customer_id=None)
        attached = _attach(session, waiting, chosen.id)
        session.flush()
    return attached


def dismiss(session: Session, claim: IdentityClaim | UUID) -> IdentityClaim:
    """Decide that a claim is nobody we want to know; the same evidence makes no new claim. Raises as ``resolve``."""
    made = change(_open(session, claim), state="dismissed")
    session.update(made)
    return made


def reject(session: Session, claim: IdentityClaim | UUID, customer: Customer | UUID) -> IdentityClaim:
    """Remember that a claim is not this customer: it is no candidate any more, now and for the same evidence later."""
    found, chosen = _open(session, claim), session.get(Customer, _id(customer))
    rejected = tuple(dict.fromkeys((*found.rejected, str(chosen.id))))
    candidates = tuple(c for c in found.candidates if c.get("customer_id") != str(chosen.id))
    made = change(found, rejected=rejected, candidates=candidates)
    session.update(made)
    return made


def not_the_same(session: Session, first: Customer | UUID, second: Customer | UUID, note: str = "") -> NotTheSame:
    """Remember that two customers are not one; recognition and duplicate detection leave the pair alone."""
    one, other = (session.get(Customer, _id(customer)) for customer in (first, second))
    if one.id == other.id:
        raise BadInput(msg("{name} is the same as itself", name=one.name))
    low, high = sorted((one.id, other.id))
    known = session.find(NotTheSame, first_id=low, second_id=high)
    if known is not None:
        return known
    made = NotTheSame(first_id=low, second_id=high, note=note)
    session.add(made)
    return made


def _id(record: Part | UUID) -> UUID:
    return record if isinstance(record, UUID) else record.id


def _open(session: Session, claim: IdentityClaim | UUID) -> IdentityClaim:
    found = session.get(IdentityClaim, _id(claim))
    if found.state == "resolved":
        raise Conflict(
            msg("claim {id} is resolved already, to {customer}", id=str(found.id), customer=str(found.customer_id))
        )
    return found


def _attach(session: Session, waiting: list[InteractionParticipant], customer: UUID) -> int:
    """Give participants their customer. Who takes part in an interaction under another address already stays one."""
    attached = 0
    for chunk in in_chunks(waiting):
        interactions = list({participant.interaction_id for participant in chunk})
        present = session.list(InteractionParticipant, interaction_id=interactions, customer_id=customer)
        taken = {(participant.interaction_id, participant.role) for participant in present}
        for participant in chunk:
            place = (participant.interaction_id, participant.role)
            if place not in taken:
                taken.add(place)
                session.update(change(participant, customer_id=customer))
                attached += 1
        session.flush()
    return attached


def _learn(session: Session, claim: IdentityClaim, customer: Customer) -> None:
    party = read_evidence(evidence_of(claim)).party
    known = {(point.kind, point.normalized) for point in session.list(ContactPoint, customer_id=customer.id)}
    reached: tuple[tuple[PointKind, frozenset[str]], ...] = (("email", party.emails), ("phone", party.phones))
    for kind, values in reached:
        for value in sorted(values):
            if (kind, value) not in known:
                session.add(ContactPoint(customer_id=customer.id, kind=kind, value=value, source=claim.channel))
    session.flush()
