"""The cookie that a browser keeps its session in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmkit_web.serving.calls import Incoming
    from crmkit_web.serving.site import Site

SESSION = "crmkit_session"
FLOW = "crmkit_login"
"""Ties a log-in at a provider to the browser that it began in."""


def cookie_name(site: Site, name: str) -> str:
    """Return a cookie's full name: with https, one that only this very host can have set (RFC 6265bis, 4.1.3.2)."""
    return f"__Host-{name}" if is_https(site) else name


def is_https(site: Site) -> bool:
    """Whether people reach the site by https, as its ``address`` says."""
    return site.settings.address.lower().startswith("https://")


def session_cookie(site: Site, incoming: Incoming) -> str:
    """Return the secret of the browser's session; empty when it sends none."""
    return read_cookie(incoming, cookie_name(site, SESSION))


def read_cookie(incoming: Incoming, name: str) -> str:
    """Return the value of a cookie, the first one of that name; empty when there is none."""
    for part in incoming.headers.get("cookie", "").split(";"):
        key, _, value = part.strip().partition("=")
        if key == name:
            return value.strip()
    return ""


def set_cookie(site: Site, name: str, value: str, seconds: int) -> str:
    """Return a ``Set-Cookie`` header: out of reach of scripts, and not sent along by other sites' forms."""
    secure = "; Secure" if is_https(site) else ""
    return f"{cookie_name(site, name)}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"
