"""What comes over the wire of the protocol and is not as it should be."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest

from crmkit import Crm
from crmkit.core.customer import Customer
from crmkit.testing.making import MakeCustomer
from plugins.web.tests.mcp.conftest import Protocol


def called(tool: str, arguments: Any) -> dict[str, Any]:
    params = {"name": tool, "arguments": arguments}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}


LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}


def test_who_does_not_log_in_learns_nothing(protocol: Protocol) -> None:
    good = protocol.headers["authorization"]
    for bad in ("", "Bearer ", "Bearer nobody", "Basic cm9vdDpyb290", "Bearer \t' OR 1=1 --", good[:-1], good + "x"):
        protocol.headers["authorization"] = bad
        answer = protocol.post(LIST)
        assert answer.status_code == 401, bad
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.headers["content-type"] == "application/problem+json"
    # A cookie opens nothing either.
    token = protocol.headers.pop("authorization").removeprefix("Bearer ")
    answer = protocol.post(LIST, headers={"cookie": f"session={token}; token={token}; crmkit_session={token}"})
    assert answer.status_code == 401


def test_other_methods_are_not_answered(protocol: Protocol) -> None:
    async def asked(method: str) -> httpx2.Response:
        async with protocol.http() as http:
            return await http.request(method, "/mcp")

    for method in ("GET", "DELETE", "PUT", "PATCH"):
        answer = protocol._run(lambda method=method: asked(method))
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


NO_MESSAGES = (
    b"",
    b"{",
    b"\xff\xfe",
    b"null",
    b"[]",
    b'"text"',
    b"[" * 5_000 + b"]" * 5_000,
    b'{"jsonrpc": "2.0"}',
    b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call"}',
    b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": 7, "arguments": []}}',
    b'{"jsonrpc": "2.0", "id": 1, "method": "no/such", "params": {}}',
)


def test_what_is_no_message_is_refused(protocol: Protocol) -> None:
    for content in NO_MESSAGES:
        answer = protocol.post(content=content, headers={"content-type": "application/json"})
        assert "Traceback" not in answer.text
        assert answer.status_code < 500, content[:60]
        assert answer.status_code in (400, 404) or "error" in answer.json(), content[:60]
    assert protocol.post(LIST).status_code == 200


def test_a_body_that_is_too_large_is_refused(protocol: Protocol) -> None:
    answer = protocol.post(called("search", {"text": "x" * 1_000_001}))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


HOSTILE: tuple[Any, ...] = (
    None,
    [],
    {},
    -1,
    10**30,
    1.5,
    True,
    "",
    "x" * 5_000,
    "'; drop table customers; --",
    "{{123456*7}} ${123456*7} %s {0.__class__}",
    "\0",
    "\u202e\U0001f600",
    {"a": [[[[]]]]},
)


def hostile_calls(customer: Customer, value: Any) -> list[tuple[str, dict[str, Any]]]:
    """Return a call with the value in each place of each tool."""
    return [
        ("search", {"text": value}),
        ("search", {"text": "x", "entities": value, "limit": value}),
        ("get_record", {"entity": value, "id": value, "fields": value}),
        ("get_record", {"entity": "customer", "id": value}),
        ("list_records", {"entity": "customer", "filter": value, "sort": value, "cursor": value, "limit": value}),
        ("list_records", {"entity": "customer", "filter": value}),
        ("list_records", {"entity": "customer", "sort": value}),
        ("list_records", {"entity": "customer", "cursor": value}),
        ("timeline", {"id": str(customer.id), "cursor": value}),
        ("describe_entity", {"entity": value}),
        ("shop__rename", {"ids": value, "input": value}),
        ("shop__rename", {"ids": [value], "input": {"name": "y"}}),
        ("shop__hours", {"surprise": value}),
    ]


def test_arguments_of_every_wrong_kind_are_told_as_errors(
    crm: Crm, protocol: Protocol, make_customer: MakeCustomer
) -> None:
    customer = make_customer(name="Kestrel")
    for tool, arguments in (call for value in HOSTILE for call in hostile_calls(customer, value)):
        answer = protocol.post(called(tool, arguments))
        assert answer.status_code == 200, (tool, answer.text)
        result = answer.json()["result"]
        text = result["content"][0]["text"]
        assert "864192" not in text, (tool, text)
        problem = result["structuredContent"]
        if result["isError"]:
            assert (problem["status"] < 500, problem["code"] != "defect") == (True, True), (tool, text)
            assert all(one["pointer"].startswith("/") for one in problem.get("errors", ()))
    with crm.session() as session:
        assert [one.name for one in session.list(Customer)] == ["Kestrel"]


def test_a_tool_that_there_is_not_is_named_with_the_closest(protocol: Protocol) -> None:
    error = protocol.post(called("get_recrd", {})).json()["error"]
    assert (error["code"], error["data"]["code"]) == (-32602, "no_such_tool")
    assert "did you mean get_record?" in error["message"]
    missing = {"jsonrpc": "2.0", "id": 1, "method": "resources/read", "params": {"uri": "file:///etc/passwd"}}
    assert protocol.post(missing).json()["error"]["code"] == -32602


@pytest.mark.parametrize("crm", ["three requests"], indirect=True)
def test_who_asks_too_much_has_to_wait(protocol: Protocol) -> None:
    assert [protocol.post(LIST).status_code for _ in range(4)] == [200, 200, 200, 429]
    answer = protocol.post(LIST)
    assert (answer.json()["code"], int(answer.headers["retry-after"]) > 0) == ("too_many_requests", True)


def test_many_at_once_are_each_answered(protocol: Protocol, make_customer: MakeCustomer) -> None:
    customer = make_customer(name="Kestrel")

    async def all_of_them() -> list[httpx2.Response]:
        async with protocol.http() as http:
            headers = {"accept": "application/json, text/event-stream"}
            message = called("get_record", {"entity": "customer", "id": str(customer.id)})
            return await asyncio.gather(*(http.post("/mcp", json=message, headers=headers) for _ in range(100)))

    answers = protocol._run(all_of_them)
    assert {one.json()["result"]["structuredContent"]["name"] for one in answers} == {"Kestrel"}
