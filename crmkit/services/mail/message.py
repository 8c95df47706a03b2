"""A mail as it is taken in: read, decoded and cut to what can be stored."""

from __future__ import annotations

from datetime import datetime

import attrs

from crmkit.core.frozen import frozen


@frozen
class Person:
    """Somebody in the head of a mail: the address in its normalised form, or as it came when it cannot be read."""

    address: str
    name: str = ""


@frozen
class MailFile:
    """A file that came with a mail."""

    name: str
    content: bytes = attrs.field(repr=False)


@frozen
class Bounce:
    """An address that a mail could not be delivered to.

    ``status`` is the code of RFC 3463, such as ``5.1.1``; ``permanent`` tells that it will not be delivered at all.
    ``original`` is the Message-ID of that mail, where the report has it.
    """

    address: str
    status: str = ""
    permanent: bool = True
    reason: str = ""
    original: str = ""


@frozen(kw_only=True)
class Mail:
    """A mail. ``key`` names it for good: its Message-ID, else a digest of what it says.

    ``at`` is when it was written, in UTC; None where it does not say. ``references`` are the Message-IDs that it answers
    to, the oldest first. ``automatic`` tells that a machine answered, ``bulk`` that it went to many.
    """

    key: str
    sender: Person | None = None
    to: tuple[Person, ...] = ()
    cc: tuple[Person, ...] = ()
    subject: str = ""
    body: str = ""
    at: datetime | None = None
    references: tuple[str, ...] = ()
    files: tuple[MailFile, ...] = ()
    automatic: bool = False
    bulk: bool = False
    bounces: tuple[Bounce, ...] = ()
    notes: tuple[str, ...] = ()
