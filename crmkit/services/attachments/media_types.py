"""What a file is, told by its content; what it calls itself only chooses among what the content allows."""

from __future__ import annotations

import codecs
import zipfile
from pathlib import PurePath
from typing import BinaryIO

from crmkit.services.attachments.sources import Source, opened, pieces

UNKNOWN = "application/octet-stream"
PLAIN = "text/plain"

_OFFICE = "application/vnd.openxmlformats-officedocument"
_DOCUMENTS = (
    ("word/", f"{_OFFICE}.wordprocessingml.document"),
    ("xl/", f"{_OFFICE}.spreadsheetml.sheet"),
    ("ppt/", f"{_OFFICE}.presentationml.presentation"),
)
_SAME = {
    "application/x-gzip": "application/gzip",
    "application/x-zip-compressed": "application/zip",
    "audio/wave": "audio/wav",
    "audio/x-wav": "audio/wav",
    "image/heic": "image/heif",
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/x-ms-bmp": "image/bmp",
    "text/rtf": "application/rtf",
    "text/xml": "application/xml",
}
_ACTIVE = ("text/html", "image/svg+xml", "application/vnd.microsoft.portable-executable")
_ENDINGS = {
    ".csv": "text/csv",
    ".eml": "message/rfc822",
    ".ics": "text/calendar",
    ".json": "application/json",
    ".tsv": "text/csv",
    ".vcf": "text/vcard",
    ".xml": "application/xml",
}
_SURE = ("application/pdf", "application/rtf", "application/xml", "text/calendar", "text/vcard")
_SCRIPTS = (b"#!", b"@echo off")
_PAGES = (b"<!doctype html", b"<html", b"<head", b"<body", b"<script", b"<iframe")


def media_type_of(content: Source, filename: str = "") -> str:
    """Return the media type of a content. Among several that it may be, the ending of ``filename`` chooses.

    Unknown ones are ``application/octet-stream``, texts ``text/plain`` or what their ending says.
    """
    ending = PurePath(filename).suffix.lower()
    file = opened(content)
    start = file.read(1024)
    if not start:
        return _ENDINGS.get(ending, PLAIN)
    if start[:4] in (b"PK\3\4", b"PK\5\6"):
        return _zipped(file)
    if start[:4] == b"\x7fELF":
        return "application/x-executable"
    start = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(_PAGES) or b"<script" in start:
        return "text/html"
    if start.startswith(_SCRIPTS):
        return "text/x-script"
    found = _by_magic(file)
    for active in _ACTIVE:
        if active in found:
            return active
    named = _ENDINGS.get(ending, "")
    if not found or named in found:
        return named if named in found else (named or PLAIN) if _is_text(content) else UNKNOWN
    chosen = next((media_type for media_type, endings in found.items() if ending in endings), next(iter(found)))
    # Short marks such as a brace or two letters also begin texts; these do not.
    return chosen if chosen in _SURE or not _is_text(content) else named or PLAIN


def _by_magic(file: BinaryIO) -> dict[str, set[str]]:
    """Return what the content may be, the surest first, with the endings of each."""
    import puremagic

    try:
        file.seek(0)
        matches = puremagic.magic_stream(file)
    except (puremagic.PureError, ValueError):
        return {}
    found: dict[str, set[str]] = {}
    for match in matches:
        if match.mime_type:
            media_type = _SAME.get(match.mime_type, match.mime_type)
            found.setdefault(media_type, set()).add(match.extension.lower())
    return found


def _zipped(file: BinaryIO) -> str:
    """Return what kind of document a ZIP archive is, if it is one; with macros it is another."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            if names[:1] == ["mimetype"] and archive.getinfo("mimetype").file_size < 200:
                return archive.read("mimetype").decode("ascii", "replace").strip()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, RuntimeError):
        return UNKNOWN
    if "[Content_Types].xml" not in names:
        return "application/zip"
    if any(PurePath(name).name.lower() == "vbaproject.bin" for name in names):
        return "application/vnd.ms-office.macroenabled"
    return next((kind for folder, kind in _DOCUMENTS if any(name.startswith(folder) for name in names)), UNKNOWN)


def _is_text(content: Source) -> bool:
    """Whether a content is text in one of the encodings that mail and tables come in."""
    start = next(pieces(content), b"")
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return _decodes(content, "utf-16")
    if any(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in start[:4096]):
        return False
    if any(b"\0" in piece for piece in pieces(content)):
        return False
    return any(_decodes(content, name) for name in ("utf-8", "gb18030", "cp1252", "latin-1"))


def _decodes(content: Source, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for piece in pieces(content):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
