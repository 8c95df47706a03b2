"""Requests that other sites make a browser send: refused, since its cookie goes along whoever asks."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crmkit.plugin import msg
from crmkit_web.login.digests import digest_of, same
from crmkit_web.serving.problems import Problem

if TYPE_CHECKING:
    from crmkit_web.serving.calls import Incoming
    from crmkit_web.serving.site import Site

HEADER = "x-csrf-token"


def forgery_token(secret: str) -> str:
    """Return what a page of ours sends back in ``X-CSRF-Token``: known from the session's secret, and not the other way."""
    return digest_of(f"csrf:{secret}")


def refuse_forged(site: Site, incoming: Incoming, secret: str) -> None:
    """Raise Problem 403 for an unsafe request of a session that comes from elsewhere or does not carry its token."""
    if incoming.endpoint.method == "GET":
        return
    refuse_foreign(site, incoming)
    if not same(incoming.headers.get(HEADER, ""), forgery_token(secret)):
        raise Problem(403, "csrf", msg("send the session's token in X-CSRF-Token; GET /api/v1/auth/session answers it"))


def refuse_foreign(site: Site, incoming: Incoming) -> None:
    """Raise Problem 403 for a request that a browser sends on behalf of another site."""
    origin = incoming.headers.get("origin")
    if origin is None:
        foreign = incoming.headers.get("sec-fetch-site", "none") not in ("none", "same-origin")
    elif site.settings.address:
        foreign = _place(origin) != _place(site.settings.address)
    else:
        foreign = urlsplit(origin).netloc.lower() != incoming.headers.get("host", "").lower()
    if foreign:
        raise Problem(403, "foreign_origin", msg("this request comes from a page of another site"))


def _place(address: str) -> tuple[str, str, int | None]:
    try:
        parts = urlsplit(address)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    except ValueError:
        return "", "", None
    return parts.scheme.lower(), (parts.hostname or "").lower(), port
