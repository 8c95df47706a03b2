"""Secrets that are made here: random, shown once, kept as digests."""

from __future__ import annotations

import hashlib
import hmac
import secrets


def new_secret() -> str:
    """Return 256 random bits as a text that fits into headers, cookies and addresses."""
    return secrets.token_urlsafe(32)


def digest_of(text: str) -> str:
    """Return what is kept of a random secret. It has 256 random bits, so one round of SHA-256 is enough."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def same(one: str, other: str) -> bool:
    """Return whether two texts are the same, in a time that tells nothing of where they differ."""
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass"))
