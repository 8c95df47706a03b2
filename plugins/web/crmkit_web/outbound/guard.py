"""The guard of requests that go out to addresses which users gave: they reach the public internet and nothing inside.

A name is resolved once, every address that it has is checked, and the connection goes to the address that was checked:
a name that changes its mind in between (DNS rebinding) gains nothing. Each redirect passes here again. See
https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import httpx

from crmkit.core.errors import BadInput
from crmkit.core.messages import msg, shown

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Sequence[str]]
"""Returns the IP addresses of a host, as text; raises OSError for a name that there is not."""

SCHEMES = ("http", "https")
MOST_REDIRECTS = 5
_TRANSLATED = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))
"""NAT64 (RFC 6052, RFC 8215): the last 32 bits are an IPv4 address, which is where the packets go."""
_COMPATIBLE = ip_network("::/96")
_NEVER = (ip_network("100.64.0.0/10"), ip_network("192.88.99.0/24"), ip_network("fec0::/10"))
"""Carriers' own networks and retired ones, which not every release of Python calls private."""


class ForbiddenAddress(BadInput):
    """An address that requests do not go to."""

    code = "forbidden_address"


def resolved(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host as the system resolves it."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def public_address(host: str, port: int = 443, *, resolve: Resolve = resolved, inside: Iterable[str] = ()) -> str:
    """Return an address of ``host`` that a request may go to, to be used in place of the name.

    ``inside`` names networks of our own that may be reached all the same, as in ``10.1.2.0/24``. Raises
    ForbiddenAddress when any address of the host is private, local or not meant for hosts, and BadInput for a name that
    cannot be resolved.
    """
    try:
        texts = resolve(host, port)
    except (OSError, UnicodeError):
        texts = ()
    if not texts:
        raise BadInput(msg("{host} has no address", host=shown(host, 200)))
    allowed = tuple(ip_network(one) for one in inside)
    for text in texts:
        # A zone (fe80::1%eth0) belongs to links of this machine.
        if "%" in text or not _reachable(ip_address(text), allowed):
            raise ForbiddenAddress(msg("{host} is not on the public internet", host=shown(host, 200)))
    return texts[0]


def checked_url(text: str) -> str:
    """Return the address of a request that somebody gave; raises ForbiddenAddress unless it is http(s) to a host alone.

    Names and passwords in it are refused: they would stand in logs and lists.
    """
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, UnicodeError, ValueError):
        raise ForbiddenAddress(msg("{url} is no address", url=shown(text, 200))) from None
    _check(url)
    return str(url)


class GuardedTransport(httpx.BaseTransport):
    """A transport of httpx that connects to public addresses alone; ``inner`` speaks HTTP."""

    def __init__(
        self, *, resolve: Resolve = resolved, inside: Iterable[str] = (), inner: httpx.BaseTransport | None = None
    ) -> None:
        self._resolve, self._inside = resolve, tuple(inside)
        # Connections are not kept: one that was made for another name at the same address must not be used for this.
        self._inner = inner or httpx.HTTPTransport(limits=httpx.Limits(max_keepalive_connections=0), trust_env=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to the address that was checked, under the name that was asked for."""
        url = request.url
        _check(url)
        port = url.port or (443 if url.scheme == "https" else 80)
        address = public_address(url.host, port, resolve=self._resolve, inside=self._inside)
        request.headers.setdefault("host", url.netloc.decode("ascii"))
        # The certificate has to be the host's, not the address's.
        request.extensions = {**request.extensions, "sni_hostname": url.host}
        sent = httpx.Request(
            request.method,
            url.copy_with(host=address),
            headers=request.headers,
            stream=request.stream,
            extensions=request.extensions,
        )
        return self._inner.handle_request(sent)

    def close(self) -> None:
        """Close what is open."""
        self._inner.close()


def guarded_client(
    *,
    timeout: float = 10.0,
    redirects: int = MOST_REDIRECTS,
    resolve: Resolve = resolved,
    inside: Iterable[str] = (),
    inner: httpx.BaseTransport | None = None,
) -> httpx.Client:
    """Return a client whose requests pass the guard, redirects too; with ``redirects=0`` it follows none.

    It knows no proxy of the environment, which would connect in its place, and keeps no cookies of its own accord.
    """
    return httpx.Client(
        transport=GuardedTransport(resolve=resolve, inside=inside, inner=inner),
        timeout=timeout,
        follow_redirects=redirects > 0,
        max_redirects=redirects or MOST_REDIRECTS,
        trust_env=False,
        headers={"user-agent": "crmkit"},
    )


def _check(url: httpx.URL) -> None:
    text = shown(str(url.copy_with(userinfo=b"")), 200)
    if url.scheme not in SCHEMES or not url.host:
        raise ForbiddenAddress(msg("{url}: expected an address that begins with https:// or http://", url=text))
    if url.port is not None and not 0 < url.port < 65_536:
        raise ForbiddenAddress(msg("{url}: a port is a number from 1 to 65535", url=text))
    if url.userinfo:
        raise ForbiddenAddress(msg("{url}: an address holds no name and password", url=text))


def _reachable(address: Address, inside: Sequence[Network]) -> bool:
    if any(one.version == address.version and address in one for one in inside):
        return True
    if any(one.version == address.version and address in one for one in _NEVER):
        return False
    carried = tuple(_carried(address))
    if carried:
        return all(_reachable(one, inside) for one in carried)
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback
    )


def _carried(address: Address) -> Iterator[Address]:
    """Yield the IPv4 addresses that an IPv6 address stands for: mapped, translated, and those of tunnels."""
    if not isinstance(address, IPv6Address):
        return
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    elif any(address in network for network in _TRANSLATED) or address in _COMPATIBLE:
        yield IPv4Address(int(address) & 0xFFFFFFFF)
    elif address.sixtofour is not None:
        yield address.sixtofour
    elif address.teredo is not None:
        yield from address.teredo
