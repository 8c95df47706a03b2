"""Writing a message: checked, and stored as a planned interaction that its channel takes from there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from uuid import UUID

from crmkit.core.consent import ConsentTerms
from crmkit.core.customer import Customer, PointKind
from crmkit.core.errors import BadInput
from crmkit.core.interaction import Interaction, InteractionLink
from crmkit.core.messages import msg, shown
from crmkit.core.values.ids import new_id
from crmkit.hooks.channels import Channel
from crmkit.services.attachments import Attachments, attach
from crmkit.services.interactions import Participant, log, stored_under, thread_id_of
from crmkit.services.interactions.parties import COPIED, CUSTOMER, STAFF
from crmkit.services.messaging.recipients import addressees, partners_of
from crmkit.store.session import Session

OUTBOX = "outbox"
"""The source of interactions that are messages of ours, written here."""

ANSWERS = "answers"
"""The role of the link from an answer to what it answers."""

_KINDS: dict[PointKind, str] = {"email": "email", "phone": "sms", "messaging": "chat", "social": "chat"}

To = Customer | UUID | str


def write_message(
    session: Session,
    channel: Channel,
    to: Iterable[To] = (),
    *,
    cc: Iterable[To] = (),
    subject: str = "",
    body: str = "",
    purpose: str = "",
    reply_to: Interaction | UUID | None = None,
    files: Sequence[tuple[str, bytes]] = (),
    attachments: Attachments | None = None,
    key: str = "",
    domain: str = "crmkit.invalid",
    terms: ConsentTerms | None = None,
) -> Interaction:
    """Write a message to customers and return it as a planned interaction; ``deliver`` hands it to its channel.

    ``to`` holds customers, or addresses by which one is known; without it, an answer (``reply_to``) goes to whom the
    answered contact was with. All but an answer takes the ``purpose`` that the customers consented to. The same ``key``
    in a channel writes the same message once. ``domain`` ends the key that the message gets in the world. Raises Refused
    with the reason against a contact, BadInput for a customer without an address, for control characters in the subject
    and for files that are not taken.
    """
    name = _message_key(session, channel.name, key, domain)
    stored = stored_under(session, channel.name, name) if key else None
    if stored is not None:
        return stored
    if not subject.isprintable():
        raise BadInput(msg("subject {value}: expected one line without control characters", value=shown(subject)))
    if files and attachments is None:
        raise BadInput(msg("there is no place where attachments are kept"))
    answered = _answered(session, reply_to)
    wanted = list(to) or (partners_of(session, answered) if answered is not None else [])
    people = addressees(
        session,
        {CUSTOMER: wanted, COPIED: list(cc)},
        kind=channel.point,
        channel=channel.name,
        purpose=purpose,
        terms=terms or ConsentTerms(),
        answered=answered,
    )
    staff = [Participant(user=session.actor.user_id, role=STAFF)] if session.actor.user_id is not None else []
    parties = [Participant(customer=one.customer, address=one.address, role=one.role) for one in people]
    thread = answered.thread_id if answered is not None else None
    made = log(
        session,
        _KINDS.get(channel.point, "letter"),
        participants=[*parties, *staff],
        direction="outbound",
        channel=channel.name,
        key=name,
        subject=subject or _answer_subject(answered),
        body=body,
        status="planned",
        thread=thread or thread_id_of(channel.name, name),
        source=OUTBOX,
    ).interaction
    if answered is not None:
        session.add(InteractionLink(interaction_id=made.id, entity="interaction", record_id=answered.id, role=ANSWERS))
    for filename, content in files:
        if attachments is not None:
            attach(session, attachments, made, filename, content)
    session.flush()
    return made


def _answered(session: Session, reply_to: Interaction | UUID | None) -> Interaction | None:
    if reply_to is None:
        return None
    return session.get(Interaction, reply_to if isinstance(reply_to, UUID) else reply_to.id)


def _answer_subject(answered: Interaction | None) -> str:
    if answered is None or not answered.subject:
        return ""
    subject = answered.subject
    return subject if subject.lower().startswith("re:") else f"Re: {subject}"[:500]


def _message_key(session: Session, channel: str, key: str, domain: str) -> str:
    if not key:
        return f"{new_id().hex}@{domain}"
    named = session.actor.tenant_id.bytes + f"{channel}\0{key}".encode("utf-8", "surrogatepass")
    return f"{hashlib.sha256(named).hexdigest()[:40]}@{domain}"
