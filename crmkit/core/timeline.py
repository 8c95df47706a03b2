"""A timeline: entries of several sources in one order, the newest first, and the cursor that pages through them."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import attrs

from crmkit.core.fields import EMPTY
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg
from crmkit.core.values.bad_value import BadValue
from crmkit.core.values.money import Money

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@attrs.define  # neither frozen nor by keyword alone: a page makes fifty of them, each in a third of the time
class TimelineEntry:
    """One entry of a timeline: an interaction, or what a plugin knows of a customer. Nothing in it is to be changed.

    Name what you give: more fields will come between these.

    ``at`` is when it happened (aware, UTC); ``key`` names it for good among the entries of its ``source``, the plugin
    that brings it; left out, the id of its record does. Interactions have no source. ``text`` is an excerpt. ``entity``
    and ``record_id`` lead to the record that it shows, ``data`` holds what else a plugin wants to tell.
    """

    at: datetime
    title: str
    key: str = ""
    kind: str = ""
    source: str = ""
    direction: str = ""
    status: str = ""
    channel: str = ""
    text: str = ""
    outcome: str = ""
    money: Money | None = None
    customer_id: UUID | None = None
    role: str = ""
    address: str = ""
    entity: str = ""
    record_id: UUID | None = None
    thread_id: UUID | None = None
    supersedes_id: UUID | None = None
    data: Mapping[str, Any] = EMPTY

    @property
    def position(self) -> Position:
        """Where it stands in the order of a timeline."""
        return Position(self.at, self.source, self.key or str(self.record_id or ""))


@frozen(order=True)
class Position:
    """A place in a timeline. The newest comes first; at one instant the sources and then the keys go backwards."""

    at: datetime
    source: str = ""
    key: str = ""

    def cursor(self) -> str:
        """Return the place as a text for programs to hand back; it stays right whatever is added or taken away."""
        place = [(self.at - _EPOCH) // _MICROSECOND, self.source, self.key]
        packed = json.dumps(place, ensure_ascii=False, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def read_cursor(cursor: str) -> Position:
    """Return the place that a cursor stands for; raises BadInput for a text that is none."""
    try:
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        microseconds, source, key = json.loads(packed)
        if not (type(microseconds) is int and isinstance(source, str) and isinstance(key, str)):
            raise ValueError(cursor)
        return Position(_EPOCH + microseconds * _MICROSECOND, source, key)
    except (binascii.Error, ValueError, TypeError, OverflowError):
        raise BadValue(cursor, msg("the cursor that came with a page of this timeline")) from None
