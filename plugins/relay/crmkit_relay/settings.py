"""What an installation says about its broker, in the section ``[plugins.relay]`` of its configuration."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any, Literal

import attrs

from crmkit.core.frozen import frozen
from crmkit.plugin import Secret

PLACES = ("type", "entity", "tenant", "key")
"""What a subject may be made of, each in braces."""


def _subject(_: Any, __: Any, value: str) -> None:
    """A subject begins with a word of its own, so that the stream takes these subjects and no others."""
    try:
        made = value.format(**dict.fromkeys(PLACES, "x"))
    except (KeyError, IndexError, ValueError):
        raise ValueError(f"'subject' must be made of words and {{{'}, {'.join(PLACES)}}}") from None
    first = value.partition("{")[0]
    if (
        "." not in first
        or first.startswith(".")
        or any(not word or word in "*>" or " " in word for word in made.split("."))
    ):
        raise ValueError("'subject' must begin with a word and a dot, as in crmkit.{type}")


@frozen(kw_only=True)
class RelaySettings:
    """Which broker, under which names, and which events."""

    url: Secret = attrs.field(factory=lambda: Secret(""))
    """The broker's address, as in ``nats://localhost:4222``, ``tls://nats.example`` or ``redis://localhost:6379``; empty:
    nothing is published."""
    broker: Literal["nats", "redis"] = "nats"
    """``nats`` publishes to a stream of NATS JetStream, ``redis`` to a stream of Redis."""
    stream: str = attrs.field(default="crmkit", validator=attrs.validators.matches_re(r"[A-Za-z0-9_:-]+"))
    """The name of the stream."""
    subject: str = attrs.field(default="crmkit.{type}", validator=_subject)
    """The subject of a message on NATS; ``{type}``, ``{entity}``, ``{tenant}`` and ``{key}`` (the customer, else the
    record) are filled in."""
    declare: bool = True
    """Make the stream on NATS when there is none; false where it is kept by others."""
    deduplicate: int = attrs.field(default=3_600, validator=attrs.validators.ge(0))
    """For how many seconds a stream that we make knows an event that it has already."""
    keep: int = attrs.field(default=0, validator=attrs.validators.ge(0))
    """About how many messages a stream of Redis keeps; 0: all."""
    events: tuple[str, ...] = ()
    """The types that are published, as in ``customer.*`` or ``interaction.created``; empty: all."""
    changes: bool = False
    """Publish the values of fields before and after as well. They are personal data."""
    timeout: float = attrs.field(default=5.0, validator=attrs.validators.gt(0))
    """Seconds to wait for the broker's answer."""

    def wants(self, type: str) -> bool:
        """Whether events of a type are published."""
        return bool(self.url) and (not self.events or any(fnmatchcase(type, pattern) for pattern in self.events))
