"""Recording what customers allow, deny and withdraw, and asking whether they may be contacted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import attrs
import sqlalchemy as sa

from crmkit.core.consent import EVERY_PURPOSE, Consent, ConsentTerms, ConsentWord, complete_consent, consent_word
from crmkit.core.consent_decision import Decision, Fact, decide
from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.errors import BadInput, FieldError, ValidationFailed
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg
from crmkit.hooks.records import RecordBatch, Refuse
from crmkit.services.append_only import append_only_refusals
from crmkit.store.chunks import in_chunks
from crmkit.store.faults import faults_translated
from crmkit.store.session import Session

CHUNK = 5_000
"""Customers asked about in one statement; databases limit its parameters."""
_FREE = ConsentTerms()


def grant(session: Session, customer: Customer | UUID, purpose: str, **details: Any) -> Consent:
    """Add that the customer allows ``purpose``; ``details`` are those of ``state``."""
    return state(session, "granted", customer, purpose, **details)


def deny(session: Session, customer: Customer | UUID, purpose: str, **details: Any) -> Consent:
    """Add that the customer was asked and said no; ``details`` are those of ``state``."""
    return state(session, "denied", customer, purpose, **details)


def withdraw(session: Session, customer: Customer | UUID, purpose: str = EVERY_PURPOSE, **details: Any) -> Consent:
    """Add that the customer takes back what was granted; ``details`` are those of ``state``."""
    return state(session, "withdrawn", customer, purpose, **details)


def state(
    session: Session,
    decision: ConsentWord,
    customer: Customer | UUID,
    purpose: str,
    *,
    channel: str = "",
    contact_point: ContactPoint | UUID | None = None,
    evidence: str = "",
    legal_basis: str = "",
    at: datetime | None = None,
    source: str = "",
) -> Consent:
    """Add a statement of a customer and return it; it is written with the session.

    Without ``channel`` and ``contact_point`` it is about all channels; ``at`` (UTC, by default now) is when the
    customer said it. Words that the installation does not know raise ValidationFailed when the session is written.
    """
    made = Consent(
        customer_id=_id(customer),
        purpose=consent_word(purpose),
        channel=consent_word(channel),
        contact_point_id=None if contact_point is None else _id(contact_point),
        decision=decision,
        legal_basis=consent_word(legal_basis),
        evidence=evidence,
        effective_at=session.clock.now() if at is None else at,
        source=source,
    )
    session.add(made)
    return made


def can_contact(
    session: Session,
    customer: Customer | UUID,
    channel: str,
    purpose: str,
    *,
    contact_point: ContactPoint | UUID | None = None,
    at: datetime | None = None,
    terms: ConsentTerms = _FREE,
) -> Decision:
    """Return whether a customer may be contacted by ``channel`` for ``purpose``, with the reason.

    All statements of the customer count, also where the actor may not read them. Raises NotFound for a customer that
    the actor does not see, BadInput for an empty channel or purpose or for somebody else's contact point, and
    ValidationFailed for a word that is not among ``terms``.
    """
    channel, purpose = _asked(terms, channel, purpose)
    known = session.get(Customer, _id(customer))
    point = None if contact_point is None else session.get(ContactPoint, _id(contact_point))
    if point is not None and point.customer_id != known.id:
        raise BadInput(msg("contact point {point} is not one of {name}", point=str(point.id), name=known.name))
    now = session.clock.now() if at is None else at
    facts = _facts(session, [known.id], channel, purpose).get(known.id, [])
    # Not written yet, and not to be written for the sake of a question: hooks ask in the middle of a flush.
    pending = [after for before, after in session.work.pending.get("consent", {}).values() if before is None]
    facts += [complete_consent(fact) for fact in pending if fact.customer_id == known.id]
    return decide(facts, channel, purpose, None if point is None else point.id, now)


def contactable(
    session: Session,
    customers: Iterable[Customer | UUID],
    channel: str,
    purpose: str,
    *,
    at: datetime | None = None,
    terms: ConsentTerms = _FREE,
) -> Mapping[UUID, Decision]:
    """Return the decision for each of many customers that the actor sees, in the order given.

    It takes two statements for every ``CHUNK`` customers. Raises as ``can_contact`` does.
    """
    channel, purpose = _asked(terms, channel, purpose)
    now = session.clock.now() if at is None else at
    session.flush()
    wanted = list(dict.fromkeys(_id(customer) for customer in customers))
    decisions: dict[UUID, Decision] = {}
    for part in in_chunks(wanted, CHUNK):
        table = session.table(Customer)
        seen = {row[0] for row in session.execute(sa.select(table.c.id).where(table.c.id.in_(part)))}
        facts = _facts(session, list(seen), channel, purpose)
        decisions.update({id: decide(facts.get(id, ()), channel, purpose, None, now) for id in part if id in seen})
    return decisions


def consents_of(session: Session, customer: Customer | UUID) -> list[Consent]:
    """Return the statements of a customer, the newest first."""
    return session.list(Consent, customer_id=_id(customer), order="-effective_at,-id")


@frozen
class _Fact:
    """The few columns of a statement that decide; evidence stays where it is."""

    id: UUID
    purpose: str
    channel: str
    contact_point_id: UUID | None
    decision: str
    effective_at: datetime


def _facts(session: Session, customers: list[UUID], channel: str, purpose: str) -> dict[UUID, list[Fact]]:
    found: dict[UUID, list[Fact]] = {}
    # Whoever may not read a withdrawal is bound by it nevertheless.
    with session.acting_as(session.actor.elevated()), faults_translated():
        table = session.table(Consent)
        columns = [table.c[a.name] for a in attrs.fields(_Fact)]
        statement = sa.select(table.c.customer_id, *columns).where(
            table.c.customer_id.in_(customers),
            table.c.channel.in_([channel, ""]),
            table.c.purpose.in_([purpose, EVERY_PURPOSE]),
        )
        rows: Iterable[Any] = session.connection.execute(statement) if customers else ()
        for customer, *values in rows:
            found.setdefault(customer, []).append(_Fact(*values))
    return found


def _asked(terms: ConsentTerms, channel: str, purpose: str) -> tuple[str, str]:
    channel, purpose = consent_word(channel), consent_word(purpose)
    if not channel or not purpose or purpose == EVERY_PURPOSE:
        raise BadInput(msg("name one channel and one purpose, such as email and newsletter"))
    for name, word in (("channel", channel), ("purpose", purpose)):
        error = terms.unknown(name, word)
        if error is not None:
            raise ValidationFailed([error])
    return channel, purpose


def _id(record: Customer | ContactPoint | UUID) -> UUID:
    return record if isinstance(record, UUID) else record.id


# -- the core's rules -------------------------------------------------------------------------------------------------


def completed_consents(call: RecordBatch, terms: ConsentTerms) -> list[Consent]:
    """Return statements whose words had to be written in the one way; raises ValidationFailed for unknown words."""
    errors: list[FieldError] = []
    made: list[Consent] = []
    for c in call.changes:
        if c.before is not None:
            continue
        errors += terms.errors(c.after)
        if (record := complete_consent(c.after)) is not c.after:
            made.append(record)
    if errors:
        raise ValidationFailed(errors)
    return made


def consent_refusals(session: Any, call: RecordBatch) -> Iterator[Refuse]:
    """Yield refusals for statements that are changed, and for new ones on a contact point of another customer."""
    yield from append_only_refusals(session, call)
    for c in call.changes:
        consent = c.after
        if c.before is None and consent.contact_point_id is not None:
            point = session.peek(ContactPoint, consent.contact_point_id)
            if point is not None and point.customer_id != consent.customer_id:
                yield Refuse(msg("contact point {point} belongs to another customer", point=str(point.id)), consent.id)
