"""A file read as text, piece by piece, so that one undecodable byte spoils one row and not the file."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from crmkit.services.importing.sources.encoding import Encoding

PIECE = 1 << 16
"""Bytes read at once, so few that a piece cannot hold a cell above the usual limit and needs no size check."""

_MARK = re.compile("[\udc00-\udcff]")


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    # Like surrogateescape, but for bytes below 128 too: UTF-16 and GB18030 have undecodable ones.
    return "".join(chr(0xDC00 + byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error("crmkit-mark", _mark)


def undecodable(text: str) -> str | None:
    """Return the first bytes of ``text`` that were not decodable, in hexadecimal, or None."""
    found = _MARK.search(text)
    return None if found is None else f"0x{ord(found.group()) - 0xDC00:02X}"


def without_marks(text: str) -> str:
    """Return ``text`` with a replacement character for each undecodable byte, so that it can be written again."""
    return _MARK.sub("\N{REPLACEMENT CHARACTER}", text)


class TextFile:
    """Reads decoded text forwards; ``back`` returns to a place that was not yet released.

    ``suspicious`` is true when the last piece holds a NUL or undecodable bytes; ``position`` counts the bytes read and
    ``place`` the characters given out.
    """

    def __init__(self, path: Path, encoding: Encoding) -> None:
        self._file = path.open("rb")
        self._file.seek(encoding.skip)
        self._strict = codecs.getincrementaldecoder(encoding.codec)("strict")
        self._lenient = codecs.getincrementaldecoder(encoding.codec)("crmkit-mark")
        # Place, byte offset and decoder state before each piece.
        self._pieces: list[tuple[int, int, tuple[bytes, int]]] = []
        self.position = encoding.skip
        self.place = 0
        self.suspicious = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def read(self, size: int = PIECE) -> str:
        """Return the next piece of about ``size`` bytes, or '' at the end."""
        while True:
            state = self._strict.getstate()
            self._pieces.append((self.place, self.position, state))
            data = self._file.read(size)
            self.position += len(data)
            try:
                text = self._strict.decode(data, not data)
                marked = False
            except UnicodeDecodeError:
                self._lenient.setstate(state)
                text = self._lenient.decode(data, not data)
                self._strict.setstate(self._lenient.getstate())
                marked = True
            self.place += len(text)
            if text or not data:
                self.suspicious = marked or "\0" in text
                return text

    def release(self, place: int) -> None:
        """Forget how to go back to before ``place``."""
        pieces = self._pieces
        while len(pieces) > 1 and pieces[1][0] <= place:
            del pieces[0]

    def back(self, place: int) -> str:
        """Continue at ``place`` again; return the text between there and the end of its piece."""
        start, offset, state = next(piece for piece in reversed(self._pieces) if piece[0] <= place)
        del self._pieces[[piece[1] for piece in self._pieces].index(offset) :]
        self._file.seek(offset)
        self._strict.setstate(state)
        self.position, self.place = offset, start
        text = ""
        while len(text) <= place - start and (more := self.read()):
            text += more
        return text[place - start :]


def text_lines(path: Path, encoding: Encoding, limit: int) -> Iterator[tuple[int, str, int, int]]:
    """Yield each line with its number, its text without the line end, its whole length and the file position.

    A line of more than ``limit`` characters comes cut to that length: one endless line must not fill the memory.
    """
    with TextFile(path, encoding) as file:
        number, held, length = 1, "", 0
        while piece := file.read():
            *ended, rest = piece.split("\n")
            for part in ended:
                line = held + part[: max(0, limit - len(held))]
                yield number, line.removesuffix("\r"), length + len(part), file.position
                number, held, length = number + 1, "", 0
            held += rest[: max(0, limit - len(held))]
            length += len(rest)
        if length:
            yield number, held.removesuffix("\r"), length, file.position
