"""Late recognition: a customer gets an address, and what came from that address before is the customer's from now on.

The claims of those addresses are decided as if a person had done so, unless somebody else has the address too, or the
customer was ruled out. Participants get the customer and change in nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from crmkit.core.entity import change
from crmkit.core.identity import IdentityClaim
from crmkit.core.interaction import InteractionParticipant
from crmkit.hooks.records import RecordBatch
from crmkit.services.identify.evidence import Evidence, read_evidence
from crmkit.store.recognition import holders_of_external_id, holders_of_point

MOST_WAITING = 5_000
"""Participants of a claim that are attached on the way; a claim with more waits for ``resolve``."""


def recognised_late(session: Any, call: RecordBatch) -> list[Any]:
    """Return the claims that the new contact points or external ids of a batch decide, with their participants."""
    fresh = [c.after for c in call.changes if c.after.deleted_at is None and _newly_reached(c)]
    if not fresh:
        return []
    by_fingerprint: dict[str, set[UUID]] = {}
    evidence: dict[str, Evidence] = {}
    for record in fresh:
        key, customer = _evidence(record), _customer(record)
        if key is not None and customer is not None and not (read := read_evidence(key)).empty:
            by_fingerprint.setdefault(read.fingerprint, set()).add(customer)
            evidence[read.fingerprint] = key
    if not by_fingerprint:
        return []
    work = session.work
    seen = frozenset(work.current)
    # What a claim took part in is the customer's, also where the actor sees neither.
    with session.acting_as(session.actor.elevated()):
        claims = session.peek_all(IdentityClaim, "fingerprint", list(by_fingerprint))
        decided = [
            (work.current[made.id], made)
            for claim in claims
            if claim.state == "open"
            for made in _decided(session, claim, by_fingerprint[claim.fingerprint], evidence[claim.fingerprint])
        ]
    unseen = [made.id for _, made in decided if made.id not in seen]
    # The flush compares with what was; nothing of it stays with an actor who may not see it.
    work.current.update({before.id: before for before, _ in decided})
    if unseen and not session.actor.everything:
        session.after_commit(lambda: [session.work.current.pop(id, None) for id in unseen] and None)
    return [made for _, made in decided]


def _newly_reached(c: Any) -> bool:
    if c.before is None or c.changed("deleted_at"):
        return True
    return any(
        c.changed(name) for name in ("normalized", "customer_id", "external_id", "record_id") if hasattr(c.after, name)
    )


def _evidence(record: Any) -> Evidence | None:
    kind = getattr(record, "kind", "external")
    if kind == "external":
        return Evidence(external=(record.system, record.external_id)) if record.entity == "customer" else None
    if kind == "email" and record.normalized:
        return Evidence(emails=record.normalized)
    return Evidence(phones=record.normalized) if kind == "phone" and record.normalized else None


def _customer(record: Any) -> UUID | None:
    found: UUID | None = getattr(record, "customer_id", None) or getattr(record, "record_id", None)
    return found


def _decided(session: Any, claim: IdentityClaim, customers: set[UUID], evidence: Evidence) -> Iterator[Any]:
    holders = customers | set(_holders(session, evidence))
    if len(holders) != 1:
        return
    (customer,) = holders
    if str(customer) in claim.rejected:
        return
    waiting = [p for p in session.peek_all(InteractionParticipant, "claim_id", [claim.id]) if _waits(p)]
    if len(waiting) > MOST_WAITING:
        return
    yield change(claim, state="resolved", customer_id=customer)
    interactions = list({p.interaction_id for p in waiting})
    present = session.peek_all(InteractionParticipant, "interaction_id", interactions) if interactions else ()
    taken = {(p.interaction_id, p.role) for p in present if p.customer_id == customer and p.deleted_at is None}
    for participant in waiting:
        place = (participant.interaction_id, participant.role)
        if place not in taken:
            taken.add(place)
            yield change(participant, customer_id=customer)


def _waits(participant: InteractionParticipant) -> bool:
    return participant.customer_id is None and participant.deleted_at is None


def _holders(session: Any, evidence: Evidence) -> Iterable[UUID]:
    for system, number in evidence.external:
        return holders_of_external_id(session, system, number)
    kind, values = ("email", evidence.emails) if evidence.emails else ("phone", evidence.phones)
    return holders_of_point(session, kind, values[0], 2)[0]
