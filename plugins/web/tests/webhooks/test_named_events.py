"""Domain events of plugins: webhooks name them, hear of them with their payload, and see their schemas."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import attrs
import pytest

import crmkit_web
from crmkit import Crm
from crmkit.plugin import EventDeclaration, Manifest, hookimpl, msg
from crmkit.testing.making import AsUser, MakeCrm
from plugins.web.tests.conftest import Api
from plugins.web.tests.webhooks.conftest import HookTo, Receiver, worked


@attrs.frozen
class Reached:
    """What a customer reached."""

    level: int = attrs.field(metadata={"help": msg("The level.")})


LEVEL = EventDeclaration("club.level_reached", "customer", Reached, msg("A customer reached a level."))


class Club:
    """Tells of a level for each new customer."""

    manifest = Manifest(name="club")

    @hookimpl
    def register_events(self) -> list[EventDeclaration]:
        return [LEVEL]

    @hookimpl(entities=("customer",))
    def derive_records(self, ctx: Any, call: Any) -> list[Any]:
        return [LEVEL.of(c.after, Reached(3)) for c in call.changes if c.created]


@pytest.fixture(params=["sqlite", "postgresql"])
def crm(request: pytest.FixtureRequest, make_crm: MakeCrm, tmp_path: Path, settings: dict[str, Any]) -> Crm:
    given: dict[str, Any] = {"url": f"sqlite:///{tmp_path / 'web.db'}"}
    if request.param == "postgresql":
        given = {"url": request.getfixturevalue("web_postgres_url"), "tenant": uuid4().hex, "check": False}
    return make_crm([crmkit_web, Club()], {"plugins": {"web": settings}}, **given)


def test_a_webhook_hears_of_it_by_name(crm: Crm, manager: Api, receiver: Receiver, hook_to: HookTo) -> None:
    hook = hook_to(receiver, "club.level_reached")
    made = manager.post("/customers", {"name": "Kestrel", "kind": "organization"}).json()
    worked(crm)
    (told,) = [one.verified(hook.secret) for one in receiver.received]
    assert told["type"] == "club.level_reached"
    assert {name: told["data"][name] for name in ("entity", "id", "schema_version", "payload")} == {
        "entity": "customer",
        "id": made["id"],
        "schema_version": 1,
        "payload": {"level": 3},
    }


def test_all_of_a_plugin_and_thin_ones(crm: Crm, manager: Api, receiver: Receiver, hook_to: HookTo) -> None:
    hook_to(receiver, "club.*", payload="thin")
    manager.post("/customers", {"name": "Kestrel", "kind": "organization"})
    worked(crm)
    (told,) = receiver.received
    assert set(told.document["data"]) == {"event_id", "entity", "id"}


def test_an_unknown_name_is_refused_with_the_closest(crm: Crm, manager: Api, receiver: Receiver) -> None:
    answer = manager.post("/webhooks", {"url": receiver.url, "events": ["club.level_raeched"]})
    assert answer.status_code == 422
    assert "club.level_reached" in answer.text


def test_types_come_with_their_schema(crm: Crm, manager: Api) -> None:
    items = manager.get("/webhooks/event-types").json()["items"]
    (level,) = [one for one in items if one["type"] == "club.level_reached"]
    assert level == {
        "type": "club.level_reached",
        "entity": "customer",
        "label": "A customer reached a level.",
        "version": 1,
        "schema": {
            "type": "object",
            "properties": {"level": {"type": "integer", "description": "The level."}},
            "required": ["level"],
        },
    }


def test_nobody_posts_one(crm: Crm, manager: Api, as_user: AsUser) -> None:
    customer = manager.post("/customers", {"name": "Kestrel", "kind": "organization"}).json()
    forged = {"name": "club.level_reached", "entity": "customer", "record_id": customer["id"], "data": {"level": 9}}
    assert manager.post("/domain_events", forged).status_code == 403
    (told,) = manager.get("/domain_events").json()["items"]
    assert told["data"] == {"level": 3}
