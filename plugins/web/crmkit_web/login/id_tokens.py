"""Identity tokens of OpenID providers, checked as OpenID Connect Core 1.0, section 3.1.3.7, has it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crmkit.plugin import msg
from crmkit_web.login.digests import digest_of, same
from crmkit_web.serving.problems import Problem

if TYPE_CHECKING:
    from crmkit_web.login.providers import Providers

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA")
"""Signatures with a key that the provider alone has: neither ``none`` nor those by a shared secret."""

LEEWAY = 60
"""Seconds that the provider's clock may differ from ours."""


def checked_claims(providers: Providers, name: str, token: object, nonce: str, now: datetime) -> Mapping[str, Any]:
    """Return what an identity token says; ``nonce`` is the digest of the one that was sent.

    Raises Problem 401 for a token that is not signed by the provider, was not made for us and this log-in, or has expired.
    """
    from joserfc.errors import JoseError
    from joserfc.jwt import JWTClaimsRegistry

    provider = providers.named(name)
    try:
        claims = _signed(providers, name, token)
        JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=LEEWAY,
            iss={"essential": True, "value": provider.issuer},
            aud={"essential": True, "value": provider.client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True},
        ).validate(claims)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise refused_token() from error
    audiences = claims["aud"]
    others = isinstance(audiences, list) and len(audiences) > 1
    if (others or "azp" in claims) and claims.get("azp") != provider.client_id:
        raise refused_token()
    if not isinstance(claims["nonce"], str) or not same(digest_of(claims["nonce"]), nonce):
        raise refused_token()
    if not 0 < len(claims["sub"]) <= 255:
        raise refused_token()
    return claims


def refused_token() -> Problem:
    """Return the error that says that a provider's answer is not believed; why, only the log of the provider can tell."""
    return Problem(401, "bad_identity", msg("the log-in provider's answer is not valid; log in again"))


def _signed(providers: Providers, name: str, token: object) -> dict[str, Any]:
    """Return the claims of a token with a good signature; keys are asked for again when one is new."""
    from joserfc import jwt
    from joserfc.errors import JoseError

    if not isinstance(token, str) or len(token) > 20_000:
        raise ValueError(token)
    found = providers.found(name)
    try:
        return dict(jwt.decode(token, found.keys, algorithms=list(ALGORITHMS)).claims)
    except (JoseError, ValueError):
        newer = providers.found(name, newer_than=found.at)
        if newer is found:
            raise
        return dict(jwt.decode(token, newer.keys, algorithms=list(ALGORITHMS)).claims)
