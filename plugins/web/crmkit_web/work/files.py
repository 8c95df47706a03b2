"""Files of long work as replies: to be saved, packed where the client takes it."""

from __future__ import annotations

from pathlib import Path

from crmkit_web.serving.calls import Reply
from crmkit_web.work.spool import missing


def file_reply(path: Path | None, name: str, media_type: str) -> Reply:
    """Return the reply that a file is; raises NotFound for None, and for one that was deleted meanwhile."""
    try:
        content = None if path is None else path.read_bytes()
    except FileNotFoundError:
        content = None
    if content is None:
        raise missing(name)
    # Nothing but ASCII without quotes gets into the header.
    plain = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "._-") else "_" for letter in name)
    headers = {"content-disposition": f'attachment; filename="{plain}"'}
    return Reply(None, 200, headers, content, media_type)
