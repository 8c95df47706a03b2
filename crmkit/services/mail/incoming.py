"""Taking a mail in: as an interaction, once, with the customers that it is from or to, its thread and its files."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal
from uuid import UUID

from crmkit.core.customer import ContactPoint
from crmkit.core.entity import change
from crmkit.core.errors import BadInput
from crmkit.core.frozen import frozen
from crmkit.core.interaction import Interaction
from crmkit.core.messages import Message, msg
from crmkit.services.attachments import Attachments, attach
from crmkit.services.erased_contacts import erased_contact
from crmkit.services.identify import Evidence, identify
from crmkit.services.interactions import Participant, log
from crmkit.services.interactions.parties import COPIED, CUSTOMER, STAFF
from crmkit.services.interactions.recording import Direction, stored_under
from crmkit.services.mail.mail_threads import CHANNEL, gather, mail_thread
from crmkit.services.mail.message import Bounce, Mail, Person
from crmkit.services.mail.own import OwnAddresses
from crmkit.store.session import Session

MOST_PARTIES = 50
"""Others on one mail that become participants; a mail to more is one to many, not a contact with each."""

AUTOMATIC, BOUNCED = "auto-reply", "bounce"
"""Outcomes of what a machine answered; contact figures leave them out."""

Why = Literal["", "stored", "internal", "nobody", "unknown", "erased"]


@frozen
class Taken:
    """What became of a mail.

    ``interaction`` is None for one that was left out: ``internal`` between our own people, ``nobody`` without anybody
    else's address, ``unknown`` when only known customers were wanted, ``erased`` when it went with a person who was
    erased. ``stored`` says that it was there already.
    ``left_out`` says which of its files were not taken and why.
    """

    interaction: Interaction | None
    why: Why = ""
    left_out: tuple[Message, ...] = ()
    bounced: tuple[str, ...] = ()

    @property
    def created(self) -> bool:
        """Whether the mail was logged now."""
        return self.why == ""


def take_in(
    session: Session,
    mail: Mail,
    own: OwnAddresses,
    attachments: Attachments | None = None,
    *,
    received: datetime | None = None,
    known_only: bool = False,
    source: str = "mail",
) -> Taken:
    """Log a mail, if it is not stored yet; everything is written with the session.

    From one of our addresses it is outbound, else inbound. The other side takes part in the role ``customer``, whoever
    else it was addressed to as ``cc``, each with the address used; users of ours as ``staff``. A report of failed
    delivery belongs to the customers that were not reached, and tells their contact points so. ``received`` stands in
    for a missing date. With ``known_only``, mail that no customer is recognised in is left out.
    """
    stored = stored_under(session, CHANNEL, mail.key)
    if stored is not None:
        return Taken(stored, "stored")
    if erased_contact(session, CHANNEL, mail.key) is not None:
        return Taken(None, "erased")
    direction, parties = _parties(mail, own)
    strangers = [party.address for party in parties if party.user is None]
    if direction == "internal" or not strangers:
        return Taken(None, "internal" if direction == "internal" else "nobody")
    if known_only and not any(_known(session, address) for address in strangers):
        return Taken(None, "unknown")
    thread = _answered(session, mail) if mail.bounces else mail_thread(session, mail, strangers)
    thread = thread or mail_thread(session, mail, strangers)
    gather(session, mail, thread)
    logged = log(
        session,
        "email",
        participants=parties,
        at=mail.at or received,
        direction=direction,
        channel=CHANNEL,
        key=mail.key,
        subject=mail.subject,
        body=mail.body,
        outcome=BOUNCED if mail.bounces else AUTOMATIC if mail.automatic and direction == "inbound" else "",
        thread=thread,
        source=source,
    )
    left_out = _attach(session, attachments, logged.interaction, mail)
    return Taken(logged.interaction, "", left_out, tuple(_marked(session, mail.bounces)))


def _parties(mail: Mail, own: OwnAddresses) -> tuple[Direction, list[Participant]]:
    """Return which way a mail went, and who took part."""
    if mail.bounces:
        failed = [Participant(address=bounce.address, role=CUSTOMER) for bounce in mail.bounces]
        return "inbound", failed[:MOST_PARTIES]
    sender, to, cc = mail.sender, mail.to, mail.cc
    everybody = [*([sender] if sender else []), *to, *cc]
    staff = [
        Participant(user=own.users[person.address], address=person.address, role=STAFF)
        for person in _once(everybody)
        if person.address in own.users
    ]
    others_to, others_cc = ([person for person in group if person.address not in own] for group in (to, cc))
    if sender is not None and sender.address in own:
        if everybody[1:] and not others_to and not others_cc:
            return "internal", staff
        # Where it went to nobody but by copy, these are whom it was for.
        first, copied = (others_to, others_cc) if others_to else (others_cc, [])
        return "outbound", [*_as(first, CUSTOMER), *_as(copied, COPIED)][:MOST_PARTIES] + staff
    from_ = [sender] if sender is not None else []
    copied = [person for person in [*others_to, *others_cc] if person not in from_]
    return "inbound", [*_as(from_, CUSTOMER), *_as(copied, COPIED)][:MOST_PARTIES] + staff


def _as(people: Iterable[Person], role: str) -> list[Participant]:
    return [Participant(address=person.address, name=person.name, role=role) for person in _once(people)]


def _once(people: Iterable[Person]) -> Iterable[Person]:
    return {person.address: person for person in people}.values()


def _known(session: Session, address: str) -> bool:
    return identify(session, Evidence(emails=address), CHANNEL).kind == "known"


def _answered(session: Session, mail: Mail) -> UUID | None:
    """Return the thread of the mail that was not delivered, where it is stored."""
    for bounce in mail.bounces:
        if bounce.original:
            stored = session.find(Interaction, channel=CHANNEL, external_key=bounce.original)
            if stored is not None:
                return stored.thread_id
    return None


def _marked(session: Session, bounces: Iterable[Bounce]) -> Iterable[str]:
    """Tell the contact points of addresses that mail does not reach; yields these addresses."""
    for bounce in bounces:
        if not bounce.permanent:
            continue
        # What a policy refused (RFC 3463, X.7.X) may be well delivered another time; a mailbox that is not there is gone.
        state: Literal["bounced", "blocked"] = "blocked" if bounce.status.startswith("5.7.") else "bounced"
        points = session.list(ContactPoint, kind="email", normalized=bounce.address)
        session.update(*[change(point, deliverability=state) for point in points if point.deliverability != state])
        if points:
            yield bounce.address


def _attach(
    session: Session, attachments: Attachments | None, interaction: Interaction, mail: Mail
) -> tuple[Message, ...]:
    left_out: list[Message] = []
    for file in mail.files:
        if attachments is None:
            left_out.append(msg("file {name}: attachments are not kept here", name=file.name))
            continue
        try:
            attach(session, attachments, interaction, file.name, file.content)
        except BadInput as error:
            left_out.append(error.message)
    return tuple(left_out)
