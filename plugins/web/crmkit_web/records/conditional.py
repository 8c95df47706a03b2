"""Conditional requests (RFC 9110): what somebody has already is not sent again, and nobody writes over a newer state.

The entity tag of a record is its version; that of any other answer of GET is a digest of it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

import attrs

from crmkit.core.messages import msg
from crmkit_web.serving.calls import Incoming, Reply
from crmkit_web.serving.endpoints import Parameter
from crmkit_web.serving.problems import Problem

IF_NONE_MATCH = Parameter("If-None-Match", msg("Entity tags that are known already: the answer is 304 then."))
IF_MATCH = Parameter(
    "If-Match", msg('The entity tag of the state that is changed, as in "3"; * for whatever it is.'), required=True
)

IF_MATCH_AT_WILL = Parameter("If-Match", msg("The entity tag of the state that may be changed; any, without it."))

_TAG = re.compile(r'\s*(?:(W/)?"([\x21\x23-\x7e\x80-\xff]*)")\s*(?:,|$)')
_LONGEST = 4_000


def conditional(incoming: Incoming, reply: Reply) -> Reply:
    """Return a reply with its entity tag, or 304 for what the request says is known."""
    if incoming.endpoint.method != "GET" or reply.status != 200 or reply.content is None:
        return reply
    etag = reply.headers.get("etag")
    if etag is None:
        etag = f'"{hashlib.blake2b(reply.content, digest_size=12).hexdigest()}"'
        reply = attrs.evolve(reply, headers={**reply.headers, "etag": etag})
    asked = incoming.headers.get("if-none-match")
    if asked is not None and _known(asked, etag):
        return Reply(None, 304, {name: text for name, text in reply.headers.items() if name != "location"}, b"")
    return reply


def tags_of(text: str, name: str) -> tuple[tuple[bool, str], ...] | None:
    """Return the tags of a header, each as whether it is weak and its text; None for ``*``. Raises Problem 400."""
    stripped = text.strip()
    if stripped == "*":
        return None
    found: list[tuple[bool, str]] = []
    at = 0
    while at < len(stripped):
        match = _TAG.match(stripped, at)
        if match is None:
            break
        found.append((match[1] is not None, match[2]))
        at = match.end()
    if not found or at < len(stripped) or stripped.endswith(",") or len(text) > _LONGEST:
        raise Problem(
            400, "bad_header", msg("{header} takes entity tags in quotes separated by commas, or *", header=name)
        )
    return tuple(found)


def versions_expected(headers: Mapping[str, str], *, needed: bool = True) -> frozenset[int] | None:
    """Return the versions that a change may start from; None for any. Raises Problem 428 and 400.

    The tags of a record begin with its version. Weak tags match none (RFC 9110, 13.1.1).
    """
    text = headers.get("if-match")
    if text is None:
        if needed:
            raise Problem(
                428, "version_needed", msg("say which version you change: send If-Match with the ETag of the record")
            )
        return None
    tags = tags_of(text, "If-Match")
    if tags is None:
        return None
    return frozenset(
        int(version)
        for weak, tag in tags
        if not weak and (version := tag.partition("-")[0]).isascii() and version.isdigit() and len(version) < 19
    )


def check_version(record: object, versions: frozenset[int] | None, etag: str) -> None:
    """Raise Problem 412, with the tag of today, for a record whose version is none of the expected ones."""
    if versions is not None and getattr(record, "version", None) not in versions:
        raise Problem(
            412,
            "stale_version",
            msg("this was changed by somebody else; read it again and repeat the change"),
            {"etag": etag},
        )


def _known(text: str, etag: str) -> bool:
    """Whether a client has it: compared weakly, as RFC 9110 says of If-None-Match."""
    try:
        tags = tags_of(text, "If-None-Match")
    except Problem:
        # What cannot be read says nothing; the answer is sent as if it were not there.
        return False
    return tags is None or etag.removeprefix("W/").strip('"') in {tag for _, tag in tags}
