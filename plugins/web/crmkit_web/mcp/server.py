"""The protocol's server of the SDK over a toolbox: it lists and calls tools, and lists and reads resources.

Imported when the first request comes: the SDK is large.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import mcp_types as types
from mcp.server import Server
from mcp.shared.exceptions import MCPError

from crmkit.core.errors import CrmError, NotFound
from crmkit.core.messages import msg
from crmkit.hosting import translator
from crmkit_web.mcp.toolbox import Toolbox, problem
from crmkit_web.mcp.tools import Caller, Tool

if TYPE_CHECKING:
    from crmkit.core.messages import Translate

ENTITIES = "crmkit://entities"
Run = Callable[[Callable[[], Any]], Awaitable[Any]]
"""Runs a function in a thread."""


def protocol_server(toolbox: Toolbox, caller_of: Callable[[Any], Caller], run: Run) -> Server[Any]:
    """Return the server that offers a toolbox to whoever ``caller_of`` says is asking, all work done by ``run``."""

    def asking(ctx: Any) -> Caller:
        try:
            return caller_of(ctx)
        except CrmError as error:
            raise _protocol_error(error, translator("en")) from None

    async def list_tools(ctx: Any, params: Any) -> types.ListToolsResult:
        caller = asking(ctx)
        tools = await run(lambda: [_listed(tool, caller.translate) for tool in toolbox.offered(caller.actor)])
        return types.ListToolsResult(tools=tools)

    async def call_tool(ctx: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
        caller = asking(ctx)
        try:
            tool = toolbox.tool(params.name, caller.actor)
        except CrmError as error:
            raise _protocol_error(error, caller.translate) from None
        answer = await run(lambda: toolbox.call(tool, params.arguments or {}, caller))
        text = answer.content.decode()
        return types.CallToolResult(
            content=[types.TextContent(type="text", text=text)],
            structured_content=json.loads(text),
            is_error=answer.failed,
        )

    async def list_resources(ctx: Any, params: Any) -> types.ListResourcesResult:
        caller = asking(ctx)
        labels = await run(lambda: toolbox.entities(caller))
        found = [types.Resource(uri=ENTITIES, name="entities", mime_type="application/json")]
        found += [
            types.Resource(uri=f"{ENTITIES}/{name}", name=name, title=label, mime_type="application/json")
            for name, label in labels.items()
        ]
        return types.ListResourcesResult(resources=found)

    async def read_resource(ctx: Any, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        caller = asking(ctx)
        uri = str(params.uri)
        try:
            if uri != ENTITIES and not uri.startswith(f"{ENTITIES}/"):
                raise NotFound(msg("there is no such resource"))
            name = uri[len(ENTITIES) + 1 :]
            content = await run(lambda: toolbox.description(name, caller))
        except CrmError as error:
            raise _protocol_error(error, caller.translate) from None
        text = types.TextResourceContents(uri=uri, mime_type="application/json", text=content.decode())
        return types.ReadResourceResult(contents=[text])

    return Server(
        "crmkit",
        title="crmkit",
        instructions="Customers and what goes on with them. describe_entity tells which fields records have.",
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_read_resource=read_resource,
    )


def _listed(tool: Tool, translate: Translate) -> types.Tool:
    return types.Tool(
        name=tool.name,
        title=tool.title.render(translate),
        description=tool.summary.render(translate),
        input_schema=tool.schema(translate),
        annotations=types.ToolAnnotations(
            title=tool.title.render(translate),
            read_only_hint=tool.reads,
            destructive_hint=tool.destructive,
            open_world_hint=False,
        ),
    )


def _protocol_error(error: CrmError, translate: Translate) -> MCPError:
    document = json.loads(problem(error, translate).content)
    return MCPError(code=types.INVALID_PARAMS, message=document["detail"], data=document)
