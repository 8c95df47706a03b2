"""Hooks of channels: the ways in which messages go out to customers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import attrs

from crmkit.core.customer import PointKind
from crmkit.core.errors import CrmError
from crmkit.core.frozen import frozen
from crmkit.core.messages import Message
from crmkit.hooks.kinds import Kind, hookspec
from crmkit.hooks.protocols import Context
from crmkit.hooks.setup import Setup


@frozen
class Recipient:
    """Somebody a message goes to: by which address, and as what (``customer`` or ``cc``)."""

    address: str
    name: str = ""
    role: str = "customer"


@frozen
class OutgoingFile:
    """A file that goes out with a message."""

    name: str
    media_type: str
    content: bytes = attrs.field(repr=False)


@frozen(kw_only=True)
class OutgoingMessage:
    """A message on its way out. ``key`` names it for good: sent again, it has the same.

    ``sender`` is the address that it comes from, empty for the channel's own. ``references`` are the keys of the messages
    that it answers to, the oldest first.
    """

    interaction_id: UUID
    channel: str
    key: str
    recipients: tuple[Recipient, ...]
    subject: str = ""
    body: str = ""
    sender: str = ""
    references: tuple[str, ...] = ()
    files: tuple[OutgoingFile, ...] = ()
    written_at: datetime | None = None


@frozen
class Sent:
    """A message that a channel took over. ``refused`` maps addresses that it did not take to its words."""

    refused: tuple[tuple[str, str], ...] = ()


class NotSent(CrmError):
    """A channel did not take a message over. With ``permanent``, trying again would not help.

    ``addresses`` are those that cannot be reached at all.
    """

    code = "not_sent"

    def __init__(self, message: Message, *, permanent: bool = False, addresses: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.permanent, self.addresses = permanent, addresses


@frozen
class Channel:
    """A way to send messages. ``name`` is its word in interactions and statements of consent.

    ``point`` is the kind of contact point that it reaches. ``send(ctx, message)`` hands the message over and returns
    ``Sent``, or raises ``NotSent``; it is called outside any transaction, and again with the same key when a try failed.
    """

    name: str
    send: Callable[[Any, OutgoingMessage], Sent]
    point: PointKind = "email"
    plugin: str = "crmkit"
    """Who brought it."""


class ChannelSpecs:
    """Called once, before the first session."""

    @hookspec(kind=Kind.REGISTER, since="0.1")
    def register_channels(self, ctx: Context, call: Setup) -> list[Channel]:
        """Return ways to send messages. One called ``email`` takes the place of the SMTP server of the configuration."""
