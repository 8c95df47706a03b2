"""The ASGI application: Litestar finds the address, a thread of its own answers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from litestar import Litestar, Request, Response
from litestar.config.compression import CompressionConfig
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.types import Receive, Send

from crmkit.core.messages import msg
from crmkit.hosting import translator
from crmkit_web.mcp.mounting import Mount, mounted
from crmkit_web.serving.answering import answer, told
from crmkit_web.serving.calls import Incoming, Reply
from crmkit_web.serving.crew import Crew
from crmkit_web.serving.endpoints import Endpoint
from crmkit_web.serving.methods import allowed
from crmkit_web.serving.problems import Problem
from crmkit_web.serving.site import Site

if TYPE_CHECKING:
    from crmkit import Crm

ROOT = "/api/v1"
FEW: Mapping[str, int] = {"sqlite": 2, "postgresql": 4}
"""Quick requests that are answered at once; more would take turns only (``benchmarks/serving``)."""
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
PACKED_BY_HANDLERS = (r"/exports/[^/]+/file$", r"/errors$")
"""Addresses of files, which may be large: they are packed in the thread that answers, not where all requests wait."""
_ENGLISH = translator("en")


def web_app(crm: Crm) -> Litestar:
    """Return the ASGI application that serves a CRM."""
    site = Site(crm)
    crew = Crew(FEW[crm.database.dialect], site.settings.threads)
    mcp = Mount(site, crew.run)
    return Litestar(
        route_handlers=[
            *(_handler(site, endpoint, crew, options=options) for endpoint, options in _first(site.endpoints)),
            *(_refusing(site, path, methods) for path, methods in _methods(site.endpoints).items()),
            mounted(mcp),
        ],
        on_shutdown=[mcp.stop, crew.close],
        openapi_config=None,
        logging_config=None,
        compression_config=CompressionConfig(
            backend="brotli", brotli_gzip_fallback=True, minimum_size=1_000, exclude=list(PACKED_BY_HANDLERS)
        ),
        exception_handlers={Exception: partial(_lost, site)},
    )


def _handler(site: Site, endpoint: Endpoint, crew: Crew, *, options: bool) -> HTTPRouteHandler:
    settings = site.settings
    largest = endpoint.largest_body or settings.largest_body
    slowest = settings.slowest_upload if largest > settings.largest_body else settings.slowest_body
    bodiless = endpoint.method == "GET"
    methods: Any = [endpoint.method, *(("HEAD",) if bodiless else ()), *(("OPTIONS",) if options else ())]

    async def handle(request: Request[Any, Any, Any]) -> Sent:
        scope: Any = request.scope
        if scope["method"] == "OPTIONS":
            return _refused(site, request)
        try:
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            body = b"" if bodiless else await read_body(headers, request.receive, largest, slowest)
        except Problem as problem:
            return Sent(told(problem, _ENGLISH))
        client = scope.get("client")
        incoming = Incoming(
            endpoint,
            scope["path_params"],
            scope["query_string"].decode("latin-1"),
            headers,
            body,
            client[0] if client else "",
            scope["path"],
        )
        return Sent(await crew.run(answer, site, incoming))

    return HTTPRouteHandler(ROOT + _litestar(endpoint.path), http_method=methods, name=endpoint.id, status_code=200)(
        handle
    )


def _first(endpoints: Iterable[Endpoint]) -> Iterator[tuple[Endpoint, bool]]:
    """Yield endpoints, each with whether it is the first of its path: that one answers OPTIONS for all of them."""
    seen: set[str] = set()
    for endpoint in endpoints:
        path = _litestar(endpoint.path)
        yield endpoint, path not in seen
        seen.add(path)


def _methods(endpoints: Iterable[Endpoint]) -> dict[str, list[str]]:
    """Return the methods of each path."""
    found: dict[str, list[str]] = {}
    for endpoint in endpoints:
        # Paths that differ in the names of their parts alone are one to the router.
        methods = found.setdefault(_litestar(endpoint.path), ["OPTIONS"])
        methods += ["GET", "HEAD"] if endpoint.method == "GET" else [endpoint.method]
    return found


def _refusing(site: Site, path: str, methods: list[str]) -> HTTPRouteHandler:
    """Return what answers the other methods of a path, with 405."""
    others: Any = [method for method in METHODS if method not in methods]

    async def refuse(request: Request[Any, Any, Any]) -> Sent:
        return _refused(site, request)

    return HTTPRouteHandler(ROOT + path, http_method=others, status_code=200)(refuse)


def _refused(site: Site, request: Request[Any, Any, Any]) -> Sent:
    answers = allowed(site, request.scope["path"].removeprefix(ROOT))
    if not answers:
        return Sent(told(Problem(404, "no_such_address", msg("there is no such address")), _ENGLISH))
    headers = {"allow": ", ".join(answers)}
    if request.method == "OPTIONS":
        return Sent(Reply(None, 204, headers))
    message = msg("this address answers {methods}", methods=headers["allow"])
    return Sent(told(Problem(405, "method_not_allowed", message, headers), _ENGLISH))


class Sent(Response[Any]):
    """A reply as Litestar sends it: its bytes are there already."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(None, status_code=reply.status)
        self.reply = reply

    def to_asgi_response(self, *args: Any, **more: Any) -> Any:
        """Return the ASGI application that sends it."""
        reply, head = self.reply, more["request"].method == "HEAD"

        async def send_it(scope: Any, receive: Receive, send: Send) -> None:
            await send_reply(send, reply, head)

        return send_it


def _litestar(path: str) -> str:
    """Return a path as the router has it: ``/{id}`` is ``/{id:str}``."""
    return "/".join(f"{part[:-1]}:str}}" if part.startswith("{") else part for part in path.split("/"))


async def read_body(headers: Mapping[str, str], receive: Receive, largest: int, slowest: int) -> bytes:
    """Return the body of a request; raises Problem for one that is too large, comes too slowly or is cut off."""
    too_large = Problem(413, "too_large", msg("the body is larger than {count} bytes", count=largest))
    told_length = headers.get("content-length", "")
    if told_length.isdigit() and int(told_length) > largest:
        raise too_large
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(slowest):
            while True:
                message: Any = await receive()
                if message["type"] == "http.disconnect":
                    raise Problem(400, "cut_off", msg("the body was cut off"))
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > largest:
                    raise too_large
                if not message.get("more_body"):
                    break
    except TimeoutError:
        raise Problem(408, "too_slow", msg("the body took longer than {count} seconds", count=slowest)) from None
    return b"".join(parts)


async def send_reply(send: Send, reply: Reply, head: bool) -> None:
    """Send a reply; of one to HEAD, the headers alone."""
    content = reply.content or b""
    headers = {
        "content-type": reply.media_type,
        "content-length": str(len(content)),
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
        "referrer-policy": "no-referrer",
        **reply.headers,
    }
    if reply.status in (204, 304):
        headers.pop("content-type")
        headers.pop("content-length")
        content = b""
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    start: Any = {"type": "http.response.start", "status": reply.status, "headers": raw}
    await send(start)
    end: Any = {"type": "http.response.body", "body": b"" if head else content, "more_body": False}
    await send(end)


def _lost(site: Site, request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Answer what reached no endpoint: an address that there is not, or a method that it does not answer."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 405:
        return _refused(site, request)
    if status == 404:
        error = Problem(404, "no_such_address", msg("there is no such address"))
    elif isinstance(error, HTTPException):
        error = Problem(status, "request", msg("{error}", error=str(error.detail)[:200]))
    return Sent(told(error, _ENGLISH))
