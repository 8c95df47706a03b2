"""Secrets that have to be used again: encrypted with the installation's key, where it has one."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from crmkit.plugin import ConfigError, msg

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

    from crmkit_web.settings import WebSettings

_SEALED, _PLAIN = "sealed:", "plain:"
_FACTORS = "second factors"


def sealed(settings: WebSettings, secret: str, use: str = _FACTORS) -> str:
    """Return a secret as it is stored: encrypted, or as it is where ``[plugins.web] secret_key`` is not set.

    Each ``use`` has a key of its own, made from the installation's.
    """
    cipher = _cipher(settings, use)
    return _PLAIN + secret if cipher is None else _SEALED + cipher.encrypt(secret.encode()).decode()


def unsealed(settings: WebSettings, stored: str, use: str = _FACTORS) -> str:
    """Return the secret behind a stored one. Raises ConfigError when it was sealed with another key."""
    if stored.startswith(_PLAIN):
        return stored.removeprefix(_PLAIN)
    cipher = _cipher(settings, use)
    if cipher is not None:
        from cryptography.fernet import InvalidToken

        try:
            return cipher.decrypt(stored.removeprefix(_SEALED).encode()).decode()
        except InvalidToken:
            pass
    raise ConfigError(msg("a secret was sealed with another key than [plugins.web] secret_key; it has to be made anew"))


def derived(settings: WebSettings, use: str, stored: bytes) -> bytes:
    """Return 32 bytes that take a stored random value and the installation's key (HKDF, RFC 5869); without one, ``stored``."""
    return _key(settings, use, stored) if settings.secret_key else stored


def _cipher(settings: WebSettings, use: str) -> Fernet | None:
    if not settings.secret_key:
        return None
    from cryptography.fernet import Fernet

    return Fernet(base64.urlsafe_b64encode(_key(settings, use)))


def _key(settings: WebSettings, use: str, salt: bytes | None = None) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    derive = HKDF(algorithm=SHA256(), length=32, salt=salt, info=f"crmkit web {use}".encode())
    return derive.derive(settings.secret_key.reveal().encode())
