"""Which character encoding a text file has: by its byte order mark, as valid UTF-8, or by a statistical guess."""

from __future__ import annotations

import codecs
import re
import unicodedata
from pathlib import Path

from crmkit.core.errors import BadInput
from crmkit.core.frozen import frozen
from crmkit.core.messages import msg

_PROBE = 1 << 26  # bytes tried as UTF-8; what is wrong behind them becomes bad rows
_PIECE = 1 << 20
_SAMPLE = 1 << 16  # bytes given to the statistical guess
_MARKS = (  # UTF-32 before UTF-16: its little-endian mark starts with the other's
    (codecs.BOM_UTF8, "utf-8", "UTF-8 with BOM"),
    (codecs.BOM_UTF32_LE, "utf-32-le", "UTF-32 LE with BOM"),
    (codecs.BOM_UTF32_BE, "utf-32-be", "UTF-32 BE with BOM"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16 LE with BOM"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16 BE with BOM"),
)
_GUESSES = {
    "gb18030": "GB18030",  # contains GBK and GB2312
    "big5": "Big5",
    "cp1252": "windows-1252",  # before Shift-JIS, whose half-width kana any few western letters could be
    "shift_jis": "Shift-JIS",
    "euc_jp": "EUC-JP",
    "euc_kr": "EUC-KR",
    "cp1250": "windows-1250",
    "cp1251": "windows-1251",
}
_FORMATS = (
    (b"PK\x03\x04", "ZIP, XLSX or DOCX"),
    (b"%PDF", "PDF"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Excel (XLS) or password-protected Office"),
    (b"\x1f\x8b", "gzip"),
    (b"\x89PNG", "PNG image"),
    (b"\xff\xd8\xff", "JPEG image"),
    (b"GIF8", "GIF image"),
    (b"SQLite format 3\x00", "SQLite database"),
    (b"PGDMP", "PostgreSQL custom-format dump"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
    (b"Rar!", "RAR"),
)
_WITHOUT_MARK = {"utf-16": "utf-16-le", "utf-32": "utf-32-le", "utf-8-sig": "utf-8"}
_CONTROL = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")


@frozen
class Encoding:
    """A codec's name for Python, the length of the byte order mark to skip, and the name for people."""

    codec: str
    skip: int
    label: str


def detect_encoding(path: Path, stated: str | None = None) -> Encoding:
    """Return the encoding of the text file at ``path``; ``stated`` overrides detection.

    Raises BadInput for an unknown encoding name, a binary file and bytes that fit no encoding.
    """
    with path.open("rb") as file:
        head = file.read(_SAMPLE)
    for mark, codec, label in _MARKS:
        # A mark decides against a stated encoding only within the same family: GBK text may begin with any bytes.
        if head.startswith(mark) and (stated is None or _normal(stated, path).startswith(codec[:6].rstrip("-"))):
            return Encoding(codec, len(mark), label)
    if stated is not None:
        codec = _normal(stated, path)
        return Encoding(_WITHOUT_MARK.get(codec, codec), 0, stated)
    wide = _utf16_without_mark(head)
    if wide is not None:
        return wide
    _refuse_binary(head, path)
    return _utf8_or_guess(path)


def _normal(stated: str, path: Path) -> str:
    try:
        found = codecs.lookup(stated)
        "".encode(found.name)  # refuses codecs that are no text encodings, such as base64
    except LookupError:
        raise BadInput(
            msg(
                "{path}: encoding “{encoding}” is not known; "
                "use a name such as utf-8, gb18030, big5, shift_jis or windows-1252",
                path=path,
                encoding=stated,
            )
        ) from None
    return found.name


def _utf16_without_mark(head: bytes) -> Encoding | None:
    """Recognise UTF-16 by its zero bytes: delimiters, digits and line ends have one, always on the same side."""
    head = head[: len(head) // 2 * 2]
    units = len(head) // 2
    for codec, label, zero, other in (("utf-16-le", "UTF-16 LE", 1, 0), ("utf-16-be", "UTF-16 BE", 0, 1)):
        zeros = head[zero::2].count(0)
        if zeros < 0.1 * units or head[other::2].count(0) * 2 > zeros or not zeros:
            continue
        text = codecs.getincrementaldecoder(codec)("replace").decode(head)
        if ("\n" in text or "\r" in text) and not any(_is_no_text(letter) for letter in set(text)):
            return Encoding(codec, 0, label)
    return None


def _is_no_text(letter: str) -> bool:
    return letter == "\ufffd" or (letter not in "\t\r\n" and unicodedata.category(letter) in ("Cc", "Cn", "Co", "Cs"))


def _refuse_binary(head: bytes, path: Path) -> None:
    kind = next((name for magic, name in _FORMATS if head.startswith(magic)), None)
    if kind is not None:
        raise BadInput(
            msg("{path} is not a text file but {kind}; export it as CSV, UTF-8 if possible", path=path, kind=kind)
        )
    controls = len(_CONTROL.findall(head))
    if controls > max(4, 0.02 * len(head)) or head.count(0) > max(16, 0.3 * len(head)):
        raise BadInput(
            msg(
                "{path} is not a text file: it is full of control characters; export it as CSV, UTF-8 if possible",
                path=path,
            )
        )


def _utf8_or_guess(path: Path) -> Encoding:
    decoder = codecs.getincrementaldecoder("utf-8")()
    read = 0
    beyond_ascii = False
    with path.open("rb") as file:
        try:
            while read < _PROBE and (piece := file.read(_PIECE)):
                read += len(piece)
                beyond_ascii = beyond_ascii or not piece.isascii()
                decoder.decode(piece)
            if read < _PROBE:
                decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            file.seek(0)
            sample = _telling_lines(file.read(_PROBE))
        else:
            return Encoding("utf-8", 0, "UTF-8" if beyond_ascii else "ASCII")
    valid = sum(1 for line in sample if _is_utf8(line))
    if valid * 2 >= len(sample) and valid:
        return Encoding("utf-8", 0, "UTF-8 with errors")  # mostly right: the few wrong lines become bad rows
    return _guess(b"".join(sample), path)


def _telling_lines(data: bytes) -> list[bytes]:
    """Return lines with bytes beyond ASCII, up to the sample size: the others tell nothing."""
    found: list[bytes] = []
    size = position = 0
    while size < _SAMPLE and (match := _BEYOND_ASCII.search(data, position)):
        start = data.rfind(b"\n", 0, match.start()) + 1
        end = data.find(b"\n", match.start()) + 1 or len(data)
        line = data[max(start, match.start() - _SAMPLE) : min(end, match.start() + _SAMPLE)]
        found.append(line)
        size += len(line)
        position = end
    return found


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _guess(sample: bytes, path: Path) -> Encoding:
    from charset_normalizer import from_bytes

    names = list(_GUESSES)
    # Encodings that give the same text are one match; of equally likely ones the first in our list is taken.
    found = [
        (round(match.chaos, 2), -match.coherence, names.index(name))
        for match in from_bytes(sample, cp_isolation=names, threshold=0.3)
        for name in match.could_be_from_charset
        if name in _GUESSES
    ]
    if not found:
        raise BadInput(
            msg(
                "{path}: the character encoding is not recognised (not UTF-8, nor {names}); "
                "save the file as UTF-8 or state its encoding",
                path=path,
                names=", ".join(_GUESSES.values()),
            )
        )
    codec = names[min(found)[2]]
    return Encoding(codec, 0, _GUESSES[codec])
