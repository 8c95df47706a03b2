"""Handing messages to their channels, once each: before and after the hand-over their state is committed.

A message is ``planned`` until a try begins, ``in_progress`` during it, then ``completed``, or ``cancelled`` when it can
never be delivered. One that is found in progress may have gone out before a crash: nobody sends it again unasked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.entity import change
from crmkit.core.errors import BadInput, Conflict, CrmError, NotFound, PluginError, did_you_mean
from crmkit.core.frozen import frozen
from crmkit.core.interaction import Attachment, Interaction, InteractionLink, InteractionParticipant
from crmkit.core.messages import msg
from crmkit.hooks.channels import Channel, NotSent, OutgoingFile, OutgoingMessage, Recipient, Sent
from crmkit.services.attachments import Attachments, read
from crmkit.services.interactions.parties import COPIED, CUSTOMER
from crmkit.services.messaging.writing import ANSWERS, OUTBOX
from crmkit.store.locking import locked
from crmkit.store.session import Session

MOST_REFERENCES = 20
OUTCOME = 200
"""Characters of an outcome."""


@frozen
class Delivered:
    """What became of a message; ``refused`` maps the addresses that the channel did not take to its words."""

    interaction: Interaction
    refused: tuple[tuple[str, str], ...] = ()


def waiting(session: Session, channels: Iterable[str]) -> list[UUID]:
    """Return the messages that were written and not handed over yet, the oldest first."""
    found = session.list(
        Interaction, channel=list(channels), source=OUTBOX, status="planned", direction="outbound", order="occurred_at"
    )
    return [message.id for message in found]


def deliver(
    open_session: Callable[[], Session],
    channels: Mapping[str, Channel],
    context: Callable[[Session, str], Any],
    attachments: Callable[[], Attachments],
    id: UUID,
    *,
    again: bool = False,
) -> Delivered:
    """Hand a message to its channel and return what became of it; one that was handed over already is not again.

    ``again`` sends one whose last try was broken off. Raises NotSent when the channel did not take it (it waits for
    another try unless that is in vain), Conflict for one in progress, NotFound and BadInput for what is no message of
    ours, PluginError for a channel that fails otherwise.
    """
    with open_session() as session:
        message = _begun(session, id, again)
        if message.status == "completed":
            return Delivered(message)
        channel = _channel(channels, message)
        outgoing = _outgoing(session, message, attachments)
    sent: object = None
    try:
        with open_session() as session:
            sent = channel.send(context(session, channel.plugin), outgoing)
        if not isinstance(sent, Sent):
            raise TypeError(f"a channel returns Sent, not {sent!r}")
    except NotSent as error:
        _not_sent(open_session, id, error)
        raise
    except CrmError:
        # What the channel took may be out already, even if its own records of it could not be written.
        if sent is None:
            _put_back(open_session, id)
        raise
    except Exception as error:
        raise PluginError(channel.plugin, "register_channels", error) from error
    return _completed(open_session, id, sent)


def _begun(session: Session, id: UUID, again: bool) -> Interaction:
    session.get(Interaction, id)
    message: Interaction = locked(session, "interaction", [id])[id]
    if message.source != OUTBOX or message.direction != "outbound":
        raise BadInput(msg("interaction {id} is no message of ours that waits to be sent", id=str(id)))
    if message.status == "completed":
        return message
    if message.status == "cancelled":
        raise Conflict(msg("message {id} was given up: {why}", id=str(id), why=message.outcome or "-"))
    if message.status == "in_progress" and not again:
        raise Conflict(msg("message {id} is being sent, or a try was broken off and it may be out already", id=str(id)))
    begun = change(message, status="in_progress", outcome="")
    if begun != message:
        session.update(begun)
        session.flush()
    return begun


def _channel(channels: Mapping[str, Channel], message: Interaction) -> Channel:
    try:
        return channels[message.channel]
    except KeyError:
        hint = did_you_mean(message.channel, channels)
        raise NotFound(msg("no channel {name}; {hint}", name=message.channel, hint=hint)) from None


def _outgoing(session: Session, message: Interaction, attachments: Callable[[], Attachments]) -> OutgoingMessage:
    took_part = session.list(InteractionParticipant, interaction_id=message.id, order="id")
    ids = sorted({p.customer_id for p in took_part if p.customer_id is not None})
    names = {customer.id: customer.name for customer in session.list(Customer, id=ids)} if ids else {}
    files = session.list(Attachment, interaction_id=message.id, order="id")
    return OutgoingMessage(
        interaction_id=message.id,
        channel=message.channel,
        key=message.external_key,
        recipients=tuple(
            Recipient(p.address, names.get(p.customer_id, "") if p.customer_id else "", p.role)
            for p in took_part
            if p.role in (CUSTOMER, COPIED) and p.address
        ),
        subject=message.subject,
        body=message.body,
        references=tuple(_references(session, message)),
        files=tuple(OutgoingFile(file.filename, file.media_type, read(session, attachments(), file)) for file in files),
        written_at=session.clock.now(),
    )


def _references(session: Session, message: Interaction) -> list[str]:
    """Return the keys of the messages before this one in its thread; the answered one comes last."""
    earlier = session.list(Interaction, thread_id=message.thread_id, channel=message.channel, order="occurred_at")
    keys = [one.external_key for one in earlier if one.id != message.id and "@" in one.external_key]
    link = session.find(InteractionLink, interaction_id=message.id, role=ANSWERS)
    answered = session.find(Interaction, id=link.record_id) if link is not None else None
    if answered is not None and "@" in answered.external_key:
        keys = [key for key in keys if key != answered.external_key] + [answered.external_key]
    return keys if len(keys) <= MOST_REFERENCES else [keys[0], *keys[-(MOST_REFERENCES - 1) :]]


def _completed(open_session: Callable[[], Session], id: UUID, sent: Sent) -> Delivered:
    with open_session() as session:
        message = session.get(Interaction, id)
        done = change(message, status="completed", occurred_at=session.clock.now(), outcome=_outcome(sent.refused))
        session.update(done)
        _mark(session, [address for address, _ in sent.refused])
        session.commit()
        return Delivered(session.get(Interaction, id), sent.refused)


def _not_sent(open_session: Callable[[], Session], id: UUID, error: NotSent) -> None:
    with open_session() as session:
        message = session.get(Interaction, id)
        status = "cancelled" if error.permanent else "planned"
        session.update(change(message, status=status, outcome=str(error)[:OUTCOME]))
        _mark(session, error.addresses)


def _put_back(open_session: Callable[[], Session], id: UUID) -> None:
    with open_session() as session:
        session.update(change(session.get(Interaction, id), status="planned"))


def _mark(session: Session, addresses: Iterable[str]) -> None:
    """Tell contact points that the channel could not reach them."""
    for address in addresses:
        points = session.list(ContactPoint, normalized=address, deliverability=["unknown", "good"])
        session.update(*[change(point, deliverability="bounced") for point in points])


def _outcome(refused: Iterable[tuple[str, str]]) -> str:
    return "; ".join(f"{address}: {words}" for address, words in refused)[:OUTCOME]
