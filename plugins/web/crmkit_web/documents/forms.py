"""Forms with files (multipart/form-data, RFC 7578): read as a whole, or refused as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO

import attrs

from crmkit.core.messages import msg
from crmkit_web.serving.problems import Problem

MOST_PARTS = 50
LONGEST_FIELD = 500_000
"""Characters of a field that is no file."""


@attrs.frozen
class FormFile:
    """A file of a form: the field, the name it came under, as it was sent, and its content."""

    field: str
    filename: str
    content: bytes


@attrs.frozen
class Form:
    """A form: its fields, each with every value in order, and its files."""

    fields: Mapping[str, tuple[str, ...]]
    files: tuple[FormFile, ...]

    def one(self, name: str) -> str:
        """Return the last value of a field, ``""`` when it was not sent."""
        return self.fields.get(name, ("",))[-1]


def read_form(content_type: str, body: bytes) -> Form:
    """Return the form that a body is; raises Problem 415 for another media type and 400 for one that is cut off or broken."""
    from multipart import MultipartError, MultipartParser, parse_options_header

    kind, options = parse_options_header(content_type)
    if kind != "multipart/form-data":
        raise Problem(415, "media_type", msg("send a form, with Content-Type: multipart/form-data"))
    fields: dict[str, tuple[str, ...]] = {}
    files: list[FormFile] = []
    try:
        parser = MultipartParser(
            BytesIO(body),
            options.get("boundary", ""),
            charset="utf8",
            strict=True,
            part_limit=MOST_PARTS,
            memory_limit=len(body) + 1,
            spool_limit=len(body) + 1,
        )
        for part in parser:
            if part.filename is not None:
                files.append(FormFile(part.name or "", part.filename, part.raw))
            elif part.size > LONGEST_FIELD:
                raise Problem(413, "too_large", msg("field {name} is too long", name=str(part.name)[:100]))
            else:
                name = part.name or ""
                fields[name] = (*fields.get(name, ()), part.raw.decode("utf-8"))
    except (MultipartError, UnicodeDecodeError) as error:
        raise Problem(400, "bad_form", msg("the form cannot be read: {error}", error=str(error)[:200])) from None
    return Form(fields, tuple(files))
