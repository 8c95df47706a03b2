"""One plugin stands in for another one's extensions, and a server whose plugins are wrong does not start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

import crmkit_web
from crmkit.core.errors import ConfigError
from crmkit.core.staff import Role, RoleAssignment, User
from crmkit.plugin import Action, ActionCall, Manifest, Metric, Report, ReportCall, Route, RouteCall, hookimpl, msg
from crmkit.testing.making import MakeCrm
from crmkit_web.login.tokens import make_token
from crmkit_web.serving.app import web_app
from plugins.web.tests.conftest import Api
from plugins.web.tests.extensions.visits import Plugin


def better(ctx: Any, call: RouteCall) -> dict[str, Any]:
    return {"better": ctx.plugin}


def told(ctx: Any, call: ActionCall) -> dict[str, Any]:
    return {"done": ctx.plugin}


def figures(ctx: Any, call: ReportCall) -> list[Metric]:
    return [Metric(msg("Better"), 1)]


class Better:
    manifest = Manifest(name="better", version="1.0", requires=("visits",), summary="Better visits.")

    @hookimpl
    def register_routes(self, ctx: Any, call: Any) -> list[Route]:
        route = Route(
            "better.tour", "GET", "tour", better, msg("Tour."), returns=dict[str, Any], replaces="visits.tour"
        )
        return [route]

    @hookimpl
    def register_actions(self, ctx: Any, call: Any) -> list[Action]:
        return [Action("better.break", msg("Mend"), told, returns=dict[str, Any], replaces="visits.break")]

    @hookimpl
    def register_reports(self, ctx: Any, call: Any) -> list[Report]:
        return [Report("better.ways", msg("Ways"), figures, replaces="visits.ways")]


class Worse:
    manifest = Manifest(name="worse", version="1.0", summary="Wrong.")

    @hookimpl
    def register_actions(self, ctx: Any, call: Any) -> list[Action]:
        return [Action("worse.act", msg("Act"), told, entity="custmer")]


def test_what_stands_in_is_found_where_the_other_one_was(make_crm: MakeCrm, tmp_path: Path) -> None:
    crm = make_crm(plugins=[crmkit_web, Plugin(), Better()], url=f"sqlite:///{tmp_path / 'better.db'}")
    with crm.session() as session:
        user, role = (
            User(login="root", name="root"),
            Role(name="all", grants=({"entity": "*", "action": "*", "scope": "all"},)),
        )
        session.add(user, role, RoleAssignment(user_id=user.id, role_id=role.id))
        session.flush()
        token = make_token(crm.context(session, "web"), user, "test")
    with TestClient(web_app(crm), raise_server_exceptions=False) as client:
        api = Api(client, token)
        assert api.get("/visits/tour").json() == {"better": "better"}
        assert api.get("/better/tour").status_code == 404
        for id in ("visits.break", "better.break"):
            assert api.post(f"/actions/{id}", {}).json() == {"done": "better"}
        for id in ("visits.ways", "better.ways"):
            assert api.get(f"/reports/{id}").json()["id"] == "better.ways"
        document = api.get("/openapi.json").json()["paths"]
        assert document["/api/v1/visits/tour"]["get"]["operationId"] == "visits_tour"


def test_a_server_whose_plugins_are_wrong_does_not_start(make_crm: MakeCrm) -> None:
    crm = make_crm(plugins=[crmkit_web, Worse()])
    with pytest.raises(ConfigError, match=r"plugin worse, register_actions, 'worse\.act': .* did you mean customer\?"):
        web_app(crm)
