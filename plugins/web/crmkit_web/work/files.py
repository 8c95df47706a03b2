"""Files of long work as replies: to be saved, packed where the client takes it."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING

from crmkit_web.serving.calls import Reply
from crmkit_web.work.spool import missing

if TYPE_CHECKING:
    from crmkit_web.serving.calls import Call

SMALL = 1_000
"""Bytes below which packing is of no use."""
PACKED = (".xlsx",)
"""Files that are packed already."""


def file_reply(call: Call, path: Path | None, name: str, media_type: str) -> Reply:
    """Return the reply that a file is; raises NotFound for None, and for one that was deleted meanwhile."""
    try:
        content = None if path is None else path.read_bytes()
    except FileNotFoundError:
        content = None
    if content is None:
        raise missing(name)
    # Nothing but ASCII without quotes gets into the header.
    plain = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "._-") else "_" for letter in name)
    headers = {"content-disposition": f'attachment; filename="{plain}"', "vary": "Accept-Encoding"}
    if len(content) >= SMALL and not plain.endswith(PACKED) and _takes_gzip(call.headers.get("accept-encoding", "")):
        headers["content-encoding"] = "gzip"
        content = gzip.compress(content, compresslevel=6, mtime=0)
    return Reply(None, 200, headers, content, media_type)


def _takes_gzip(accepted: str) -> bool:
    for part in accepted.lower().split(","):
        word, _, weight = part.strip().partition(";")
        if word.strip() == "gzip":
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
