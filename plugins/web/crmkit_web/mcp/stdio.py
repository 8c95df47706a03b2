"""The protocol over standard input and output, as one user."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from crmkit.hosting import Crm, translator
from crmkit_web.mcp.tools import Caller

if TYPE_CHECKING:
    from crmkit.core.access import Actor


def speak(crm: Crm, actor_of: Callable[[], Actor]) -> None:
    """Answer what comes until the input ends; ``actor_of`` says each time whose rights count."""
    import anyio
    import anyio.to_thread
    from mcp.server.stdio import stdio_server

    from crmkit_web.mcp.server import protocol_server
    from crmkit_web.mcp.toolbox import Toolbox
    from crmkit_web.serving.site import Site

    def caller(ctx: object) -> Caller:
        actor = actor_of()
        return Caller(actor, translator(actor.language))

    async def run(work: Callable[[], Any]) -> Any:
        return await anyio.to_thread.run_sync(work)

    async def serve() -> None:
        server = protocol_server(Toolbox(Site(crm)), caller, run)
        async with stdio_server() as (read, write):
            await server.run(read, write, server.create_initialization_options())

    anyio.run(serve)
