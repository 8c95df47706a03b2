"""The tools of the protocol and the rights under which they work, by the SDK's own client."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

import crmkit_web
from crmkit import Crm
from crmkit.core.customer import Customer
from crmkit.core.staff import Role, User
from crmkit.plugin import change
from crmkit.testing.making import AsUser, MakeCrm, MakeCustomer
from plugins.web.tests.mcp.conftest import ON_BOTH, Protocol

ProtocolOf = Callable[..., Protocol]


def names_of(protocol: Protocol) -> list[str]:
    return [tool.name for tool in protocol.run(lambda client: client.list_tools()).tools]


def failure(result: Any) -> dict[str, Any]:
    """Return the problem that a call ended with; the text says the same."""
    assert result.is_error
    problem: dict[str, Any] = result.structured_content
    assert json.loads(result.content[0].text) == problem
    assert "Traceback" not in result.content[0].text
    return problem


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_a_connection_of_each_era_of_the_protocol(protocol: Protocol, mode: str) -> None:
    async def asked(client: Any) -> tuple[str, bool, bool]:
        return client.server_info.name, client.server_capabilities.tools is not None, bool(await client.list_tools())

    assert protocol.run(asked, mode) == ("crmkit", True, True)


def test_each_tool_says_what_it_takes_and_whether_it_changes_anything(
    crm: Crm, as_user: AsUser, protocol_of: ProtocolOf
) -> None:
    as_user("* * all", "* shop.close all", login="root")
    tools = {tool.name: tool for tool in protocol_of("root").run(lambda client: client.list_tools()).tools}
    told = {name: (tool.annotations.read_only_hint, tool.annotations.destructive_hint) for name, tool in tools.items()}
    assert told == {
        **dict.fromkeys(("search", "get_record", "list_records", "timeline", "describe_entity"), (True, False)),
        "shop__hours": (True, False),
        "shop__rename": (False, False),
        "shop__break": (False, False),
        "shop__close": (False, True),
    }
    rename = tools["shop__rename"]
    assert (rename.title, rename.description) == ("Rename", "Gives a customer another name.")
    assert rename.input_schema["required"] == ["ids", "input"]
    asked = rename.input_schema["properties"]["input"]
    assert (asked["required"], asked["properties"]["times"]["type"]) == (["name"], "integer")
    assert tools["shop__close"].input_schema["properties"]["ids"]["maxItems"] == 1
    assert tools["list_records"].input_schema["properties"]["limit"]["maximum"] == 100


def test_records_are_found_listed_and_read(protocol: Protocol, make_customer: MakeCustomer) -> None:
    kestrel = make_customer(name="Kestrel Optics", industry="Optics", email="info@kestrel.example")
    make_customer(name="Merlin", industry="Optics")
    make_customer(name="Hobby", industry="Toys")
    hits = protocol.call("search", text="kestrel opt").structured_content["hits"]
    assert [(hit["entity"], hit["id"], hit["title"]) for hit in hits] == [
        ("customer", str(kestrel.id), "Kestrel Optics")
    ]
    record = protocol.call("get_record", entity="customers", id=str(kestrel.id)).structured_content
    assert (record["name"], record["version"]) == ("Kestrel Optics", 1)
    asked = {"entity": "customer", "filter": "industry = Optics", "sort": "-name", "fields": ["name"], "limit": 1}
    first = protocol.call("list_records", **asked, count=True).structured_content
    assert ([item["name"] for item in first["items"]], first["count"]) == (["Merlin"], 2)
    second = protocol.call("list_records", **asked, cursor=first["next"]).structured_content
    assert ([item["name"] for item in second["items"]], second["next"]) == (["Kestrel Optics"], None)


def test_a_timeline_goes_on_behind_its_page(crm: Crm, protocol: Protocol, make_customer: MakeCustomer) -> None:
    customer = make_customer()
    with crm.session() as session:
        services = crm.context(session, "web").services
        for subject in ("first", "second"):
            services.log("call", participants=[customer], direction="inbound", subject=subject)
    page = protocol.call("timeline", id=str(customer.id), limit=1).structured_content
    after = protocol.call("timeline", id=str(customer.id), limit=1, cursor=page["next"]).structured_content
    assert {page["entries"][0]["title"], after["entries"][0]["title"]} == {"first", "second"}
    assert after["next"] is None


def test_an_entity_is_described_as_far_as_one_may_read_it(crm: Crm, as_user: AsUser, protocol_of: ProtocolOf) -> None:
    as_user("customer read all", "customer update own", login="reader")
    protocol = protocol_of("reader")
    assert protocol.call("describe_entity").structured_content == {
        "entities": [{"name": "customer", "label": "Customer"}]
    }
    told = protocol.call("describe_entity", entity="customer").structured_content
    assert told["rights"] == {"read": "all", "create": "none", "update": "own", "delete": "none"}
    assert [action["id"] for action in told["actions"]] == ["shop.rename"]
    kind = next(field for field in told["fields"] if field["name"] == "kind")
    assert (kind["label"], kind["kind"], kind["choices"]) == ("Kind", "text", ["person", "organization", "household"])
    unknown = failure(protocol.call("describe_entity", entity="user"))
    assert (unknown["code"], unknown["errors"][0]["pointer"]) == ("validation", "/entity")
    resources = protocol.run(lambda client: client.list_resources()).resources
    assert [str(one.uri) for one in resources] == ["crmkit://entities", "crmkit://entities/customer"]
    content = protocol.run(lambda client: client.read_resource("crmkit://entities/customer")).contents[0]
    assert json.loads(content.text) == told


def test_only_what_one_may_use_is_offered_and_done(
    as_user: AsUser, protocol_of: ProtocolOf, make_customer: MakeCustomer
) -> None:
    customer = make_customer(name="Kestrel")
    as_user("customer read all", login="reader")
    reader = protocol_of("reader")
    assert "shop__close" not in names_of(reader)
    denied = failure(reader.call("shop__close", ids=[str(customer.id)]))
    assert denied["code"] == "access_denied"
    assert failure(reader.call("shop__rename", ids=[str(customer.id)], input={"name": "x"}))["code"] == "access_denied"
    as_user(login="nobody")
    nobody = protocol_of("nobody")
    assert names_of(nobody) == ["shop__break", "shop__hours"]
    assert failure(nobody.call("list_records", entity="customer"))["errors"][0]["code"] == "no_such_entity"


@ON_BOTH
def test_records_of_another_team_are_not_there(as_user: AsUser, protocol_of: ProtocolOf, crm: Crm) -> None:
    grants = ("customer read team", "customer update team", "interaction read team")
    north = as_user(*grants, login="north", team="North")
    south = as_user(*grants, login="south", team="South")
    with crm.session() as session:
        theirs = Customer(name="Kestrel", kind="organization", owner_id=north.user_id, team_id=north.team_id)
        session.add(theirs)
    assert south.team_id != north.team_id
    owner, stranger = protocol_of("north"), protocol_of("south")
    id = str(theirs.id)
    assert owner.call("get_record", entity="customer", id=id).structured_content["name"] == "Kestrel"
    assert failure(stranger.call("get_record", entity="customer", id=id))["code"] == "not_found"
    assert failure(stranger.call("timeline", id=id))["code"] == "not_found"
    assert failure(stranger.call("shop__rename", ids=[id], input={"name": "Mine"}))["code"] == "not_found"
    assert stranger.call("search", text="Kestrel").structured_content["hits"] == []
    assert stranger.call("list_records", entity="customer").structured_content["items"] == []
    page = owner.call("list_records", entity="customer", limit=1).structured_content
    assert page["items"][0]["id"] == id


def test_what_may_not_be_read_is_left_out(
    crm: Crm, as_user: AsUser, protocol_of: ProtocolOf, make_customer: MakeCustomer
) -> None:
    customer = make_customer(name="Kestrel", industry="Optics")
    as_user("customer read all", login="narrow")
    with crm.session() as session:
        role = session.find(Role, name="rights of narrow")
        assert role is not None
        grant = {"entity": "customer", "action": "read", "scope": "all", "fields": ["name", "kind"]}
        session.update(change(role, grants=(grant,)))
    narrow = protocol_of("narrow")
    record = narrow.call("get_record", entity="customer", id=str(customer.id)).structured_content
    assert "name" in record
    assert "industry" not in record
    assert "industry" not in {
        f["name"] for f in narrow.call("describe_entity", entity="customer").structured_content["fields"]
    }
    assert failure(narrow.call("list_records", entity="customer", filter="industry = Optics"))["status"] in (
        400,
        403,
        422,
    )


@ON_BOTH
def test_an_action_is_done_once_for_many_and_answers_records_as_one_sees_them(
    crm: Crm, protocol: Protocol, make_customer: MakeCustomer
) -> None:
    some = [make_customer(), make_customer()]
    ids = [str(one.id) for one in some]
    done = protocol.call("shop__rename", ids=ids, input={"name": "ab", "times": 2, "price": "1.20"})
    assert [record["name"] for record in done.structured_content["result"]] == ["abab", "abab"]
    assert all("deleted_at" not in record for record in done.structured_content["result"])
    with crm.session() as session:
        assert {session.get(Customer, one.id).name for one in some} == {"abab"}
    assert protocol.call("shop__hours").structured_content == {"result": {"opens": 9, "price": "1.50"}}


@ON_BOTH
def test_what_an_action_refuses_and_what_breaks_in_it(
    crm: Crm, as_user: AsUser, protocol_of: ProtocolOf, make_customer: MakeCustomer
) -> None:
    as_user("* * all", "* shop.close all", login="root")
    protocol = protocol_of("root")
    customer = make_customer(name="Kestrel")
    refused = failure(protocol.call("shop__close", ids=[str(customer.id)]))
    assert (refused["code"], refused["errors"][0]["detail"]) == ("refused", "Kestrel has open orders")
    broken = failure(protocol.call("shop__break"))
    assert broken["code"] == "defect"
    assert "secret" not in json.dumps(broken)
    with crm.session() as session:
        assert session.count(Customer) == 1


def test_every_error_of_an_input_is_told_with_its_place(protocol: Protocol, make_customer: MakeCustomer) -> None:
    customer = make_customer()
    sent = {"ids": [str(customer.id)], "input": {"times": "two", "price": 1.5, "colour": "red"}, "when": 1}
    problem = failure(protocol.call("shop__rename", **sent))
    assert (problem["code"], problem["status"]) == ("validation", 422)
    assert {(one["pointer"], one["code"]) for one in problem["errors"]} == {
        ("/when", "unknown_field"),
        ("/input/colour", "unknown_field"),
        ("/input/name", "required"),
        ("/input/times", "type"),
        ("/input/price", "type"),
    }
    missing = failure(protocol.call("shop__rename", ids=[]))
    assert {(one["pointer"], one["code"]) for one in missing["errors"]} == {("/ids", "value"), ("/input", "required")}
    no_id = failure(protocol.call("shop__rename", ids=["x"], input={"name": "y"}))
    assert [(one["pointer"], one["code"]) for one in no_id["errors"]] == [("/ids/0", "type")]


def test_an_answer_that_is_too_long_is_refused(crm: Crm, protocol: Protocol, make_customer: MakeCustomer) -> None:
    with crm.session() as session:
        session.add(
            *(Customer(name=f"{at} " + "x" * 190, kind="organization", legal_name="y" * 190) for at in range(100))
        )
    import crmkit_web.mcp.toolbox as toolbox

    before, toolbox.LARGEST_ANSWER = toolbox.LARGEST_ANSWER, 50_000
    try:
        problem = failure(protocol.call("list_records", entity="customer", limit=100))
    finally:
        toolbox.LARGEST_ANSWER = before
    assert problem["code"] == "answer_too_large"
    assert not protocol.call("list_records", entity="customer", limit=100, fields=["name"]).is_error


@ON_BOTH
def test_records_of_another_tenant_are_not_there(
    request: pytest.FixtureRequest, make_crm: MakeCrm, protocol: Protocol, crm: Crm
) -> None:
    if crm.database.engine.dialect.name == "postgresql":
        url = request.getfixturevalue("web_postgres_url")
    else:
        url = crm.database.engine.url.render_as_string(hide_password=False)
    theirs = make_crm(plugins=[crmkit_web], url=url, tenant="others", check=False)
    id = str(MakeCustomer(theirs)(name="Kestrel").id)
    assert failure(protocol.call("get_record", entity="customer", id=id))["code"] == "not_found"
    assert failure(protocol.call("timeline", id=id))["code"] == "not_found"
    assert failure(protocol.call("shop__rename", ids=[id], input={"name": "Mine"}))["code"] == "not_found"
    assert protocol.call("list_records", entity="customer").structured_content["items"] == []
    assert protocol.call("search", text="Kestrel").structured_content["hits"] == []


def test_texts_are_in_the_language_of_whoever_asks(
    crm: Crm, as_user: AsUser, protocol_of: ProtocolOf, protocol: Protocol
) -> None:
    as_user("* * all", login="li", language="zh")
    by_user = failure(protocol_of("li").call("get_record", entity="customr", id="x"))
    by_header = failure(
        protocol_of("root", **{"accept-language": "zh-CN"}).call("get_record", entity="customr", id="x")
    )
    assert by_user["errors"] == by_header["errors"]
    assert (
        by_user["errors"][0]["detail"]
        != failure(protocol.call("get_record", entity="customr", id="x"))["errors"][0]["detail"]
    )


@ON_BOTH
def test_a_user_who_was_frozen_gets_in_no_more(crm: Crm, protocol: Protocol) -> None:
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    assert protocol.post(message).status_code == 200
    with crm.session() as session:
        user = session.find(User, login="root")
        assert user is not None
        session.update(change(user, state="frozen"))
    answer = protocol.post(message)
    assert answer.status_code == 401, answer.text
    assert answer.headers["www-authenticate"].startswith("Bearer")
