"""The hash chain that seals the audit log: what is hashed, and how, without any database.

Every tenant has one chain. An entry's *digest* is SHA-256 of its salt and its delta; its *link* is SHA-256 of the link
before it and of the entry's header, which holds the digest. So a link vouches for every entry before it, and a delta
can be erased, with its salt, while its digest and the chain stay. The salt keeps what was erased from being guessed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from crmkit.core.errors import BadInput
from crmkit.core.frozen import frozen
from crmkit.core.journal import AuditEntry
from crmkit.core.messages import msg, shown
from crmkit.core.values.pattern import pattern

SALT_BYTES = 16
FORM = 1
"""The number of this way to hash; it is part of what is hashed."""

ERASED = "$erased"
"""The only key of a delta that was erased; no field can be called so."""

_HEAD = pattern(r"(\d{1,18}):([0-9a-f]{64})", re.ASCII)


@frozen
class Head:
    """The end of a chain: how many entries it has, and its last link. Kept elsewhere, it shows whether any were cut."""

    length: int
    link: bytes

    def __str__(self) -> str:
        return f"{self.length}:{self.link.hex()}"


def read_head(text: str) -> Head:
    """Return the head that ``text`` (``LENGTH:LINK``, as a head prints itself) stands for; raises BadInput."""
    found = _HEAD.fullmatch(text.strip().lower())
    if found is None:
        expected = msg("expected a number and 64 hexadecimal digits, as crmkit audit head prints them")
        raise BadInput(msg("head {value}: {expected}", value=shown(text), expected=expected))
    return Head(int(found[1]), bytes.fromhex(found[2]))


def first_link(tenant: UUID) -> bytes:
    """Return what stands before the first link of a tenant's chain."""
    return sha256(b"crmkit audit chain" + tenant.bytes).digest()


def digest_of(salt: bytes, delta: Mapping[str, Any]) -> bytes:
    """Return the salted digest of a delta."""
    return sha256(salt + _canonical(delta)).digest()


def link_of(previous: bytes, sequence: int, entry: AuditEntry, digest: bytes) -> bytes:
    """Return the link of the entry at ``sequence`` (the first is 1), whose delta has this digest."""
    header = (
        FORM,
        sequence,
        str(entry.id),
        entry.occurred_at.astimezone(UTC).isoformat(timespec="microseconds"),
        _id(entry.actor_id),
        _id(entry.on_behalf_id),
        entry.plugin,
        entry.entity,
        str(entry.record_id),
        entry.action,
        entry.version,
        _id(entry.cause_id),
        digest.hex(),
        # Most entries have none; there it is left out, so that such links stay what they were.
        *((entry.origin,) if entry.origin else ()),
    )
    return sha256(previous + _canonical(header)).digest()


def tombstone(instant: datetime) -> Mapping[str, Any]:
    """Return what stands in the place of a delta that was erased at ``instant``."""
    return {ERASED: [None, instant.astimezone(UTC).isoformat()]}


def is_tombstone(delta: Mapping[str, Any]) -> bool:
    """Whether the values of a delta were erased."""
    return isinstance(delta, Mapping) and ERASED in delta


def _id(value: UUID | None) -> str | None:
    return None if value is None else str(value)


def _canonical(value: Any) -> bytes:
    """Return the JSON text of a value that is the same wherever it was stored: keys sorted, no spaces, UTF-8."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=dict)
    return text.encode("utf-8", "surrogatepass")
