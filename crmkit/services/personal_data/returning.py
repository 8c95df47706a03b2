"""An erased customer arrives again, by import, by mail or by hand: who that is, and what becomes of it.

Nothing of an erased customer is left to compare with but digests. They are compared where new customers, contact points
and external ids are written, so every way in is watched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.entity import change
from crmkit.core.errors import Conflict
from crmkit.core.identity import ExternalIdentity, IdentityClaim
from crmkit.core.matching import name_words
from crmkit.core.messages import Message, msg
from crmkit.core.personal_data import Erasure, Returning
from crmkit.hooks.records import Refuse
from crmkit.services.access.required import require_right
from crmkit.services.identify.evidence import evidence_of, read_evidence
from crmkit.services.personal_data.identifiers import customer_keys, external_key, name_keys, point_keys
from crmkit.store.erased_keys import Identifier, erasures_of, forget
from crmkit.store.session import Session


def readmit(session: Session, erasure: Erasure | UUID) -> Erasure:
    """Let an erased person be taken in again, as a new customer without history; returns the tombstone.

    By what the person was known again is forgotten. Takes the right to erase the customer. Raises NotFound, and Conflict
    for one that was readmitted before.
    """
    found = session.get(Erasure, erasure if isinstance(erasure, UUID) else erasure.id)
    require_right(session, session.database.registry.get(Customer), [found.customer_id], "erase")
    if found.readmitted_at is not None:
        raise Conflict(msg("erasure {id} was readmitted before", id=str(found.id)))
    with session.acting_as(session.actor.elevated()):
        done = change(found, readmitted_at=session.clock.now())
        session.update(done)
        session.flush()
    forget(session, found.id)
    return done


def arrival_refusals(session: Any, secret: bytes, arriving: Sequence[Any], policy: Returning) -> Iterator[Refuse]:
    """Yield a refusal for each new customer, contact point or external id of somebody who was erased."""
    customers = _customers(session, arriving)
    keys = {record.id: tuple(_keys(record, customers.get(_customer(record)))) for record in arriving}
    found = erasures_of(session, secret, (key for some in keys.values() for key in some))
    if not found:
        return
    erasures = {erasure.id: erasure for erasure in session.peek_all(Erasure, "id", sorted(set(found.values())))}
    for record in arriving:
        erasure = next((erasures[found[key]] for key in keys[record.id] if found.get(key) in erasures), None)
        if erasure is not None and _later(customers.get(_customer(record)), erasure):
            yield Refuse(_told(erasure, policy), record.id)


def marked_claims(
    session: Any, secret: bytes, fresh: Sequence[IdentityClaim], policy: Returning
) -> Iterator[IdentityClaim]:
    """Yield new claims of erased people as the policy has them: without what came in, or marked for a person to see."""
    for claim in fresh:
        found = erasures_of(session, secret, _evidence_keys(read_evidence(evidence_of(claim))))
        if not found:
            continue
        erasure = str(next(iter(found.values())))
        if policy == "ask":
            yield change(claim, raw={**claim.raw, "erased": erasure})
        else:
            yield change(claim, state="dismissed", raw={"erased": erasure}, candidates=())


def _customer(record: Any) -> UUID:
    if isinstance(record, Customer):
        return record.id
    found: UUID = record.customer_id if isinstance(record, ContactPoint) else record.record_id
    return found


def _customers(session: Any, records: Iterable[Any]) -> Mapping[UUID, Customer]:
    """Return the customers of records, as they will be. A rule sees all of them."""
    ids = {_customer(record) for record in records}
    known = {id: one for id in ids if isinstance(one := session.work.current.get(id), Customer)}
    missing = sorted(ids - known.keys())
    if missing:
        with session.acting_as(session.actor.elevated()):
            known |= {one.id: one for one in session.peek_all(Customer, "id", missing)}
    return known


def _keys(record: Any, customer: Customer | None) -> Iterable[Identifier]:
    if isinstance(record, Customer):
        return customer_keys(record)
    if isinstance(record, ExternalIdentity):
        return [external_key(record.system, record.external_id)]
    return point_keys(record, name_keys(customer) if customer is not None else ())


def _evidence_keys(read: Any) -> Iterator[Identifier]:
    party = read.party
    names = [" ".join(sorted(name_words(name))) for name in party.names]
    for email in sorted(party.emails):
        yield "email", email
    for phone in sorted(party.phones):
        for name in names:
            yield "phone", phone, name
    for system, number in read.external:
        yield external_key(system, number)


def _later(customer: Customer | None, erasure: Erasure) -> bool:
    """Whether a customer came after an erasure: who was there before is somebody else with the same address."""
    if customer is None or customer.created_at is None or erasure.created_at is None:
        return True
    return customer.created_at >= erasure.created_at


def _told(erasure: Erasure, policy: Returning) -> Message:
    day = "" if erasure.created_at is None else erasure.created_at.date().isoformat()
    if policy == "ask":
        return msg(
            "this is somebody who was erased on {day}; decide whether to take them in again: "
            "crmkit personal-data readmit {id}",
            day=day,
            id=str(erasure.id),
        )
    return msg("this is somebody who was erased on {day} (erasure {id})", day=day, id=str(erasure.id))
