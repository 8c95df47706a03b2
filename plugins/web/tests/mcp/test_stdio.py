"""``crmkit mcp``: the protocol with a program that starts it."""

from __future__ import annotations

import os
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from mcp import Client, StdioServerParameters

import crmkit_web
from crmkit.testing.making import AsUser, MakeCrm, MakeCustomer
from plugins.web.tests.mcp.conftest import LOOP


def test_the_same_tools_as_the_user_who_is_named(make_crm: MakeCrm, tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'crm.db'}"
    crm = make_crm(plugins=[crmkit_web], url=address)
    AsUser(crm)("customer read all", login="reader")
    customer = MakeCustomer(crm)(name="Kestrel")
    settings = tmp_path / "crmkit.toml"
    others = sorted(point.name for point in entry_points(group="crmkit.plugins") if point.name != "web")
    settings.write_text(f"disable = {others}\n", encoding="utf-8")
    arguments = ["-m", "crmkit", "--config", str(settings), "--db", address, "--as", "reader", "mcp"]
    started = StdioServerParameters(command=sys.executable, args=arguments, env=dict(os.environ), cwd=tmp_path)

    async def asked() -> tuple[list[str], Any, Any]:
        async with Client(started) as client:
            names = [tool.name for tool in (await client.list_tools()).tools]
            record = await client.call_tool("get_record", {"entity": "customer", "id": str(customer.id)})
            return names, record, await client.call_tool("get_record", {"entity": "user", "id": str(customer.id)})

    names, record, refused = LOOP.run_until_complete(asked())
    assert names == ["search", "get_record", "list_records", "timeline", "describe_entity"]
    assert record.structured_content["name"] == "Kestrel"
    assert (refused.is_error, refused.structured_content["errors"][0]["code"]) == (True, "no_such_entity")
