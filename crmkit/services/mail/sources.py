"""Mails from files: single ones (``.eml``), mailboxes in one file (mbox), Maildir folders, and folders of all these."""

from __future__ import annotations

import mailbox
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import attrs

from crmkit.core.errors import BadInput
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg

_QUOTED = re.compile(rb"(?m)^>(>*From )")
ENDINGS = (".eml", ".mbox", ".mbx")


@frozen
class RawMail:
    """A mail as it lies somewhere: ``place`` names it for people, ``raw`` is None for one beyond the limit of size."""

    place: str
    raw: bytes | None = attrs.field(repr=False)
    received: datetime | None = None
    size: int = 0


def mails_of(path: Path, largest: int) -> Iterator[RawMail]:
    """Yield the mails of a file or folder, one after the other. Raises BadInput for a path that is not there."""
    if path.is_dir():
        yield from _of_folder(path, largest)
    elif path.is_file():
        yield from _of_file(path, largest)
    else:
        raise BadInput(msg("there is no file or folder {path}", path=str(path)))


def _of_folder(folder: Path, largest: int) -> Iterator[RawMail]:
    if (folder / "cur").is_dir() and (folder / "new").is_dir():
        for part in ("cur", "new"):
            for path in sorted((folder / part).iterdir()):
                if path.is_file() and not path.name.startswith("."):
                    yield _single(path, largest)
    for path in sorted(folder.iterdir()):
        if path.name in ("cur", "new", "tmp"):
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _of_folder(path, largest)
        elif path.suffix.lower() in ENDINGS and path.is_file():
            yield from _of_file(path, largest)


def _of_file(path: Path, largest: int) -> Iterator[RawMail]:
    with path.open("rb") as file:
        start = file.read(5)
    if start == b"From ":
        yield from _of_mbox(path, largest)
    else:
        yield _single(path, largest)


def _of_mbox(path: Path, largest: int) -> Iterator[RawMail]:
    with closing(mailbox.mbox(path, factory=None, create=False)) as box:
        for number, key in enumerate(box.keys(), start=1):
            with closing(box.get_file(key)) as part:
                raw = part.read(largest + 1)
            place = f"{path}#{number}"
            yield RawMail(place, _unescaped(raw) if len(raw) <= largest else None, None, len(raw))


def _unescaped(raw: bytes) -> bytes:
    """Take back the mark that mbox puts before lines beginning with "From "."""
    return _QUOTED.sub(rb"\1", raw)


def _single(path: Path, largest: int) -> RawMail:
    about = path.stat()
    received = datetime.fromtimestamp(about.st_mtime, UTC)
    if about.st_size > largest:
        return RawMail(str(path), None, received, about.st_size)
    return RawMail(str(path), path.read_bytes(), received, about.st_size)
