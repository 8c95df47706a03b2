"""Hashes of passwords: Argon2id, a few at a time."""

from __future__ import annotations

import unicodedata
from functools import cache
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pwdlib import PasswordHash

LONGEST = 256
"""Characters of a password."""

_few = BoundedSemaphore(4)
"""Each hash takes 64 MiB and most of a core for a moment; many at once would be a way to bring the server down."""


def hashed(password: str) -> str:
    """Return the hash of a password, with a salt of its own."""
    with _few:
        return hasher().hash(_normal(password))


def verified(stored: str | None, password: str) -> tuple[bool, str | None]:
    """Return whether a password is the one that was hashed, and a new hash where that one is weaker than today's.

    Without a stored hash it is compared to one that nobody's password has, so that both take the same time.
    """
    with _few:
        right, renewed = hasher().verify_and_update(_normal(password[: LONGEST + 1]), stored or nobodys())
    return (right, renewed) if stored is not None and len(password) <= LONGEST else (False, None)


@cache
def hasher() -> PasswordHash:
    """Return what makes and compares hashes: with the parameters of the library, those of RFC 9106, section 4."""
    from pwdlib import PasswordHash
    from pwdlib.hashers.argon2 import Argon2Hasher

    return PasswordHash((Argon2Hasher(),))


@cache
def nobodys() -> str:
    """Return a hash that is compared to where there is none."""
    return hasher().hash("of nobody")


def _normal(password: str) -> str:
    # The same characters come composed or not, by the keyboard (NIST SP 800-63B, 3.1.1.2).
    return unicodedata.normalize("NFKC", password)
