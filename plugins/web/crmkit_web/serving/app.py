"""The ASGI application: Litestar finds the address, a thread of its own answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from litestar import Litestar, Request, Response
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, Receive, Send

from crmkit.core.messages import msg
from crmkit.hosting import translator
from crmkit_web.mcp.mounting import Mount, mounted
from crmkit_web.serving.addresses import ByParts, parts_of
from crmkit_web.serving.answering import Asked, answer, answer_admitted, told
from crmkit_web.serving.bodies import is_large, read_body
from crmkit_web.serving.calls import Incoming, Reply
from crmkit_web.serving.crew import Crew
from crmkit_web.serving.endpoints import Endpoint
from crmkit_web.serving.intake import Intake
from crmkit_web.serving.methods import allowed
from crmkit_web.serving.problems import Problem
from crmkit_web.serving.sharing import answer_together
from crmkit_web.serving.site import Site
from crmkit_web.serving.together import Together

if TYPE_CHECKING:
    from crmkit import Crm

ROOT = "/api/v1"
FEW: Mapping[str, int] = {"sqlite": 1, "postgresql": 4}
"""Quick requests that are answered at once; more would take turns only (``benchmarks/serving``)."""
LANES: Mapping[str, int] = {"sqlite": 1, "postgresql": 2}
METHODS: Any = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_ENGLISH = translator("en")
_USUAL: Mapping[str, tuple[bytes, bytes]] = {
    name: (name.encode(), value.encode())
    for name, value in {
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
        "referrer-policy": "no-referrer",
    }.items()
}
"""Headers of replies that say nothing else, as they are sent."""


def web_app(crm: Crm) -> Litestar:
    """Return the ASGI application that serves a CRM."""
    site = Site(crm)
    crew = Crew(FEW[crm.database.dialect], site.settings.threads)
    together = {
        reads: Together[Incoming, Reply | Asked](crew, partial(answer_together, site), LANES[crm.database.dialect])
        for reads in (False, True)
    }
    intake = Intake(site, crew)
    mcp = Mount(site, crew.run)
    return ByParts(
        route_handlers=[_handler(site, crew, together, intake), mounted(mcp)],
        on_shutdown=[mcp.stop, crew.close],
        openapi_config=None,
        logging_config=None,
        exception_handlers={Exception: partial(_lost, site)},
    )


def _by_path(endpoints: Iterable[Endpoint]) -> dict[str, dict[str, Endpoint]]:
    """Return the endpoints of each path, as in ``/api/v1/{entity}``, by method."""
    found: dict[str, dict[str, Endpoint]] = {}
    for endpoint in endpoints:
        found.setdefault((ROOT + endpoint.path).rstrip("/"), {})[endpoint.method] = endpoint
    return found


def _handler(
    site: Site, crew: Crew, together: Mapping[bool, Together[Incoming, Reply | Asked]], intake: Intake
) -> HTTPRouteHandler:
    """Return what answers all paths: one handler, since what registering costs grows with the square of handlers."""
    settings, endpoints = site.settings, _by_path(site.endpoints)

    async def replied(scope: Any, receive: Receive) -> Reply:
        method = scope["method"]
        endpoint = endpoints[scope["path_template"]].get("GET" if method == "HEAD" else method)
        if endpoint is None:
            return _refused(site, scope)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        body, large = b"", False
        if endpoint.method != "GET":
            large = is_large(endpoint, headers)
            if not large:
                try:
                    body = await read_body(headers, receive, settings.largest_body, settings.slowest_body)
                except Problem as problem:
                    return told(problem, _ENGLISH)
        client = scope.get("client")
        incoming = Incoming(
            endpoint,
            parts_of(scope),
            scope["query_string"].decode("latin-1"),
            headers,
            body,
            client[0] if client else "",
            scope["path"],
        )
        if large:
            return await intake.answered(incoming, receive)
        if endpoint.shares:
            found = await together[endpoint.reads].run(incoming)
            return found if isinstance(found, Reply) else await crew.run(answer_admitted, site, found)
        return await crew.run(answer, site, incoming)

    async def handle(scope: Any, receive: Receive, send: Send) -> None:
        await send_reply(send, await replied(scope, receive), scope["method"] == "HEAD")

    def instead(app: ASGIApp) -> ASGIApp:
        """Return the layer that answers instead of Litestar's own handling, which costs more than the rest of the way."""
        return handle

    paths = [_litestar(path) for path in endpoints]
    return HTTPRouteHandler(paths, http_method=METHODS, status_code=200, middleware=[instead])(_never)


async def _never() -> None:
    """Stand where Litestar wants a handler."""


def _refused(site: Site, scope: Any) -> Reply:
    answers = allowed(site, scope["path"].removeprefix(ROOT))
    if not answers:
        return told(Problem(404, "no_such_address", msg("there is no such address")), _ENGLISH)
    headers = {"allow": ", ".join(answers)}
    if scope["method"] == "OPTIONS":
        return Reply(None, 204, headers)
    message = msg("this address answers {methods}", methods=headers["allow"])
    return told(Problem(405, "method_not_allowed", message, headers), _ENGLISH)


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


async def send_reply(send: Send, reply: Reply, head: bool) -> None:
    """Send a reply; of one to HEAD, the headers alone."""
    content = reply.content or b""
    raw = [pair for name, pair in _USUAL.items() if name not in reply.headers]
    if reply.status in (204, 304):
        content = b""
    else:
        raw.append((b"content-length", str(len(content)).encode("latin-1")))
        if "content-type" not in reply.headers:
            raw.append((b"content-type", reply.media_type.encode("latin-1")))
    raw += [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers.items()]
    start: Any = {"type": "http.response.start", "status": reply.status, "headers": raw}
    await send(start)
    end: Any = {"type": "http.response.body", "body": b"" if head else content, "more_body": False}
    await send(end)


def _lost(site: Site, request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Answer what reached no endpoint: an address that there is not, or a method that it does not answer."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 405:
        return Sent(_refused(site, request.scope))
    if status == 404:
        error = Problem(404, "no_such_address", msg("there is no such address"))
    elif isinstance(error, HTTPException):
        error = Problem(status, "request", msg("{error}", error=str(error.detail)[:200]))
    return Sent(told(error, _ENGLISH))
