"""Telephone calls and chats, for programs such as a telephone system or a chat service."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Literal

from crmkit.core.errors import BadInput
from crmkit.core.messages import msg
from crmkit.core.staff import User
from crmkit.services.interactions.parties import Participant, Party
from crmkit.services.interactions.recording import Logged, log
from crmkit.store.session import Session

PHONE = "phone"
"""The channel of telephone calls, as in statements of consent."""

Side = Literal["inbound", "outbound"]


def log_call(
    session: Session,
    party: Party,
    *,
    direction: Side = "inbound",
    user: User | None = None,
    at: datetime | None = None,
    duration: timedelta | None = None,
    missed: bool = False,
    outcome: str = "",
    notes: str = "",
    key: str = "",
    channel: str = PHONE,
    **details: Any,
) -> Logged:
    """Log a telephone call with ``party`` and return it; ``user`` is who of ours took or made it.

    ``duration`` is how long it took, ``key`` the number that the telephone system gave it. A ``missed`` call is logged
    with that outcome. ``details`` are those of ``log``. Raises BadInput for a duration below zero.
    """
    if duration is not None and duration < timedelta(0):
        raise BadInput(msg("duration {value}: expected zero or more", value=str(duration)))
    start = session.clock.now() if at is None else at
    staff: Iterable[Party] = () if user is None else (Participant(user=user),)
    return log(
        session,
        "call",
        participants=[party, *staff],
        at=start,
        ended_at=None if duration is None else start + duration,
        direction=direction,
        channel=channel,
        key=key,
        body=notes,
        outcome=outcome or ("missed" if missed else ""),
        **details,
    )


def log_chat(
    session: Session,
    party: Party,
    text: str,
    *,
    channel: str,
    conversation: str = "",
    direction: Side = "inbound",
    user: User | None = None,
    at: datetime | None = None,
    key: str = "",
    **details: Any,
) -> Logged:
    """Log one message of a chat and return it.

    ``channel`` is the service, such as ``wechat``; a text as ``party`` is the name that somebody has there.
    ``conversation`` is what the service calls the chat: its messages are one thread; without it, those with the same
    party are. ``key`` is the service's number of the message. ``details`` are those of ``log``. Raises BadInput without a
    channel.
    """
    if not channel:
        raise BadInput(msg("a chat needs a channel, such as wechat or website"))
    address = party if isinstance(party, str) else party.address if isinstance(party, Participant) else ""
    thread = conversation or address
    staff: Iterable[Party] = () if user is None else (Participant(user=user),)
    return log(
        session,
        "chat",
        participants=[party, *staff],
        at=at,
        direction=direction,
        channel=channel,
        key=key,
        body=text,
        thread=thread or None,
        **details,
    )
