"""Addresses as they come: a slash that is written as ``%2F`` belongs to a part of the address, and does not end it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from litestar import Litestar

SLASH = "\udc2f"
"""Stands for such a slash while the address is found. No address can contain it: it is half of a character."""


class ByParts(Litestar):
    """An application that finds addresses by their parts as they were sent (RFC 3986, 2.2)."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        raw = scope.get("raw_path")
        if raw is not None and b"%2" in raw:
            # Some servers have the query in it, too.
            sent = raw.partition(b"?")[0].decode("latin-1")
            parts = (part.replace("%2f", "%2F").split("%2F") for part in sent.split("/"))
            scope = {**scope, "path": "/".join(SLASH.join(map(unquote, part)) for part in parts)}
        await super().__call__(scope, receive, send)


def parts_of(scope: Mapping[str, Any]) -> dict[str, str]:
    """Return the parts of an address by name, as they are meant."""
    parts: dict[str, str] = scope["path_params"]
    if SLASH in scope["path"]:
        return {name: part.replace(SLASH, "/") for name, part in parts.items()}
    return parts
