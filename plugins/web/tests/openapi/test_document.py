"""The OpenAPI document: valid, complete, in the language that is asked for, made once, and small where that is wanted."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from litestar.testing import TestClient
from openapi_spec_validator import OpenAPIV31SpecValidator

import crmkit_web
from crmkit import Crm
from crmkit.cli.program import program
from crmkit.testing.making import MakeCrm
from crmkit_web.openapi.document import openapi
from crmkit_web.serving.app import web_app
from crmkit_web.serving.site import Site
from plugins.web.tests.conftest import Api


def _operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, one) for path, methods in document["paths"].items() for method, one in methods.items()]


def test_it_is_valid(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_every_endpoint_is_told_of_for_every_entity_that_it_answers_for(site: Site, document: dict[str, Any]) -> None:
    told = {(path, method) for path, method, _ in _operations(document)}
    for endpoint in site.endpoints:
        for info in site.entities.values() if "{entity}" in endpoint.path else (None,):
            fits = info is None or endpoint.entities is None or endpoint.entities(info)
            path = "/api/v1" + endpoint.path.replace("{entity}", info.plural if info else "")
            assert ((path, endpoint.method.lower()) in told) is fits, (path, endpoint.method)


def test_operations_have_ids_of_their_own_and_answers_for_what_goes_wrong(document: dict[str, Any]) -> None:
    operations = _operations(document)
    ids = [one["operationId"] for _, _, one in operations]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"\w+", id) for id in ids)
    assert {"list_customers", "get_customer", "create_workshop_bike", "openapi"} <= set(ids)
    tags = {tag["name"] for tag in document["tags"]}
    for _path, method, one in operations:
        assert one["summary"]
        assert set(one["tags"]) <= tags
        problems = {status for status in one["responses"] if int(status) >= 400}
        assert {"400", "429", "500", "503"} <= problems
        if one.get("security") != []:
            assert "401" in problems
        if "requestBody" in one:
            assert method != "get"
            assert {"413", "415", "422"} <= problems
    problem = document["components"]["responses"]["Problem422"]["content"]
    assert problem == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


def test_versions_keys_and_languages_are_told_of(document: dict[str, Any]) -> None:
    change = document["paths"]["/api/v1/customers/{id}"]["patch"]
    headers = {one["name"]: one for one in change["parameters"] if one.get("in") == "header"}
    assert headers["If-Match"]["required"] is True
    assert "Idempotency-Key" in headers
    assert {"$ref": "#/components/parameters/AcceptLanguage"} in change["parameters"]
    assert {"412", "428"} <= change["responses"].keys()
    assert "application/merge-patch+json" in change["requestBody"]["content"]
    made = document["paths"]["/api/v1/customers"]["post"]["responses"]["201"]
    assert made["headers"].keys() == {"ETag", "Location"}
    assert made["links"]["get_customer"]["parameters"] == {"path.id": "$response.body#/id"}


def test_what_only_reads_is_not_written(document: dict[str, Any]) -> None:
    assert document["paths"]["/api/v1/audit_entries"].keys() == {"get"}
    assert not any("web_token" in path for path in document["paths"])


def test_routes_and_actions_of_plugins_have_their_types(document: dict[str, Any]) -> None:
    estimate = document["paths"]["/api/v1/workshop/estimate"]["post"]
    body = estimate["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    schema = document["components"]["schemas"][body]
    assert schema["required"] == ["what"]
    assert schema["properties"]["minutes"] == {"type": "integer", "minimum": 5, "maximum": 600}
    assert "/api/v1/actions/workshop.repair" in document["paths"]


def test_fewer_entities_make_a_smaller_document(served: TestClient[Any], document: dict[str, Any]) -> None:
    small = served.get("/api/v1/openapi.json", params={"entities": "customers"}).json()
    paths = {path for path in small["paths"] if path.startswith("/api/v1/customers")}
    assert paths == {path for path in document["paths"] if path.split("/")[3] == "customers"}
    assert "Team" not in small["components"]["schemas"]
    assert len(str(small)) < len(str(document)) / 5
    every = {one["operationId"] for _, _, one in _operations(document)}
    assert {one["operationId"] for _, _, one in _operations(small)} <= every
    assert [error.message for error in OpenAPIV31SpecValidator(small).iter_errors()] == []
    refused = served.get("/api/v1/openapi.json", params={"entities": "customer"})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/query/entities")


def test_it_is_kept_and_not_sent_again(served: TestClient[Any]) -> None:
    first = served.get("/api/v1/openapi.json")
    again = served.get("/api/v1/openapi.json")
    assert first.content == again.content
    known = served.get("/api/v1/openapi.json", headers={"if-none-match": first.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")
    chinese = served.get("/api/v1/openapi.json", headers={"accept-language": "zh"})
    assert chinese.headers["etag"] != first.headers["etag"]
    assert "客户" in chinese.text
    assert "客户" not in first.text


def test_an_installation_can_keep_it_to_those_who_log_in(make_crm: MakeCrm, site: Site) -> None:
    assert openapi(site)["paths"]["/api/v1/openapi.json"]["get"]["security"] == []
    closed = make_crm(plugins=[crmkit_web], config={"plugins": {"web": {"public_reference": False}}})
    assert "security" not in openapi(Site(closed))["paths"]["/api/v1/openapi.json"]["get"]
    with TestClient(web_app(closed), raise_server_exceptions=False) as client:
        assert client.get("/api/v1/openapi.json").status_code == 401
        assert client.get("/api/v1/").status_code == 401


@pytest.mark.parametrize("address", ["/customers", "/customers/0198c2f4-8b7e-7cc1-9d4e-2f6a5b3c1d0e", "/audit_entries"])
def test_addresses_allow_what_the_document_tells_of(api: Api, document: dict[str, Any], address: str) -> None:
    told = document["paths"]["/api/v1" + re.sub("/[0-9a-f]{8}-.*", "/{id}", address)].keys()
    allowed = {one.strip().lower() for one in api.request("OPTIONS", address).headers["allow"].split(",")}
    assert allowed - {"head", "options"} == set(told)
    refused = api.request("PUT", address)
    assert refused.status_code == 405
    assert refused.headers["allow"] == api.request("OPTIONS", address).headers["allow"]
    assert refused.json()["code"] == "method_not_allowed"


def test_a_method_that_an_entity_does_not_have_is_refused_as_one(api: Api) -> None:
    refused = api.post("/audit_entries?unknown=1", {"name": "x"})
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert api.request("OPTIONS", "/nothing").status_code == 404


def test_the_command_writes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path / 'crm.db'}"
    Crm.open(url).close()
    monkeypatch.setenv("CRMKIT_DB", url)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(program, ["openapi", "--entities", "customers", "-o", "openapi.json"])
    assert done.exit_code == 0, done.output
    written = (tmp_path / "openapi.json").read_text(encoding="utf-8")
    assert '"list_customers"' in written
    printed = CliRunner().invoke(program, ["openapi", "--entities", "customers", "--language", "zh"])
    assert "客户" in printed.output
    assert CliRunner().invoke(program, ["openapi", "--entities", "custommers"]).exit_code == 3
    assert CliRunner().invoke(program, ["openapi", "-o", "no/such/folder.json"]).exit_code == 3
