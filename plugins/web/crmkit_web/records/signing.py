"""Signatures: what a client hands back is what it was given, and was given to the same client for the same thing."""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Sequence
from secrets import token_bytes
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from crmkit.core.errors import DatabaseUnavailable, ValidationFailed
from crmkit_web.login.sealing import derived
from crmkit_web.records.entities import SigningKey

if TYPE_CHECKING:
    from crmkit_web.serving.site import Site

_KNOWN: WeakKeyDictionary[Site, dict[str, bytes]] = WeakKeyDictionary()


def key_for(site: Site, purpose: str) -> bytes:
    """Return the installation's key for a purpose; what is stored of it is made when there is none.

    Where ``[plugins.web] secret_key`` is set, the key takes both: whoever reads the database alone signs nothing.
    The first time it opens sessions of its own, so ask before the session of the request is used.
    """
    known = _KNOWN.setdefault(site, {})
    key = known.get(purpose)
    if key is None:
        stored = _stored(site, purpose) or _made(site, purpose)
        key = known[purpose] = derived(site.settings, f"signatures: {purpose}", stored)
    return key


def signature(key: bytes, *parts: object) -> str:
    """Return the signature of texts, each kept apart from the next."""
    mac = hmac.new(key, digestmod="sha256")
    for part in parts:
        content = str(part).encode("utf-8", "surrogatepass")
        mac.update(b"%d:" % len(content))
        mac.update(content)
    return urlsafe_b64encode(mac.digest()[:16]).decode().rstrip("=")


def signed(text: str, key: bytes, about: Sequence[object]) -> str:
    """Return a text with the signature of it and of what it is about."""
    return f"{text}.{signature(key, text, *about)}"


def genuine(signed_text: str, key: bytes, about: Sequence[object]) -> str | None:
    """Return the text that was signed as being about the same; None for any other."""
    text, _, mark = signed_text.rpartition(".")
    expected = signature(key, text, *about)
    return text if hmac.compare_digest(mark.encode("utf-8", "surrogatepass"), expected.encode()) else None


def _stored(site: Site, purpose: str) -> bytes | None:
    with site.crm.session(reads=True) as session:
        found = session.find(SigningKey, purpose=purpose)
    return None if found is None else b64decode(found.secret)


def _made(site: Site, purpose: str) -> bytes:
    made = token_bytes(32)
    try:
        with site.crm.session() as session:
            session.add(SigningKey(purpose=purpose, secret=b64encode(made).decode()))
    except (ValidationFailed, DatabaseUnavailable):
        # Another server was first; or nothing can be written, and this one signs for itself alone.
        return _stored(site, purpose) or made
    return made
