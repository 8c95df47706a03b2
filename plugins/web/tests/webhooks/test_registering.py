"""Making and changing webhooks: what is checked, which events and records they hear of, and the commands."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from crmkit import Crm
from crmkit.cli.program import program
from crmkit.core.grouping import Tag
from crmkit.core.values.clock import FixedClock
from plugins.web.tests.conftest import Api
from plugins.web.tests.webhooks.conftest import HookTo, Receiver

Work = Callable[[], None]


def pointers(api: Api, method: str, path: str, body: dict[str, Any]) -> list[tuple[str, str]]:
    answer = api.request(method, path, json=body)
    assert answer.status_code == 422, answer.text
    return [(one["pointer"], one["code"]) for one in answer.json()["errors"]]


def test_all_that_is_wrong_is_told(manager: Api, receiver: Receiver, hook_to: HookTo) -> None:
    assert pointers(manager, "POST", "/webhooks", {}) == [("/url", "required"), ("/events", "required")]
    wrong = {"url": 5, "events": ["custmer.created", "customer.made", "Customer", "*"], "payload": "fat", "secret": "x"}
    assert pointers(manager, "POST", "/webhooks", wrong) == [
        ("/secret", "unknown_field"),
        ("/url", "type"),
        ("/payload", "choice"),
        ("/events/0", "unknown_event"),
        ("/events/1", "unknown_event"),
        ("/events/2", "bad_event"),
    ]
    hook = hook_to(receiver, "customer.*")
    for body, expected in [
        ({"filter": "name ="}, ("/filter", "bad_filter")),
        ({"filter": "nam = 'x'"}, ("/filter", "bad_filter")),
        ({"filter": "name = x", "events": ["*.created"]}, ("/filter", "bad_filter")),
        ({"events": []}, ("/events", "required")),
        ({"events": "customer.*"}, ("/events", "type")),
        ({"state": "active"}, ("/state", "unknown_field")),
    ]:
        assert pointers(manager, "PATCH", hook.path, body) == [expected]


def test_a_replay_says_from_where_on(manager: Api, receiver: Receiver, hook_to: HookTo) -> None:
    hook = hook_to(receiver)
    since = "2026-01-01T00:00:00Z"
    wrong: list[dict[str, Any]] = [
        {},
        {"since": "yesterday"},
        {"since": "2026-01-01T00:00:00"},
        {"event_id": 5},
        {"since": since, "event_id": "x"},
        {"all": True},
    ]
    for body in wrong:
        assert manager.post(f"{hook.path}/replay", body).status_code == 422, body
    unknown = {"delivery_id": "01a203d0-229e-7184-9e75-a47c911e6727"}
    assert manager.post(f"{hook.path}/replay", unknown).status_code == 404


def test_the_life_of_a_webhook(manager: Api, receiver: Receiver, hook_to: HookTo) -> None:
    hook = hook_to(receiver, "customer.created", description="for the shop")
    shown = manager.get(hook.path).json()
    assert (shown["description"], shown["state"], shown["payload"]) == ("for the shop", "active", "full")
    assert "secret" not in json.dumps(shown)
    assert manager.get("/webhooks").json()["items"] == [shown]
    stale = manager.patch(hook.path, {"payload": "thin"}, headers={"if-match": '"7"'})
    assert stale.status_code == 412
    changed = manager.patch(hook.path, {"events": ["*.deleted"], "payload": "thin"}).json()
    assert (changed["events"], changed["payload"]) == (["*.deleted"], "thin")
    reason = manager.post(f"{hook.path}/disable", headers={"accept-language": "en"}).json()["reason"]
    assert reason == {"code": "asked", "detail": "somebody disabled it"}
    assert manager.post(f"{hook.path}/enable").json()["reason"] is None
    assert manager.delete(hook.path).status_code == 204
    assert manager.get(hook.path).status_code == 404


def test_wildcards_and_what_is_never_told(
    manager: Api, receiver: Receiver, other_receiver: Receiver, hook_to: HookTo, work: Work
) -> None:
    hook_to(receiver, "*")
    hook_to(other_receiver, "*.updated", "tag.*")
    customer = manager.post("/customers", {"name": "Kestrel", "kind": "organization"}).json()
    manager.patch(f"/customers/{customer['id']}", {"industry": "Optics"})
    manager.post("/tags", {"name": "dear"})
    work()
    work()
    # Neither webhooks nor their deliveries are told of, nor is anything else that lets somebody in.
    assert sorted(receiver.types) == ["customer.created", "customer.updated", "tag.created"]
    assert sorted(other_receiver.types) == ["customer.updated", "tag.created"]
    items = manager.get("/webhooks/event-types").json()["items"]
    assert {"type": "customer.created", "entity": "customer", "label": "Customer"} in items
    types = {one["type"] for one in items}
    assert {"customer.created", "customer.erased", "tag.deleted"} <= types
    assert not any(one.startswith(("web_webhook", "web_token", "web_delivery", "event", "audit")) for one in types)


def test_a_filter_chooses_records_as_they_are_when_it_is_told(
    manager: Api, receiver: Receiver, hook_to: HookTo, work: Work
) -> None:
    hook_to(receiver, "customer.*", filter="country = DE")
    for country in ("DE", "FR"):
        manager.post("/customers", {"name": f"Kestrel {country}", "kind": "organization", "country": country})
    work()
    assert [one.document["data"]["record"]["country"] for one in receiver.received] == ["DE"]


def test_a_thin_payload_holds_ids_alone(manager: Api, receiver: Receiver, hook_to: HookTo, work: Work) -> None:
    hook_to(receiver, "customer.created", payload="thin")
    manager.post("/customers", {"name": "Kestrel", "kind": "organization"})
    work()
    (told,) = receiver.received
    assert set(told.document["data"]) == {"event_id", "entity", "id", "number"}
    assert b"Kestrel" not in told.body


def test_what_happened_before_is_not_told(
    manager: Api, receiver: Receiver, hook_to: HookTo, work: Work, clock: FixedClock
) -> None:
    manager.post("/customers", {"name": "Kestrel", "kind": "organization"})
    hook = hook_to(receiver, "customer.created")
    work()
    assert receiver.received == []
    manager.post(f"{hook.path}/replay", {"since": "2026-01-01T00:00:00Z"})
    work()
    assert receiver.types == ["customer.created"]


def test_more_events_than_fit_into_one_part_of_a_replay(
    crm: Crm, manager: Api, receiver: Receiver, hook_to: HookTo, monkeypatch: pytest.MonkeyPatch, work: Work
) -> None:
    from crmkit_web.webhooks import replaying

    monkeypatch.setattr(replaying, "SOME", 1)
    with crm.session() as session:
        session.add(*[Tag(name=f"tag {number}") for number in range(20)])
    hook = hook_to(receiver, "tag.created")
    work()
    before = len(receiver.received)
    manager.post(f"{hook.path}/replay", {"since": "2026-01-01T00:00:00Z"})
    work()
    assert len(receiver.received) - before == 20


def test_the_commands(
    crm: Crm, manager: Api, receiver: Receiver, work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "crmkit.toml"
    networks = 'allowed_networks = ["127.0.0.0/8"]'
    config.write_text(
        f'disable = ["sfa", "relay"]\n[plugins.web]\n{networks}\nsecret_key = "the test\'s own"\n', "utf-8"
    )
    monkeypatch.setenv("CRMKIT_CONFIG", str(config))
    monkeypatch.setenv("CRMKIT_DB", str(crm.database.engine.url))

    def run(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(program, ["webhook", *words])
        assert result.exit_code == code, result.output
        return result.output

    made = json.loads(run("add", receiver.url, "tag.*", "--owner", "mona", "--thin", "--json"))
    id = made["id"]
    assert made["secret"].startswith("whsec_")
    assert made["secret"] not in run("show", id) + run("list", "--json")
    assert "delivered: status 204" in run("test", id[-6:])
    assert receiver.received[0].path == "/hook"
    (attempt,) = json.loads(run("log", id, "--json"))
    assert (attempt["type"], attempt["outcome"]) == ("webhook.test", "delivered")
    assert "webhook.test" in run("log", id)
    receiver.answer((500, {}, b"no room"))
    assert "not delivered: 500 no room" in run("test", id, code=1)
    assert run("rotate", id).startswith("whsec_")
    run("disable", id)
    assert "somebody disabled it" in run("list")
    run("enable", id)
    assert "tells it once more" in run("replay", id, "--since", "2026-01-01")
    assert "give one of" in run("replay", id, code=2)
    assert "public internet" in run("add", "http://10.0.0.1", "*", "--owner", "mona", code=3)
    run("remove", id)
    run("show", id, code=4)
    assert "there are no webhooks" in run("list")
