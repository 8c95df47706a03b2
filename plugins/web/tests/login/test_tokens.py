"""Tokens: made, shown once, narrowed by scopes, ended at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from litestar.testing import TestClient

import crmkit_web
from crmkit import Crm
from crmkit.core.entity import change
from crmkit.core.staff import User
from crmkit.core.values.clock import FixedClock
from crmkit.testing.making import AsUser, MakeCrm
from crmkit_web.login.entities import ApiToken
from crmkit_web.serving.app import web_app
from plugins.web.tests.conftest import Api

ApiOf = Callable[[str], Api]


def test_a_token_is_made_shown_once_and_revoked(api: Api, crm: Crm, served: TestClient[Any]) -> None:
    made = api.post("/auth/tokens", {"name": "nightly import", "days": 30, "scopes": ["read"]})
    assert made.status_code == 201
    token = made.json()
    assert token["token"].startswith("crm_")
    assert token["prefix"] == token["token"][:10]
    assert (token["name"], token["user"], token["scopes"]) == ("nightly import", "root", ["read"])
    own = Api(served, token["token"])
    assert own.get("/customers").status_code == 200
    listed = api.get("/auth/tokens").json()["items"]
    assert [one["name"] for one in listed] == ["test", "nightly import"]
    assert all(set(one) == set(token) - {"token"} for one in listed)
    assert listed[1]["last_used_on"] == crm.clock.now().date().isoformat()
    assert api.delete(f"/auth/tokens/{token['id']}").status_code == 204
    refused = own.get("/customers")
    assert (refused.status_code, refused.json()["code"]) == (401, "bad_token")
    assert refused.headers["www-authenticate"].startswith("Bearer")
    assert [one["name"] for one in api.get("/auth/tokens").json()["items"]] == ["test"]


def test_a_token_ends_with_its_time(api: Api, served: TestClient[Any], clock: FixedClock) -> None:
    text = api.post("/auth/tokens", {"name": "short", "days": 1}).json()["token"]
    own = Api(served, text)
    clock.advance(hours=23, minutes=59)
    assert own.get("/customers").status_code == 200
    clock.advance(minutes=1)
    assert own.get("/customers").status_code == 401


def test_a_token_has_an_end(api: Api) -> None:
    for days, status in ((0, 422), (3_651, 422), (-1, 422), ("many", 422), (None, 422), (3_650, 201)):
        assert api.post("/auth/tokens", {"name": "x", "days": days}).status_code == status, days


def test_unknown_scopes_are_refused_with_the_closest_word(api: Api) -> None:
    refused = api.post("/auth/tokens", {"name": "x", "scopes": ["raed", "customers:read", "action:no.such"]})
    assert refused.status_code == 422
    errors = refused.json()["errors"]
    assert [one["pointer"] for one in errors] == ["/scopes/0", "/scopes/1", "/scopes/2"]
    assert {one["code"] for one in errors} == {"unknown_scope"}
    assert ["did you mean read?" in errors[0]["expected"], "did you mean customer:read?" in errors[1]["expected"]] == [
        True,
        True,
    ]


def test_a_token_of_a_user_who_is_frozen_or_loses_rights_is_worth_less_at_once(
    crm: Crm, as_user: AsUser, api_of: ApiOf
) -> None:
    as_user("customer read all", "customer create all", login="ada")
    ada = api_of("ada")
    assert ada.get("/customers").status_code == 200
    with crm.session() as session:
        user = session.find(User, login="ada")
        assert user is not None
        session.update(change(user, state="frozen"))
    refused = ada.get("/customers")
    assert (refused.status_code, refused.json()["code"]) == (401, "not_active")
    with crm.session() as session:
        user = session.find(User, login="ada")
        assert user is not None
        session.update(change(user, state="active"))
    assert ada.get("/customers").status_code == 200
    with crm.session() as session:
        user = session.find(User, login="ada")
        assert user is not None
        session.update(change(user, state="departed"))
    assert ada.post("/customers", {"name": "Kestrel", "kind": "organization"}).status_code == 401


def test_another_process_hears_of_it_too(api: Api, crm: Crm, make_crm: MakeCrm) -> None:
    url = crm.database.engine.url.render_as_string(hide_password=False)
    other = make_crm(plugins=[crmkit_web], url=url, tenant=crm.tenant, check=False)
    made = api.post("/auth/tokens", {"name": "shared"}).json()
    with TestClient(web_app(other), raise_server_exceptions=False) as client:
        there = Api(client, made["token"])
        assert there.get("/customers").status_code == 200
        assert there.get("/customers").status_code == 200
        api.delete(f"/auth/tokens/{made['id']}")
        assert there.get("/customers").status_code == 401


def test_a_token_is_good_for_its_tenant_alone(api: Api, crm: Crm, make_crm: MakeCrm) -> None:
    url = crm.database.engine.url.render_as_string(hide_password=False)
    other = make_crm(plugins=[crmkit_web], url=url, tenant=uuid4().hex, check=False)
    text = api.headers["authorization"].removeprefix("Bearer ")
    with TestClient(web_app(other), raise_server_exceptions=False) as client:
        assert Api(client, text).get("/customers").status_code == 401
    assert api.get("/customers").status_code == 200


def test_only_the_header_counts_and_only_the_whole_token(api: Api, served: TestClient[Any], crm: Crm) -> None:
    text = api.headers["authorization"].removeprefix("Bearer ")
    with crm.session() as session:
        [stored] = session.list(ApiToken)
    for headers in (
        {},
        {"authorization": text},
        {"authorization": f"Basic {text}"},
        {"authorization": "Bearer"},
        {"authorization": f"Bearer {text[:-1]}"},
        {"authorization": f"Bearer {text}x"},
        {"authorization": f"Bearer {text.upper()}"},
        {"authorization": f"Bearer {stored.digest}"},
        {"authorization": f"Bearer {stored.prefix}%"},
        {"authorization": "Bearer " + "x" * 5_000},
        {"cookie": f"crmkit_session={text}"},
        {"x-api-key": text},
    ):
        answered = served.get("/api/v1/customers", headers=headers)
        assert answered.status_code == 401, headers
    for query in (f"access_token={text}", f"token={text}"):
        assert served.get(f"/api/v1/customers?{query}").status_code == 401
        # Nor is it taken for a parameter that means something.
        assert api.get(f"/customers?{query}").status_code == 400


def test_own_tokens_alone_unless_one_may_manage_those_of_others(
    crm: Crm, as_user: AsUser, api: Api, api_of: ApiOf
) -> None:
    as_user("customer read all", login="ada")
    as_user("* web.manage_tokens all", login="guard")
    ada, guard = api_of("ada"), api_of("guard")
    [theirs] = ada.get("/auth/tokens").json()["items"]
    # Who may do everything with records does not thereby manage what lets people in.
    assert api.get("/auth/tokens?user=ada").status_code == 403
    assert api.delete(f"/auth/tokens/{theirs['id']}").status_code == 404
    assert ada.get("/auth/tokens?user=ada").status_code == 200
    assert [one["user"] for one in guard.get("/auth/tokens?user=ada").json()["items"]] == ["ada"]
    assert guard.get("/auth/tokens?user=nobody").status_code == 404
    assert guard.delete(f"/auth/tokens/{theirs['id']}").status_code == 204
    assert ada.get("/customers").status_code == 401
    assert guard.delete(f"/auth/tokens/{theirs['id']}").status_code == 404
    assert guard.delete("/auth/tokens/no-id").status_code in (400, 404, 422)


def test_a_request_costs_one_look_at_the_version(api: Api, crm: Crm, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[str] = []
    api.get("/customers")
    sessions = type(crm).session

    def counted(self: Crm, *args: Any, **given: Any) -> Any:
        looks.append("session")
        return sessions(self, *args, **given)

    monkeypatch.setattr(type(crm), "session", counted)
    assert api.get("/customers").status_code == 200
    assert looks == ["session"]
