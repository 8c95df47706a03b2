"""How an event stands in a stream of Redis: as the JSON of the CloudEvent and nothing around it, for any reader."""

from __future__ import annotations

from typing import Any

from faststream.redis.parser import MessageFormat


class PlainFormat(MessageFormat):
    """The document alone, in the field ``__data__`` of the entry; headers say nothing that it does not."""

    @classmethod
    async def encode(cls, *, message: Any, **rest: Any) -> bytes:
        """Return the bytes of the entry."""
        return (await cls.build(message=message, **rest)).data

    @classmethod
    def parse(cls, data: bytes) -> tuple[bytes, dict[str, Any]]:
        """Return the document and no headers."""
        return data, {}
