"""The text of calendar files: bytes into lines whatever their encoding, and content lines as RFC 5545 3.1 has them."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Mapping
from unicodedata import normalize

from crmkit.plugin import BadInput, msg

LARGEST = 50_000_000
"""Bytes of a file that is taken in."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decoded(content: bytes, encoding: str = "") -> str:
    """Return a file as text with lines that end in CRLF; raises BadInput for what is no text.

    Without ``encoding``: by its byte order mark, else UTF-8, else what it looks like.
    """
    if len(content) > LARGEST:
        raise BadInput(msg("the file has {size} bytes, expected at most {most}", size=len(content), most=LARGEST))
    text = _text(content, encoding)
    if "\0" in text:
        raise BadInput(msg("the file is no text: it holds a NUL"))
    # Unfolding comes before everything else; lone CR and LF count as ends of lines.
    lines = normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\r\n".join([*[line for line in lines if line.strip()], ""])


def _text(content: bytes, encoding: str) -> str:
    if encoding:
        try:
            return content.decode(encoding)
        except (LookupError, UnicodeError):
            raise BadInput(msg("the file is not in the encoding {encoding}", encoding=encoding)) from None
    marked = next((name for mark, name in _MARKS if content.startswith(mark)), "")
    try:
        return content.decode(marked or "utf-8")
    except UnicodeError:
        pass
    from charset_normalizer import from_bytes

    best = from_bytes(content).best()
    if best is None:
        raise BadInput(msg("the file is no text in an encoding that is known; say which one it is in"))
    return str(best)


def escaped(text: str) -> str:
    """Return a TEXT value: backslashes, semicolons, commas and line breaks escaped (RFC 5545 3.3.11)."""
    text = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return text.replace("\r\n", "\\n").replace("\n", "\\n").replace("\r", "\\n")


def content_line(name: str, value: str, parameters: Mapping[str, str] | None = None) -> str:
    """Return an unfolded content line; values of parameters are quoted where they must be (RFC 6868 for quotes)."""
    told = "".join(f";{key}={_parameter(text)}" for key, text in (parameters or {}).items())
    return f"{name}{told}:{value}"


def folded(lines: Iterable[str]) -> bytes:
    """Return lines as UTF-8 with CRLF, none longer than 75 bytes and no character cut in two."""
    out = bytearray()
    for line in lines:
        rest = line.encode("utf-8", "replace")
        room = 75
        while len(rest) > room:
            cut = room
            while rest[cut] & 0xC0 == 0x80:
                cut -= 1
            out += rest[:cut] + b"\r\n "
            rest, room = rest[cut:], 74
        out += rest + b"\r\n"
    return bytes(out)


def _parameter(text: str) -> str:
    text = text.replace("^", "^^").replace("\r\n", "^n").replace("\n", "^n").replace("\r", "^n").replace('"', "^'")
    return f'"{text}"' if any(character in text for character in ",;:") else text
