"""Files up and down. What comes down is written while it comes, and stands under its name when it is whole."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from uuid import uuid4

if TYPE_CHECKING:
    from crmkit.client.sending import Sender

Source = Path | str | bytes | BinaryIO


def saved(sender: Sender, path: str, target: Path | str, query: Mapping[str, Any] | None = None) -> Path:
    """Save what an address answers to the file ``target`` and return its path; one that broke off is fetched again."""
    whole = Path(target)
    part = whole.with_name(f".{whole.name}.{uuid4().hex}.part")

    def once() -> Path:
        with sender.stream(path, query) as answer, part.open("wb") as file:
            for piece in answer.iter_bytes():
                file.write(piece)
        os.replace(part, whole)
        return whole

    try:
        return sender.tried(once)
    finally:
        part.unlink(missing_ok=True)


def named_content(source: Source, name: str = "") -> tuple[str, bytes]:
    """Return the name and the bytes of a file: given by its path, as bytes (which need a name), or opened."""
    if isinstance(source, bytes):
        found, content = "", source
    elif isinstance(source, Path | str):
        found, content = Path(source).name, Path(source).read_bytes()
    else:
        found, content = Path(str(getattr(source, "name", ""))).name, source.read()
    if not (name or found):
        raise TypeError("bytes have no name; give one")
    return name or found, content
