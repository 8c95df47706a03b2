"""The addresses of records are there for every entity: of the core, of plugins, and of the configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from litestar.testing import TestClient

import crmkit_web
from crmkit.core.staff import Role, RoleAssignment, User
from crmkit.plugin import Manifest, Record, entity, field, hookimpl
from crmkit.testing.making import MakeCrm
from crmkit_web.login.tokens import make_token
from crmkit_web.serving.app import web_app
from plugins.web.tests.conftest import Api


@entity("fleet_boat", plural="fleet_boats", plugin="fleet", unique=(("sign",),))
class Boat(Record):
    """A boat of a plugin."""

    name: str = field(max_length=100)
    sign: str = field(default="", max_length=20)


class Fleet:
    """A plugin with an entity."""

    manifest = Manifest(name="fleet", version="1.0")

    @hookimpl
    def register_entities(self, ctx: Any, call: Any) -> list[type]:
        return [Boat]


MACHINE = {
    "name": "machine",
    "fields": [
        {"name": "name", "required": True},
        {"name": "sign", "max_length": 20, "unique": True},
        {"name": "boat_id", "reference": "fleet_boat"},
    ],
}


def test_entities_of_plugins_and_of_the_configuration_are_served_alike(make_crm: MakeCrm, tmp_path: Path) -> None:
    crm = make_crm(
        plugins=[crmkit_web, Fleet()], url=f"sqlite:///{tmp_path / 'web.db'}", config={"entities": [MACHINE]}
    )
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
        for plural in ("fleet_boats", "machines"):
            made = api.post(f"/{plural}", {"name": "Petrel", "sign": "P-1"})
            assert (made.status_code, made.headers["etag"]) == (201, '"1"')
            address = f"/{plural}/{made.json()['id']}"
            assert api.post(f"/{plural}", {"name": "Petrel", "sign": "P-1"}).status_code == 409
            assert api.patch(address, {"name": "Puffin"}).json()["name"] == "Puffin"
            found = api.get(f"/{plural}?filter=name+%3D+puffin&fields=name&include=owner").json()
            assert ([one["name"] for one in found["items"]], list(found["included"])) == (["Puffin"], ["user"])
            rows = [{"op": "upsert", "source": "erp", "key": "1", "values": {"name": "Tern", "sign": "T"}}]
            assert api.post(f"/{plural}/batch", {"operations": rows}).json()["results"][0]["status"] == 201
            assert api.get(f"/{plural}/by/erp/1").json()["name"] == "Tern"
            assert api.delete(address).status_code == 204
            assert api.get(address).status_code == 404
            assert api.post(f"{address}/restore").json()["name"] == "Puffin"
        boat = api.get("/fleet_boats?filter=name+%3D+Tern").json()["items"][0]
        api.post("/machines", {"name": "Pump", "boat_id": boat["id"]})
        beside = api.get("/machines?filter=name+%3D+Pump&include=boat").json()["included"]
        assert list(beside["fleet_boat"]) == [boat["id"]]
        machines = api.get(f"/fleet_boats/{boat['id']}?include=machines").json()["included"]["machine"]
        assert [one["name"] for one in machines.values()] == ["Pump"]


def test_every_entity_is_listed_and_found(make_crm: MakeCrm, tmp_path: Path) -> None:
    crm = make_crm(plugins=[crmkit_web], url=f"sqlite:///{tmp_path / 'web.db'}")
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
        for info in crm.registry:
            listed = api.get(f"/{info.plural}?limit=3&count=exact")
            assert listed.status_code == (404 if info.credentials else 200), (info.name, listed.text)
            for record in [] if info.credentials else listed.json()["items"]:
                one = api.get(f"/{info.plural}/{record['id']}")
                assert (one.status_code, one.json()) == (200, record), info.name
                assert one.headers["etag"]
            searched = api.post(f"/{info.plural}/search", {"limit": 3})
            assert searched.status_code == listed.status_code
