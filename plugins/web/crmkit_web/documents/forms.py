"""Forms with files (multipart/form-data, RFC 7578): read as a whole, or refused as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO

import attrs

from crmkit.core.messages import msg
from crmkit_web.serving.problems import Problem

MOST_PARTS = 50
LONGEST_FIELD = 500_000
"""Characters of a field that is no file."""
IN_MEMORY = 65_536
"""Bytes up to which a file of a form stays in memory."""


@attrs.frozen
class FormFile:
    """A file of a form: the field, the name it came under, as it was sent, and its content, from its beginning."""

    field: str
    filename: str
    content: BinaryIO


@attrs.frozen
class Form:
    """A form: its fields, each with every value in order, and its files."""

    fields: Mapping[str, tuple[str, ...]]
    files: tuple[FormFile, ...]

    def one(self, name: str) -> str:
        """Return the last value of a field, ``""`` when it was not sent."""
        return self.fields.get(name, ("",))[-1]


def read_form(content_type: str, body: BinaryIO, folder: Path) -> Form:
    """Return the form that a body is; raises Problem 415 for another media type and 400 for one that is cut off or broken.

    Files of more than ``IN_MEMORY`` bytes are in a folder, without names: they are gone when nobody uses them any more.
    """
    from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

    kind, options = parse_options_header(content_type)
    if kind != "multipart/form-data":
        raise Problem(415, "media_type", msg("send a form, with Content-Type: multipart/form-data"))
    form = _Reading(folder)
    try:
        parser = PushMultipartParser(options.get("boundary", ""), max_segment_count=MOST_PARTS, strict=True)
        for event in parser.parse_blocking(body.read):
            if isinstance(event, MultipartSegment):
                form.begin(event.name, event.filename)
            elif event is None:
                form.end()
            else:
                form.add(event)
    except (MultipartError, UnicodeDecodeError) as error:
        raise Problem(400, "bad_form", msg("the form cannot be read: {error}", error=str(error)[:200])) from None
    return Form(form.fields, tuple(form.files))


class _Reading:
    """A form being read."""

    def __init__(self, folder: Path) -> None:
        self.fields: dict[str, tuple[str, ...]] = {}
        self.files: list[FormFile] = []
        self._folder = folder
        self._name, self._text = "", bytearray()
        self._file: Any = None

    def begin(self, name: str, filename: str | None) -> None:
        self._name, self._text, self._file = name, bytearray(), None
        if filename is not None:
            self._file = SpooledTemporaryFile(IN_MEMORY, dir=str(self._folder))  # noqa: SIM115
            self.files.append(FormFile(name, filename, self._file))

    def add(self, piece: bytes | bytearray) -> None:
        if self._file is not None:
            self._file.write(piece)
            return
        self._text += piece
        if len(self._text) > LONGEST_FIELD:
            raise Problem(413, "too_large", msg("field {name} is too long", name=self._name[:100]))

    def end(self) -> None:
        if self._file is not None:
            self._file.seek(0)
        else:
            self.fields[self._name] = (*self.fields.get(self._name, ()), self._text.decode("utf-8"))
