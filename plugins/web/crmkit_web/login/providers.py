"""OpenID providers: where their addresses and keys are (OpenID Connect Discovery 1.0), asked for when first needed."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from importlib import import_module
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import attrs

from crmkit.plugin import ConfigError, NotFound, TryLater, did_you_mean, msg

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

    from crmkit.plugin import Clock
    from crmkit_web.settings import OidcProvider

SECONDS = 10
"""How long a provider may take to answer."""

GOOD_FOR = timedelta(hours=1)
"""How long addresses and keys are remembered."""

PAUSE = timedelta(minutes=1)
"""How long not to ask for keys again, whatever a token says that it was signed with."""

_LARGEST = 1_000_000


@attrs.frozen
class Found:
    """What a provider says of itself, and its keys."""

    addresses: Mapping[str, Any]
    keys: KeySet
    at: datetime


class Providers:
    """The providers of one installation, by name."""

    def __init__(self, configured: Mapping[str, OidcProvider], clock: Clock) -> None:
        self.configured, self._clock = configured, clock
        self._found: dict[str, Found] = {}
        self._lock = Lock()

    def named(self, name: str) -> OidcProvider:
        """Return how a provider is configured; raises NotFound with the closest one."""
        found = self.configured.get(name)
        if found is None:
            raise NotFound(
                msg("no provider {name}; {hint}", name=name[:100], hint=did_you_mean(name[:100], self.configured))
            )
        return found

    def found(self, name: str, *, newer_than: datetime | None = None) -> Found:
        """Return what a provider says of itself; with ``newer_than``, not what was heard by then.

        Raises TryLater when it does not answer, ConfigError when it is not who it is configured as.
        """
        provider, now = self.named(name), self._clock.now()
        with self._lock:
            known = self._found.get(name)
            if known is not None and _good(known, now, newer_than):
                return known
            found = self._found[name] = _asked(name, provider, now)
        return found


def fetched(name: str, address: str, **headers: str) -> dict[str, Any]:
    """Return the JSON document at an address of a provider; raises TryLater when it cannot be had."""
    import httpx

    try:
        answered = httpx.get(address, timeout=SECONDS, headers={"accept": "application/json", **headers})
        answered.raise_for_status()
        document = answered.json() if len(answered.content) <= _LARGEST else None
    except (httpx.HTTPError, ValueError) as error:
        raise not_answering(name) from error
    if not isinstance(document, dict):
        raise not_answering(name)
    return document


def http_errors() -> tuple[type[Exception], ...]:
    """Return what goes wrong with answers: of httpx, of its successor, which Authlib takes where it is installed, and values."""
    found: list[type[Exception]] = [ValueError]
    for name in ("httpx", "httpx2"):
        with suppress(ImportError):
            found.append(import_module(name).HTTPError)
    return tuple(found)


def not_answering(name: str) -> TryLater:
    """Return the error that says that a provider does not answer as it should."""
    return TryLater(msg("the log-in provider {name} does not answer; try again later", name=name))


def _good(known: Found, now: datetime, newer_than: datetime | None) -> bool:
    """Whether what was heard need not be asked for again."""
    age = now - known.at
    return age < GOOD_FOR and (newer_than is None or known.at > newer_than or age < PAUSE)


def _asked(name: str, provider: OidcProvider, now: datetime) -> Found:
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    _require_safe(name, provider.issuer)
    document = fetched(name, provider.issuer.rstrip("/") + "/.well-known/openid-configuration")
    if document.get("issuer") != provider.issuer:
        raise ConfigError(
            msg(
                "[plugins.web.oidc.{name}] issuer: it calls itself {found}, not {issuer}",
                name=name,
                found=str(document.get("issuer"))[:200],
                issuer=provider.issuer,
            )
        )
    for needed in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        _require_safe(name, str(document.get(needed, "")))
    try:
        keys = KeySet.import_key_set(fetched(name, document["jwks_uri"]))  # type: ignore[arg-type]
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise not_answering(name) from error
    return Found(document, keys, now)


def _require_safe(name: str, address: str) -> None:
    """Raise ConfigError for an address that is not reached by https; on this machine http will do."""
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")):
        raise ConfigError(
            msg("[plugins.web.oidc.{name}]: {address} is no https address", name=name, address=address[:200])
        )
