"""Where the contents of attachments are kept: each once, named by its SHA-256, apart for each tenant."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Protocol
from uuid import UUID

from crmkit.core.errors import CrmError, NotFound
from crmkit.core.messages import msg, shown
from crmkit.services.attachments.sources import Source, digest_of, pieces, size_of

_DIGEST = re.compile(r"[0-9a-f]{64}")


class Contents(Protocol):
    """A store of contents; one for an object storage has these methods, too. Digests are 64 hexadecimal digits."""

    def put(self, tenant: UUID, content: Source, now: datetime) -> str:
        """Keep a content and return its digest; one that is there already counts as put ``now``."""
        ...

    def get(self, tenant: UUID, digest: str) -> bytes:
        """Return a content. Raises NotFound, and CrmError for one that was altered."""
        ...

    def has(self, tenant: UUID, digest: str) -> bool:
        """Whether a content is there."""
        ...

    def remove(self, tenant: UUID, digest: str) -> None:
        """Remove a content; one that is not there is no error."""
        ...

    def kept(self, tenant: UUID) -> Iterator[tuple[str, datetime]]:
        """Yield every digest with the time when it was put."""
        ...


class FolderContents:
    """Keeps contents as files of a folder, in a folder for each tenant. A file is there as a whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, tenant: UUID, content: Source, now: datetime) -> str:
        digest = digest_of(content)
        path = self._path(tenant, digest)
        instant = now.timestamp()
        if path.exists() and path.stat().st_size == size_of(content):
            os.utime(path, (instant, instant))
            return digest
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, draft = tempfile.mkstemp(prefix=".", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.writelines(pieces(content))
                file.flush()
                os.fsync(file.fileno())
            os.utime(draft, (instant, instant))
            os.replace(draft, path)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(draft)
            raise
        _sync(path.parent)
        return digest

    def get(self, tenant: UUID, digest: str) -> bytes:
        try:
            content = self._path(tenant, digest).read_bytes()
        except FileNotFoundError:
            raise _missing(digest) from None
        return _checked(content, digest)

    def has(self, tenant: UUID, digest: str) -> bool:
        return self._path(tenant, digest).is_file()

    def remove(self, tenant: UUID, digest: str) -> None:
        with suppress(FileNotFoundError):
            self._path(tenant, digest).unlink()

    def kept(self, tenant: UUID) -> Iterator[tuple[str, datetime]]:
        for path in sorted((self.folder / tenant.hex).glob("??/*")):
            with suppress(FileNotFoundError):
                yield path.name, datetime.fromtimestamp(path.stat().st_mtime, UTC)

    def _path(self, tenant: UUID, digest: str) -> Path:
        # Nothing but a digest becomes part of a path.
        if not _DIGEST.fullmatch(digest):
            raise _missing(digest)
        return self.folder / tenant.hex / digest[:2] / digest


class MemoryContents:
    """Keeps contents in this process, for databases in memory."""

    def __init__(self) -> None:
        self._kept: dict[tuple[UUID, str], tuple[bytes, datetime]] = {}
        self._lock = Lock()

    def put(self, tenant: UUID, content: Source, now: datetime) -> str:
        digest = digest_of(content)
        with self._lock:
            self._kept[tenant, digest] = (b"".join(pieces(content)), now)
        return digest

    def get(self, tenant: UUID, digest: str) -> bytes:
        try:
            return self._kept[tenant, digest][0]
        except KeyError:
            raise _missing(digest) from None

    def has(self, tenant: UUID, digest: str) -> bool:
        return (tenant, digest) in self._kept

    def remove(self, tenant: UUID, digest: str) -> None:
        with self._lock:
            self._kept.pop((tenant, digest), None)

    def kept(self, tenant: UUID) -> Iterator[tuple[str, datetime]]:
        for (whose, digest), (_, at) in sorted(self._kept.items()):
            if whose == tenant:
                yield digest, at


def _checked(content: bytes, digest: str) -> bytes:
    if digest_of(content) != digest:
        raise CrmError(msg("the content {digest} was altered where it is kept", digest=digest))
    return content


def _missing(digest: str) -> NotFound:
    return NotFound(msg("the content {digest} is not in the store of attachments", digest=shown(digest, 64)))


def _sync(folder: Path) -> None:
    """Make a new name in a folder outlive a power cut, where the system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
