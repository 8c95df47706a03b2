"""What a plugin adds to the web, over HTTP: routes, actions, panels, pages, reports and columns."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from crmkit import Crm
from crmkit.core.customer import Customer
from crmkit.core.staff import Role, RoleAssignment, User
from crmkit.testing.making import AsUser, MakeCustomer
from plugins.web.tests.conftest import Api

ApiOf = Callable[[str], Api]


def made(api: Api, name: str, kind: str = "organization") -> str:
    answer = api.post("/customers", {"name": name, "kind": kind})
    assert answer.status_code == 201, answer.text
    id: str = answer.json()["id"]
    return id


# -- routes -----------------------------------------------------------------------------------------------------------


def test_a_route_gets_its_body_typed_and_answers_a_document(api: Api) -> None:
    sent = {"on": "2026-03-20", "minutes": 45, "cost": "12.50"}
    answer = api.post("/visits/echo", sent)
    assert (answer.status_code, answer.json()) == (200, {**sent, "way": "car"})
    refused = api.post("/visits/echo", {"minutes": 1, "way": "plane", "cost": 1.5, "wy": "car"})
    assert refused.status_code == 422
    assert [(one["pointer"], one["code"]) for one in refused.json()["errors"]] == [
        ("/wy", "unknown_field"),
        ("/on", "required"),
        ("/way", "choice"),
        ("/cost", "type"),
        ("/minutes", "value"),
    ]


def test_the_query_of_a_route_is_typed_and_every_error_told(api: Api) -> None:
    id = made(api, "Kestrel")
    (one,) = api.get("/visits/all?way=train&tags=a,b&since=2026-01-01").json()
    assert (one["customers"], one["cost"]) == (["Kestrel", "train", "a", "b"], "1")
    assert (one["first"]["id"], one["first"]["name"]) == (id, "Kestrel")
    refused = api.get("/visits/all?way=plane&since=soon&mst=3")
    assert refused.status_code == 400
    assert {one["pointer"] for one in refused.json()["errors"]} == {"/query/way", "/query/since", "/query/mst"}


def test_records_that_a_route_returns_are_masked(api: Api, crm: Crm, as_user: AsUser, api_of: ApiOf) -> None:
    made(api, "Kestrel")
    as_user(login="clerk")
    grant = {"entity": "customer", "action": "read", "scope": "all", "fields": ["name", "kind"]}
    with crm.session() as session:
        role = Role(name="names", grants=(grant,))
        user = session.find(User, login="clerk")
        assert user is not None
        session.add(role, RoleAssignment(user_id=user.id, role_id=role.id))
    (one,) = api_of("clerk").get("/visits/all").json()
    assert one["first"]["name"] == "Kestrel"
    assert "industry" not in one["first"]


def test_what_a_route_writes_is_noted_as_its_plugins(api: Api, crm: Crm) -> None:
    assert api.request("PUT", "/visits/places/Oslo").status_code == 204
    with crm.session(reads=True) as session:
        (made_,) = session.list(Customer)
        (name,) = crm.services_for(session).explain(Customer, made_.id, fields=["name"]).fields
    assert (str(name.by and name.by.plugin), name.hook) == ("visits", "visits.save")
    assert name.deed is not None
    assert name.deed.who == "root"


def test_a_permission_is_needed_and_a_public_route_has_nobodys_rights(api: Api, as_user: AsUser, api_of: ApiOf) -> None:
    made(api, "Kestrel")
    as_user("customer read all", login="clerk")
    refused = api_of("clerk").get("/visits/tour")
    assert (refused.status_code, refused.json()["code"]) == (403, "access_denied")
    assert "visits.tour" in refused.json()["detail"]
    as_user("* visits.tour all", login="guide")
    assert api_of("guide").get("/visits/tour").status_code == 200
    assert api.get("/visits/tour", headers={"authorization": ""}).status_code == 401
    assert api.get("/visits/public", headers={"authorization": ""}).json() == {"seen": 0, "actor": "nobody"}


def test_a_file_goes_in_and_out(api: Api) -> None:
    headers = {"content-type": "text/plain", "content-disposition": 'attachment; filename="../../etc/pass wd.txt"'}
    answer = api.request("POST", "/visits/mirror", content=b"abc", headers=headers)
    assert (answer.content, answer.headers["content-type"]) == (b"cba", "text/plain")
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''pass%20wd.txt"
    assert "sandbox" in answer.headers["content-security-policy"]


def test_a_defect_of_a_plugin_tells_nothing_of_its_inside(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    answer = api.get("/visits/broken")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.json()["instance"] in caplog.text


# -- actions ----------------------------------------------------------------------------------------------------------


def test_an_action_is_done_with_many_records_by_its_typed_address(api: Api) -> None:
    ids = [made(api, "Kestrel"), made(api, "Merlin")]
    answer = api.post("/actions/visits.plan", {"ids": ids, "input": {"on": "2026-03-20", "cost": "3.20"}})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["customers"], answer.json()["cost"]) == (["Kestrel", "Merlin"], "3.20")
    assert api.get(f"/customers/{ids[1]}").json()["industry"] == "visited on 2026-03-20"
    refused = api.post("/actions/visits.plan", {"ids": [], "input": {"minutes": "x"}})
    assert {one["pointer"] for one in refused.json()["errors"]} == {"/ids", "/input/on", "/input/minutes"}


def test_an_action_is_done_with_the_record_of_an_address(api: Api) -> None:
    id = made(api, "Kestrel")
    answer = api.post(f"/customers/{id}/actions/visits.plan", {"on": "2026-03-20"})
    assert (answer.status_code, answer.json()["first"]["id"]) == (200, id)
    unknown = api.post(f"/customers/{id}/actions/visits.plna", {})
    assert unknown.status_code == 404
    assert "did you mean visits.plan?" in unknown.json()["detail"]
    assert api.post("/actions/visits.plna", {}).status_code == 404
    assert api.post(f"/customers/{id}/actions/visits.plan", {"on": "x"}).json()["errors"][0]["pointer"] == "/on"


def test_an_action_that_refuses_leaves_nothing(api: Api) -> None:
    id = made(api, "Kestrel")
    refused = api.post("/actions/visits.refuse", {"ids": [id]})
    assert (refused.status_code, refused.json()["code"]) == (409, "refused")
    assert api.get(f"/customers/{id}").json()["industry"] == ""


def test_what_can_be_done_is_told_with_why_not(api: Api, as_user: AsUser, api_of: ApiOf) -> None:
    person, firm = made(api, "Anna Berg", "person"), made(api, "Kestrel")
    offered = {one["id"]: one for one in api.get(f"/customers/{person}/actions").json()["items"]}
    assert not offered["visits.plan"]["available"]
    assert "kind = organization" in offered["visits.plan"]["why_not"]
    assert offered["visits.refuse"]["available"]
    assert api.get(f"/customers/{firm}/actions").json()["items"][0]["available"]
    fields = {one["name"]: one for one in offered["visits.plan"]["fields"]}
    assert (fields["on"]["required"], fields["way"]["choices"], fields["minutes"]["minimum"]) == (
        True,
        ["train", "car"],
        5,
    )
    refused = api.post("/actions/visits.plan", {"ids": [firm, person], "input": {"on": "2026-03-20"}})
    assert (refused.status_code, refused.json()["errors"][0]["record_id"]) == (409, person)
    assert api.get(f"/customers/{firm}").json()["industry"] == ""
    as_user("customer read all", login="clerk")
    clerk = api_of("clerk")
    (alone,) = [one for one in clerk.get("/actions").json()["items"] if not one["entity"]]
    assert (alone["id"], alone["available"]) == ("visits.break", False)
    assert clerk.post("/actions/visits.break", {}).status_code == 403
    assert clerk.post("/actions/visits.plan", {"ids": [firm], "input": {"on": "2026-03-20"}}).status_code == 403


def test_an_action_reaches_no_record_of_others(api: Api, as_user: AsUser, api_of: ApiOf) -> None:
    id = made(api, "Kestrel")
    as_user("customer read own", "customer update own", login="stranger")
    stranger = api_of("stranger")
    input = {"on": "2026-03-20"}
    assert stranger.post("/actions/visits.plan", {"ids": [id], "input": input}).status_code == 404
    assert stranger.post(f"/customers/{id}/actions/visits.plan", input).status_code == 404
    assert stranger.get(f"/customers/{id}/actions").status_code == 404
    assert stranger.get(f"/customers/{id}/panels").status_code == 404


# -- panels, pages, reports, columns ----------------------------------------------------------------------------------


def test_a_panel_that_fails_leaves_the_others_whole(
    api: Api, as_user: AsUser, api_of: ApiOf, caplog: pytest.LogCaptureFixture
) -> None:
    id = made(api, "Kestrel")
    as_user("customer read all", login="clerk")
    with caplog.at_level(logging.ERROR):
        answer = api_of("clerk").get(f"/customers/{id}/panels")
    assert answer.status_code == 200, answer.text
    panels = {one["id"]: one["blocks"] for one in answer.json()["items"]}
    assert list(panels) == ["visits.first", "visits.broken", "visits.broken_query", "visits.last"]
    assert [block["kind"] for block in panels["visits.last"]] == ["fields", "metric", "form"]
    assert panels["visits.last"][0]["rows"] == [["Name", "Kestrel"]]
    for id_ in ("visits.broken", "visits.broken_query"):
        (block,) = panels[id_]
        assert (block["kind"], "visits" in block["message"]) == ("error", True)
    assert "secret" not in answer.text
    assert "secret-of-the-inside" in caplog.text
    as_user("customer read all", "* visits.tour all", login="guide")
    side = api_of("guide").get(f"/customers/{id}/panels?point=customer.main").json()["items"]
    assert [one["id"] for one in side] == ["visits.hidden"]
    wrong = api.get(f"/customers/{id}/panels?point=customer.sid")
    assert (wrong.status_code, "customer.side" in wrong.json()["detail"]) == (400, True)


def test_pages_are_listed_for_whoever_may_see_them(api: Api, as_user: AsUser, api_of: ApiOf) -> None:
    as_user("customer read all", login="clerk")
    clerk = api_of("clerk")
    assert [(one["id"], one["path"]) for one in clerk.get("/pages").json()["items"]] == [("visits.week", "visits/week")]
    assert clerk.get("/pages/visits.week?query=week%3D12").json()["blocks"][0]["value"] == "12"
    assert clerk.get("/pages/visits.tour").status_code == 403
    as_user("* visits.tour all", login="guide")
    assert api_of("guide").get("/pages/visits.tour").json()["label"] == "Tour"
    assert "did you mean visits.week?" in api.get("/pages/visits.weak").json()["detail"]


def test_a_report_takes_what_its_class_says(api: Api) -> None:
    (entry,) = api.get("/reports").json()["items"]
    assert [one["name"] for one in entry["fields"]] == ["way", "since", "most", "tags"]
    table, chart = api.get("/reports/visits.ways?way=train").json()["blocks"]
    assert table["rows"] == [{"way": "train", "cost": "12.50"}]
    assert (chart["shape"], chart["series"][0]["values"]) == ("bar", ["12.50"])
    assert api.get("/reports/visits.ways?way=plane").status_code == 400
    assert "did you mean visits.ways?" in api.get("/reports/visits.way").json()["detail"]


def test_columns_are_worked_out_once_for_a_page(api: Api) -> None:
    ids = [made(api, "Kestrel"), made(api, "Merlin")]
    answer = api.get("/customers?columns=visits.length,visits.broken&sort=name").json()
    assert answer["columns"] == {"visits.length": dict(zip(ids, (7, 6), strict=True)), "visits.broken": None}
    found = api.post("/customers/search", {"columns": ["visits.length"], "filter": "name = Merlin"}).json()
    assert found["columns"] == {"visits.length": {ids[1]: 6}}
    wrong = api.get("/customers?columns=visits.lenght")
    assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (400, "unknown_column")


def test_programs_learn_what_there_is(api: Api) -> None:
    found = api.get("/metadata/extensions").json()
    assert {one["id"] for one in found["points"]} >= {"customer.side", "visits.customer_foot"}
    assert found["field_types"][0]["settings"] == {"palette": 8}
    assert [one["id"] for one in found["columns"]] == ["visits.broken", "visits.length"]


def test_every_route_and_action_is_in_the_openapi_document(api: Api) -> None:
    document = api.get("/openapi.json").json()
    paths = document["paths"]
    assert paths["/api/v1/visits/all"]["get"]["operationId"] == "visits_list"
    body = paths["/api/v1/actions/visits.plan"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    schemas = document["components"]["schemas"]
    plan = schemas[body["$ref"].rpartition("/")[2]]
    assert (plan["required"], plan["properties"]["ids"]["maxItems"]) == (["ids", "input"], 1_000)
    assert schemas[plan["properties"]["input"]["$ref"].rpartition("/")[2]]["properties"]["minutes"]["minimum"] == 5
    assert "/api/v1/reports/visits.ways" in paths


def test_hints_are_in_the_language_of_who_asks(api: Api, make_customer: MakeCustomer) -> None:
    id = str(make_customer().id)
    wrong = api.get(f"/customers/{id}/panels?point=customer.sid", headers={"accept-language": "zh"})
    assert "您是不是指 customer.side" in wrong.json()["detail"]
