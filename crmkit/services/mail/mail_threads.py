"""Threads of mail: by the messages that a mail answers to, with care by its subject."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from crmkit.core.entity import change
from crmkit.core.identity import IdentityClaim
from crmkit.core.interaction import Interaction, InteractionParticipant
from crmkit.services.identify import Evidence, identify
from crmkit.services.identify.evidence import read_evidence
from crmkit.services.interactions.threads import thread_id_of
from crmkit.services.mail.message import Mail
from crmkit.store.session import Session

CHANNEL = "email"

RECENT = timedelta(days=30)
"""How far back a reply that names no message looks for its subject."""

MOST_LOOKED_AT = 50
MOST_PARTIES = 5
SHORTEST = 6
"""Characters of a subject that says enough; "Hello" and "Order" begin too many conversations."""

_REPLY = re.compile(r"(?i)^\s*(?:(?:re|aw|antw|sv|vs|ref|rif|odp|回复|回覆|答复|答覆)\s*(?:\[\d+\])?\s*[:：]\s*)+")
_FORWARD = re.compile(r"(?i)^\s*(?:(?:fwd?|wg|tr|转发|轉寄)\s*[:：]\s*)+")


def mail_thread(session: Session, mail: Mail, parties: Iterable[str]) -> UUID:
    """Return the thread of a mail that is about to be logged; ``parties`` are the addresses of the others in it.

    It is that of the latest message it answers to which is stored, else the one that its oldest reference names, so that
    mails find together in whatever order they come. A reply that names no message joins a recent mail of the same
    subject with one of the parties.
    """
    for reference in reversed(mail.references):
        stored = session.find(Interaction, channel=CHANNEL, external_key=reference)
        if stored is not None and stored.thread_id is not None:
            return stored.thread_id
    if mail.references:
        return thread_id_of(CHANNEL, mail.references[0])
    return _by_subject(session, mail, list(parties)) or thread_id_of(CHANNEL, mail.key)


def gather(session: Session, mail: Mail, thread: UUID) -> None:
    """Bring answers to a mail, which came before it and knew nothing older, into its thread."""
    own = thread_id_of(CHANNEL, mail.key)
    if own == thread:
        return
    with session.acting_as(session.actor.elevated()):
        for early in session.list(Interaction, thread_id=own):
            session.update(change(early, thread_id=thread))
        session.flush()


def base_subject(subject: str) -> str:
    """Return a subject without the marks of answers, folded for comparison; empty for one that is no answer."""
    base = _REPLY.sub("", subject)
    return "" if base == subject or _FORWARD.match(base) else " ".join(base.casefold().split())


def _by_subject(session: Session, mail: Mail, parties: list[str]) -> UUID | None:
    wanted = base_subject(mail.subject)
    if len(wanted) < SHORTEST or not parties:
        return None
    until = mail.at or session.clock.now()
    ids: list[UUID] = []
    for address in parties[:MOST_PARTIES]:
        took_part = _took_part(session, address)
        ids += [p.interaction_id for p in took_part if p.occurred_at and until - RECENT <= p.occurred_at <= until]
    found = session.list(Interaction, id=list(dict.fromkeys(ids)), kind="email", order="-occurred_at") if ids else []
    for one in found:
        subject = " ".join(one.subject.casefold().split())
        if one.thread_id is not None and wanted in (subject, base_subject(one.subject)):
            return one.thread_id
    return None


def _took_part(session: Session, address: str) -> list[InteractionParticipant]:
    """Return the latest participations of whoever has the address, a customer or a claim."""
    evidence = Evidence(emails=address)
    known = identify(session, evidence, CHANNEL).customer_id
    if known is not None:
        return session.list(InteractionParticipant, customer_id=known, order="-occurred_at", limit=MOST_LOOKED_AT)
    claim = session.find(IdentityClaim, fingerprint=read_evidence(evidence).fingerprint)
    if claim is None:
        return []
    return session.list(InteractionParticipant, claim_id=claim.id, order="-occurred_at", limit=MOST_LOOKED_AT)
