"""Record ids: UUID version 7 (RFC 9562), which sort by the time of their making."""

from __future__ import annotations

from typing import Any
from uuid import UUID, SafeUUID

from uuid_utils import uuid7

from crmkit.core.messages import msg
from crmkit.core.values.bad_value import BadValue

# UUID's own constructor checks its arguments for about a microsecond. The slots below it are filled directly: they are
# the same two that its constructor fills, reached beneath the __setattr__ that makes it immutable.
_new: Any = object.__new__
_set_int: Any = UUID.__dict__["int"].__set__
_set_safety: Any = UUID.__dict__["is_safe"].__set__
_UNKNOWN = SafeUUID.unknown


def new_id() -> UUID:
    """Return a new UUID version 7, greater than each one that this process made before."""
    made: UUID = _new(UUID)
    _set_int(made, uuid7().int)
    _set_safety(made, _UNKNOWN)
    return made


def new_id_bytes() -> bytes:
    """Return what ``new_id`` does as its 16 bytes, for those who write it and keep none."""
    made: bytes = uuid7().bytes
    return made


def new_id_text() -> str:
    """Return what ``new_id`` does as text."""
    return str(uuid7())


def parse_id(raw: object) -> UUID:
    """Return the id that ``raw`` (a UUID or its text, with or without hyphens) stands for; raises ``BadInput``."""
    if isinstance(raw, UUID):
        return raw
    if isinstance(raw, str):
        try:
            return UUID(raw.strip())
        except ValueError:
            pass
    raise BadValue(raw, msg("an id such as 01890a5d-ac96-774b-bcce-b302099a8057"))
