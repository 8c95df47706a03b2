"""``/mcp``: the protocol over HTTP, each POST on its own (no sessions of the protocol, answers in JSON).

The same log-in as the API, by token alone: a browser's cookie opens nothing here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from litestar.handlers import ASGIRouteHandler

from crmkit.core.messages import msg
from crmkit.hosting import translator
from crmkit_web.login.door import admitted
from crmkit_web.login.token_door import CHALLENGE
from crmkit_web.mcp.tools import Caller
from crmkit_web.serving.answering import language_of, told
from crmkit_web.serving.calls import Incoming
from crmkit_web.serving.endpoints import Endpoint
from crmkit_web.serving.problems import Problem

if TYPE_CHECKING:
    from crmkit_web.serving.site import Site

PATH = "/mcp"
ENDPOINT = Endpoint("mcp", "POST", PATH, lambda call: None, msg("Speak the Model Context Protocol."), tag="mcp")
"""What the log-in is told is being asked for."""
_CALLER = "crmkit.caller"


class Mount:
    """The address of one site. The SDK is imported and its server started when the first request comes."""

    def __init__(self, site: Site, run: Callable[..., Awaitable[Any]]) -> None:
        self.site, self._run = site, run
        self._starting: asyncio.Task[Any] | None = None
        self._serving: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        from crmkit_web.serving.app import send_reply
        from crmkit_web.serving.bodies import read_body

        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        settings = self.site.settings
        try:
            if scope["method"] != "POST":
                answers = msg("this address answers {methods}", methods="POST")
                raise Problem(405, "method_not_allowed", answers, {"allow": "POST"})
            client = scope.get("client")
            incoming = Incoming(ENDPOINT, {}, "", headers, b"", client[0] if client else "", PATH)
            caller = await self._run(self._caller, incoming)
            body = await read_body(headers, receive, settings.largest_body, settings.slowest_body)
        except Exception as error:
            await send_reply(send, told(error, translator("en")), False)
            return
        manager = await self._manager()
        inner = {**scope, _CALLER: caller}
        await manager.handle_request(inner, _replayed(body, receive), send)

    def _caller(self, incoming: Incoming) -> Caller:
        if not incoming.headers.get("authorization"):
            raise Problem(401, "log_in", msg("log in first: send Authorization: Bearer with a token"), CHALLENGE)
        crm, actor = self.site.crm, admitted(self.site, incoming)
        with crm.session(reads=True) as session:
            # Lists of tools open no session of the caller that would notice that its rights have changed.
            if session.rights_version() != actor.rights_version:
                actor = admitted(self.site, incoming, fresh=True)
        self.site.limits.spend((actor.tenant_id, actor.user_id), crm.clock.now().timestamp())
        language = language_of(incoming.headers.get("accept-language", "")) or actor.language
        return Caller(actor, translator(language))

    async def _manager(self) -> Any:
        if self._starting is None:
            self._starting = asyncio.create_task(self._started())
        return await asyncio.shield(self._starting)

    async def _started(self) -> Any:
        manager = await self._run(_manager_of, self.site, self._run)
        ready = asyncio.Event()

        async def serve() -> None:
            # One task enters and leaves: the tasks of requests live in between.
            async with manager.run():
                ready.set()
                await self._stop.wait()

        self._serving = asyncio.create_task(serve())
        await ready.wait()
        return manager

    async def stop(self) -> None:
        """End what was started."""
        self._stop.set()
        if self._serving is not None:
            await self._serving


def mounted(mount: Mount) -> ASGIRouteHandler:
    """Return the handler of the address."""

    async def mcp(scope: Any, receive: Any, send: Any) -> None:
        await mount(scope, receive, send)

    return ASGIRouteHandler(PATH, name="mcp", copy_scope=True)(mcp)


def _manager_of(site: Site, run: Callable[..., Awaitable[Any]]) -> Any:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

    from crmkit_web.mcp.server import protocol_server
    from crmkit_web.mcp.toolbox import Toolbox

    server = protocol_server(Toolbox(site), lambda ctx: ctx.request.scope[_CALLER], run)
    largest = site.settings.largest_body
    return StreamableHTTPSessionManager(server, json_response=True, stateless=True, max_request_body_size=largest)


def _replayed(body: bytes, receive: Any) -> Any:
    """Return a ``receive`` that hands out a body that was read already, and then what really comes."""
    parts = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Mapping[str, Any]:
        if parts:
            return parts.pop()
        found: Mapping[str, Any] = await receive()
        return found

    return again
