"""Packing of answers: brotli or gzip, in the thread that answers, not on the loop where all requests wait."""

from __future__ import annotations

import gzip

import attrs

from crmkit_web.serving.calls import Incoming, Reply

SMALLEST = 1_000
"""Bytes from which packing is worth it."""
_PACKED = ("application/json", "application/jsonl", "application/problem+json", "application/x-ndjson", "text/")


def packed(incoming: Incoming, reply: Reply) -> Reply:
    """Return a reply in the coding that the request prefers, where it names one and there is something to gain."""
    accepted = incoming.headers.get("accept-encoding", "")
    content = reply.content
    if content is None or len(content) < SMALLEST or "content-encoding" in reply.headers:
        return reply
    if not reply.media_type.startswith(_PACKED) or reply.status == 206:
        return reply
    varies = reply.headers.get("vary", "")
    headers = {**reply.headers, "vary": f"{varies}, Accept-Encoding" if varies else "Accept-Encoding"}
    coding = _coding(accepted)
    if coding == "br":
        import brotli

        content = brotli.compress(content, quality=4)
    elif coding == "gzip":
        content = gzip.compress(content, compresslevel=6, mtime=0)
    if coding:
        headers["content-encoding"] = coding
    return attrs.evolve(reply, content=content, headers=headers)


def _coding(accepted: str) -> str:
    """Return ``br`` or ``gzip``, whichever an ``Accept-Encoding`` header takes; brotli before gzip."""
    taken = set()
    for part in accepted.lower().split(","):
        name, _, weight = part.strip().partition(";")
        if weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000"):
            taken.add(name.strip())
    return next((name for name in ("br", "gzip") if name in taken), "")
