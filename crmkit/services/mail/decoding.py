"""From the bytes of mails to text, whatever charset they claim to be in: claims are checked, not believed."""

from __future__ import annotations

import base64
import binascii
import codecs
import quopri
import re

_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
_BETWEEN = re.compile(r"[ \t\r\n]*")
# Chinese mail says GB2312 and means its superset; western mail says ISO 8859-1 and means what Windows made of it.
_WIDER = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "cp936": "gb18030",
    "gb_2312-80": "gb18030",
    "big5": "big5hkscs",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "cp1252",
    "ascii": "cp1252",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "iso-8859-8-i": "iso-8859-8",
    "unicode-1-1-utf-7": "utf-7",
}


def decoded(data: bytes, charset: str = "") -> str:
    """Return bytes as text: by their charset if they can be, else by what they look like. Never raises."""
    claimed = charset.strip().strip("\"'").lower()
    # What is valid UTF-8 beyond ASCII is UTF-8, whatever it is called; the escapes of ISO 2022 and UTF-7 are ASCII, too.
    escaped = data.isascii() and claimed.startswith(("iso-2022", "utf-7", "hz"))
    wide = claimed.startswith(("utf-16", "utf-32")) and b"\0" in data
    if not escaped and not wide and (text := _strictly(data, "utf-8-sig")) is not None:
        return text
    plain = claimed in ("", "us-ascii", "ascii")
    if not plain and (text := _strictly(data, _WIDER.get(claimed, claimed))) is not None:
        return text
    if (text := _strictly(data, "gb18030")) is not None and _is_chinese(text):
        return text
    guessed = _guessed(data)
    if guessed is not None:
        return guessed
    text = _strictly(data, "cp1252")
    return text if text is not None else data.decode("latin-1")


def header_text(raw: str) -> str:
    """Return the value of a header with its encoded words (RFC 2047) decoded; what cannot be decoded stays as it is.

    Neighbouring words of one charset are decoded together: some programs cut characters in two.
    """
    parts: list[tuple[bytes | str, str]] = []
    place = 0
    for found in _WORD.finditer(raw):
        between = raw[place : found.start()]
        if between and not (_BETWEEN.fullmatch(between) and parts and isinstance(parts[-1][0], bytes)):
            parts.append((between, ""))
        charset, how, text = found[1].partition("*")[0], found[2].lower(), found[3]
        data = _unquoted(text) if how == "q" else _from_base64(text)
        if data is None:
            parts.append((found[0], ""))
        elif parts and isinstance(parts[-1][0], bytes) and parts[-1][1].lower() == charset.lower():
            parts[-1] = (parts[-1][0] + data, charset)
        else:
            parts.append((data, charset))
        place = found.end()
    if place < len(raw):
        parts.append((raw[place:], ""))
    return "".join(decoded(part, charset) if isinstance(part, bytes) else _raw(part) for part, charset in parts)


def storable(text: str, line: bool = False) -> str:
    """Return a text without what no database keeps: NUL, lone surrogates, control characters. ``line``: on one line."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if line:
        text = " ".join(text.split())
    if text.isprintable():
        return text
    return "".join(
        c if c in "\n\t" or not _unstorable(c) else "\N{REPLACEMENT CHARACTER}" if "\ud800" <= c <= "\udfff" else ""
        for c in text
    )


def _unstorable(c: str) -> bool:
    return c < " " or "\x7f" <= c <= "\x9f" or "\ud800" <= c <= "\udfff"


def _strictly(data: bytes, charset: str) -> str | None:
    try:
        codecs.lookup(charset)
        text = data.decode(charset)
    except (LookupError, ValueError, TypeError):
        return None
    return text if isinstance(text, str) else None


def _is_chinese(text: str) -> bool:
    """Whether most of what is not ASCII are common Chinese characters and their punctuation."""
    strange = [c for c in text[:4000] if c > "\x7f"]
    common = sum("\u4e00" <= c <= "\u9fff" or "\u3000" <= c <= "\u301f" or "\uff00" <= c <= "\uffef" for c in strange)
    return bool(strange) and common >= 0.9 * len(strange)


def _guessed(data: bytes) -> str | None:
    from charset_normalizer import from_bytes

    best = from_bytes(data[:20_000]).best()
    return _strictly(data, best.encoding) if best is not None else None


def _raw(text: str) -> str:
    """Return a part of a header outside encoded words; bytes beyond ASCII, which should not be there, are decoded."""
    try:
        text.encode("utf-8")
        return text
    except UnicodeEncodeError:
        return decoded(text.encode("utf-8", "surrogateescape"))


def _unquoted(text: str) -> bytes | None:
    try:
        return quopri.decodestring(text.replace("_", " ").encode("ascii"))
    except (UnicodeEncodeError, ValueError):
        return None


def _from_base64(text: str) -> bytes | None:
    packed = re.sub(r"[^A-Za-z0-9+/]", "", text)
    try:
        return base64.b64decode(packed + "=" * (-len(packed) % 4))
    except (binascii.Error, ValueError):
        return None
