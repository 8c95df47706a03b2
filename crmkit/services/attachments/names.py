"""Names of attached files: what people see, and never a path."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 200
"""Characters of a name; file systems take 255 bytes at the most."""

_SEPARATORS = re.compile(r"[\\/]")
_FORBIDDEN = re.compile(r'[<>:"|?*]')
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")


def safe_name(name: str) -> str:
    """Return the name of a file as any system takes it: its last part, without control and steering characters.

    What turns the direction of writing is left out, so that a name ends in what it seems to end in.
    """
    last = _SEPARATORS.split(unicodedata.normalize("NFC", name.replace("\0", "")))[-1]
    text = "".join(c for c in last if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
    text = _FORBIDDEN.sub("_", text).strip().strip(".").strip()
    if not text:
        return "file"
    if _RESERVED.fullmatch(text):
        text = f"_{text}"
    if len(text) <= LONGEST and len(text.encode()) <= LONGEST:
        return text
    stem, dot, ending = text.rpartition(".")
    ending = f"{dot}{ending}" if stem and len(ending) <= 10 else ""
    kept = (stem if ending else text)[: LONGEST - len(ending)]
    while len((kept + ending).encode()) > LONGEST:
        kept = kept[:-1]
    return kept + ending
