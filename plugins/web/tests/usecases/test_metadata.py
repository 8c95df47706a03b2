"""What there is, over HTTP: entities, fields, schemas, oneself and how the server is."""

from __future__ import annotations

from collections.abc import Callable

import jsonschema
import pytest

from crmkit import Crm
from crmkit.core.staff import Team
from crmkit.core.values.clock import FixedClock
from crmkit.testing.making import AsUser
from plugins.web.tests.conftest import Api
from plugins.web.tests.usecases.conftest import ONE, MakeOne

pytestmark = ONE


def test_the_installation_is_described_in_the_callers_language(api: Api) -> None:
    told = api.get("/metadata").json()
    plugins = {one["name"]: one["version"] for one in told["plugins"]}
    assert plugins["finder"] == "1.2.0"
    assert "web" in plugins
    entities = {one["name"]: one for one in told["entities"]}
    assert (entities["customer"]["plural"], entities["customer"]["label"]) == ("customers", "Customer")
    assert entities["customer"]["rights"]["merge"] == "all"
    assert not any(name.startswith("web_token") for name in entities)
    chinese = api.get("/metadata", headers={"accept-language": "zh"}).json()
    assert next(one["label"] for one in chinese["entities"] if one["name"] == "customer") == "客户"


def test_an_entity_is_described_as_one_may_use_it(api: Api, as_user: AsUser, api_of: Callable[[str], Api]) -> None:
    told = api.get("/metadata/customers").json()
    fields = {one["name"]: one for one in told["fields"]}
    assert (fields["name"]["kind"], fields["name"]["readable"], fields["name"]["updatable"]) == ("text", True, True)
    assert fields["kind"]["choices"] == ["person", "organization", "household"]
    assert (fields["version"]["creatable"], fields["version"]["updatable"]) == (False, False)
    assert (fields["id"]["creatable"], fields["id"]["updatable"]) == (True, False)
    assert told["mergeable"] is True
    stages = api.get("/metadata/relationships").json()["stages"]
    assert [one["name"] for one in stages][:2] == ["prospect", "interested"]
    as_user("customer read own", login="reader")
    shown = api_of("reader").get("/metadata/customers").json()
    assert shown["entity"]["rights"] == {"read": "own"}
    assert not any(one["creatable"] or one["updatable"] for one in shown["fields"])
    assert "did you mean" in api.get("/metadata/custmers").json()["detail"]


def test_schemas_hold_for_what_the_api_answers(api: Api, organization: MakeOne) -> None:
    made = organization(industry="Optics", annual_revenue={"amount": "12.50", "currency": "EUR"})
    for shape, document in (
        ("record", made),
        ("page", api.get("/customers").json()),
        ("patch", {"industry": None}),
        ("create", {"name": "Ada", "kind": "organization"}),
    ):
        answered = api.get(f"/metadata/customers/schema?shape={shape}")
        assert answered.headers["content-type"] == "application/schema+json"
        jsonschema.validate(document, answered.json(), cls=jsonschema.Draft202012Validator)
    schema = api.get("/metadata/customers/schema?shape=patch").json()
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"industry": 7}, schema)
    refused = api.get("/metadata/audit_entries/schema?shape=create")
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/query/shape")


def test_oneself(as_user: AsUser, api_of: Callable[[str], Api], crm: Crm) -> None:
    with crm.session() as session:
        team = Team(name="North")
        session.add(team)
    as_user("customer * team", login="ada", team=team, name="Ada", timezone="Asia/Shanghai", language="zh")
    me = api_of("ada").get("/me").json()
    assert (me["login"], me["name"], me["timezone"], me["language"]) == ("ada", "Ada", "Asia/Shanghai", "zh")
    assert [one["id"] for one in me["teams"]] == [str(team.id)]
    assert [(one["entity"], one["scopes"]["read"]) for one in me["rights"]] == [("customer", "team")]
    assert me["permissions"] == []
    assert me["today"] == "2026-03-15"


def test_health_says_one_word_to_everybody_and_all_to_some(
    api: Api,
    as_user: AsUser,
    api_of: Callable[[str], Api],
    crm: Crm,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert api.get("/health", headers={"authorization": ""}).json() == {"status": "ok"}
    assert api.get("/health/details").status_code == 403
    assert api.get("/health/details", headers={"authorization": ""}).status_code == 401
    as_user("* web.see_health all", login="operator")
    told = api_of("operator").get("/health/details").json()
    assert "database" in {one["area"] for one in told["findings"]}

    def broken() -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr(crm, "schema_state", broken)
    clock.advance(seconds=1)
    ill = api.get("/health", headers={"authorization": ""})
    assert (ill.status_code, ill.json()) == (503, {"status": "error"})
