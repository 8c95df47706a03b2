"""Writing and sending messages with what an application has configured."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmkit.core.customer import Customer
from crmkit.core.errors import CrmError, NotFound, did_you_mean
from crmkit.core.interaction import Interaction
from crmkit.core.messages import msg
from crmkit.services.mail.composing import sender_address
from crmkit.services.messaging import write_message
from crmkit.store.session import Session

if TYPE_CHECKING:
    from crmkit.runtime.crm import Crm

log = logging.getLogger("crmkit.messages")


def written(
    crm: Crm, session: Session, channel: str, to: Iterable[Customer | UUID | str] = (), **details: Any
) -> Interaction:
    """Write a message that waits to be sent; ``details`` are those of ``write_message``. Raises NotFound for no channel."""
    if channel not in crm.channels:
        raise NotFound(msg("no channel {name}; {hint}", name=channel, hint=did_you_mean(channel, crm.channels)))
    smtp = crm.config.mail.smtp
    if smtp is not None:
        details.setdefault("domain", sender_address(smtp.sender).domain)
    if details.get("files"):
        details.setdefault("attachments", crm.attachments)
    details.setdefault("terms", crm.config.consent)
    return write_message(session, crm.channels[channel], to, **details)


def sent_after_commit(
    crm: Crm, session: Session, channel: str, to: Iterable[Customer | UUID | str] = (), **details: Any
) -> Interaction:
    """Write a message, and send it when the session is committed; a failure then is logged, and the message waits."""
    made = written(crm, session, channel, to, **details)
    actor = session.actor

    def send() -> None:
        try:
            crm.deliver(made.id, actor)
        except CrmError as error:
            log.warning("message %s was not sent: %s", made.id, error)

    session.after_commit(send)
    return made
