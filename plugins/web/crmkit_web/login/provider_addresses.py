"""``/auth/oidc``: logging in at an OpenID provider."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import attrs

from crmkit.core.messages import msg
from crmkit_web.login.cookies import FLOW, cookie_name, read_cookie, session_cookie, set_cookie
from crmkit_web.login.provider_log_in import MINUTES, begin_flow, end_flow
from crmkit_web.login.session_addresses import session_headers
from crmkit_web.serving.calls import Call, Reply
from crmkit_web.serving.endpoints import Endpoint, Parameter

if TYPE_CHECKING:
    from crmkit_web.serving.site import Site

AFTER = "/api/v1/auth/session"
"""Where the browser goes after the log-in when nobody said."""
NEXT = Parameter(
    "next",
    msg("The path on this server to go to afterwards."),
    max_length=500,
    # It cannot lead to another server, however browsers read slashes; beyond ASCII it is written in per cent.
    pattern=r"^(/([!-.0-\[\]-~][ -\[\]-~]*)?)?$",
)


@attrs.frozen
class ProviderShown:
    """A provider that people can log in with, and the address where that begins."""

    name: str
    label: str
    address: str


@attrs.frozen
class ProviderList:
    """The providers of this installation."""

    items: tuple[ProviderShown, ...]


def endpoints(site: Site) -> Iterator[Endpoint]:
    """Yield the endpoints of this room."""
    yield Endpoint(
        "list_providers",
        "GET",
        "/auth/oidc",
        list_providers,
        msg("Return the OpenID providers that one can log in with."),
        tag="login",
        returns=ProviderList,
        public=True,
        reads=True,
    )
    yield Endpoint(
        "begin_provider_log_in",
        "GET",
        "/auth/oidc/{name}",
        begin,
        msg("Send the browser to an OpenID provider to log in there."),
        tag="login",
        query=(NEXT,),
        status=303,
        public=True,
        reads=True,
        secret=True,
    )
    yield Endpoint(
        "end_provider_log_in",
        "GET",
        "/auth/oidc/{name}/callback",
        end,
        msg("Take the browser back from an OpenID provider and begin a session."),
        tag="login",
        query=tuple(
            Parameter(name, summary)
            for name, summary in (
                ("state", msg("Which log-in this answers.")),
                ("code", msg("What the identity is asked for with.")),
                ("iss", msg("The provider that answers.")),
                ("error", msg("Why the provider refuses.")),
                ("error_description", msg("The same in words.")),
                *((name, msg("Sent by some providers; not used.")) for name in _UNUSED),
            )
        ),
        status=303,
        public=True,
        reads=True,
        secret=True,
    )


_UNUSED = ("scope", "session_state", "authuser", "prompt", "hd", "error_uri", "client_info")


def list_providers(call: Call) -> ProviderList:
    """Answer the providers."""
    configured = call.site.providers.configured
    return ProviderList(
        tuple(
            ProviderShown(name, configured[name].label or name, f"/api/v1/auth/oidc/{name}")
            for name in sorted(configured)
        )
    )


def begin(call: Call) -> Reply:
    """Send the browser to the provider."""
    next_ = call.query["next"] or AFTER
    address, browser = begin_flow(call.site, call.path["name"], _redirect(call), next_)
    return _sent_to(address, set_cookie(call.site, FLOW, browser, MINUTES * 60))


def end(call: Call) -> Reply:
    """Begin the session of whoever the provider vouches for."""
    site, incoming = call.site, call.incoming
    browser = read_cookie(incoming, cookie_name(site, FLOW))
    former = session_cookie(site, incoming)
    secret, next_ = end_flow(site, incoming, call.path["name"], _redirect(call), call.query, browser, former)
    return _sent_to(next_, session_headers(site, secret)["set-cookie"])


def _sent_to(address: str, cookie: str) -> Reply:
    return Reply(status=303, headers={"location": address, "set-cookie": cookie})


def _redirect(call: Call) -> str:
    """Return the address that the provider sends the browser back to."""
    root = call.site.settings.address.rstrip("/") or f"http://{call.headers.get('host', 'localhost')}"
    return f"{root}/api/v1/auth/oidc/{call.path['name']}/callback"
