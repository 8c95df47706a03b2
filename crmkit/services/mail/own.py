"""Which mail addresses are ours."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import attrs

from crmkit.core.errors import BadInput
from crmkit.core.frozen import frozen
from crmkit.core.mail_settings import MailSettings
from crmkit.core.staff import User
from crmkit.core.values.mail import normalise_mail
from crmkit.core.values.text import ascii_domain
from crmkit.store.session import Session


@frozen
class OwnAddresses:
    """Addresses and domains of ours; ``users`` maps those of users, former ones too, to who it is."""

    users: Mapping[str, UUID] = attrs.field(factory=dict)
    addresses: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()

    def __contains__(self, address: object) -> bool:
        text = str(address)
        return text in self.users or text in self.addresses or text.rpartition("@")[2] in self.domains


def own_addresses(session: Session, settings: MailSettings) -> OwnAddresses:
    """Return our addresses: those of the settings, of the mailboxes and of users, whoever may see these."""
    given = [*settings.own_addresses, *(mailbox.user for mailbox in settings.mailboxes if "@" in mailbox.user)]
    if settings.smtp is not None:
        given.append(settings.smtp.sender)
    with session.acting_as(session.actor.elevated()):
        users = {_plain(user.email): user.id for user in session.list(User) if user.email}
    domains = frozenset(_domain(domain) for domain in settings.own_domains)
    return OwnAddresses(users, frozenset(map(_plain, given)), domains)


def _plain(address: str) -> str:
    try:
        return normalise_mail(address)
    except BadInput:
        return address.strip().lower()


def _domain(domain: str) -> str:
    try:
        return ascii_domain(domain.strip().lstrip("@"))
    except BadInput:
        return domain.strip().lower()
