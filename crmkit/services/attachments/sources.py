"""What contents come from: bytes that are there, or a binary file that is read piece by piece, from its beginning."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from io import SEEK_END, BytesIO
from typing import BinaryIO

Source = bytes | BinaryIO
"""A file can be read and sought in; nobody else reads it meanwhile, and it stays open until the transaction is over."""

PIECE = 1 << 20
"""Bytes that are in memory at once."""


def pieces(source: Source) -> Iterator[bytes]:
    """Yield a content from its beginning."""
    if isinstance(source, bytes):
        yield source
        return
    source.seek(0)
    while piece := source.read(PIECE):
        yield piece


def size_of(source: Source) -> int:
    """Return how many bytes a content has."""
    return len(source) if isinstance(source, bytes) else source.seek(0, SEEK_END)


def digest_of(source: Source) -> str:
    """Return the name of a content: its SHA-256 in 64 hexadecimal digits."""
    made = hashlib.sha256()
    for piece in pieces(source):
        made.update(piece)
    return made.hexdigest()


def opened(source: Source) -> BinaryIO:
    """Return a content as a file at its beginning."""
    if isinstance(source, bytes):
        return BytesIO(source)
    source.seek(0)
    return source
