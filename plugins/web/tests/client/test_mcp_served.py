"""The Model Context Protocol over a real connection, beside the API."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
from mcp import Client as ProtocolClient
from mcp.client.streamable_http import streamable_http_client

from crmkit.client import Client
from crmkit.testing.making import MakeCustomer


def test_tools_and_api_are_one_server(
    address: str, root_token: str, client: Client, make_customer: MakeCustomer
) -> None:
    customer = make_customer(name="Kestrel")

    async def asked() -> Any:
        async with (
            httpx2.AsyncClient(headers={"authorization": f"Bearer {root_token}"}) as http,
            ProtocolClient(streamable_http_client(f"{address}/mcp", http_client=http)) as protocol,
        ):
            renamed = {"ids": [str(customer.id)], "input": {"name": "Merlin"}}
            await protocol.call_tool("shop__rename", renamed)
            return await protocol.call_tool("get_record", {"entity": "customer", "id": str(customer.id)})

    result = asyncio.run(asked())
    assert result.structured_content == client.records("customer").get(customer.id)
    assert (result.structured_content["name"], result.structured_content["version"]) == ("Merlin", 2)
