"""What an installation says about mail: which addresses are its own, and the servers that it sends and fetches by."""

from __future__ import annotations

from typing import Any, Literal

import attrs

from crmkit.core.frozen import frozen
from crmkit.core.secret import Secret

Security = Literal["tls", "starttls", "none"]

_port = attrs.validators.and_(attrs.validators.ge(1), attrs.validators.le(65_535))
_positive = attrs.validators.gt(0.0)
_filled: Any = attrs.validators.min_len(1)


@frozen(kw_only=True)
class SmtpSettings:
    """The server that takes mail in for delivery."""

    host: str = attrs.field(validator=_filled)
    """The name of the server."""
    port: int = attrs.field(default=587, validator=_port)
    """Its port: 587 for ``starttls``, 465 for ``tls``."""
    security: Security = "starttls"
    """``starttls`` turns to encryption after connecting, ``tls`` begins with it, ``none`` is for servers on this machine."""
    user: str = ""
    """Who logs in; empty: nobody does."""
    password: Secret = attrs.field(factory=lambda: Secret(""))
    """The password; better ``{ env = "NAME" }`` than the text itself."""
    sender: str = attrs.field(validator=_filled)
    """Who mail comes from, as in ``Acme Service <service@acme.example>``."""
    timeout: float = attrs.field(default=30.0, validator=_positive)
    """Seconds to wait for an answer."""


@frozen(kw_only=True)
class MailboxSettings:
    """A mailbox that mail is fetched from, by IMAP. It is only read: nothing in it is marked, moved or deleted."""

    name: str = attrs.field(validator=_filled)
    """What the installation calls it, as in ``service``."""
    host: str = attrs.field(validator=_filled)
    """The name of the server."""
    port: int = attrs.field(default=993, validator=_port)
    """Its port: 993 for ``tls``, 143 for ``starttls``."""
    security: Security = "tls"
    """``tls`` begins with encryption, ``starttls`` turns to it, ``none`` is for servers on this machine."""
    user: str = attrs.field(validator=_filled)
    """Who logs in."""
    password: Secret
    """The password; better ``{ env = "NAME" }`` than the text itself."""
    folders: tuple[str, ...] = ("INBOX",)
    """The folders that are read, as the server calls them."""
    timeout: float = attrs.field(default=60.0, validator=_positive)
    """Seconds to wait for an answer."""


@frozen(kw_only=True)
class MailSettings:
    """How mail comes in and goes out."""

    own_domains: tuple[str, ...] = ()
    """Domains whose addresses are all ours; mail from them is outbound. Addresses of users are ours anyway."""
    own_addresses: tuple[str, ...] = ()
    """Further addresses of ours, such as one at a provider of free mail."""
    largest: int = attrs.field(default=50 * 1024 * 1024, validator=attrs.validators.ge(1))
    """The size of the largest mail that is taken in, in bytes."""
    smtp: SmtpSettings | None = None
    """The server that mail goes out by; without one, none does."""
    mailboxes: tuple[MailboxSettings, ...] = ()
    """The mailboxes that mail is fetched from."""
