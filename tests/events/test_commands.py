"""The commands: crmkit events list, subscribers, parked, retry, discard, replay, deliver."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from crmkit.cli.program import program
from crmkit.core.access import Actor, Scope
from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.errors import AccessDenied
from crmkit.runtime.crm import Crm
from tests.events.subscribers import positions, save

PLUGIN = """
from pathlib import Path

from crmkit.plugin import Manifest, hookimpl

manifest = Manifest(name="club")


@hookimpl
def after_events_committed(ctx, call):
    for event in call.events:
        if Path("poisoned").exists() and event.type == "customer.created":
            raise ValueError("no card left")
        with open("sent", "a") as sent:
            sent.write(event.type + "\\n")
        call.done(event)
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crm]:
    """A database with two customers, which a plugin of one file was there for."""
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "club.py").write_text(PLUGIN)
    (tmp_path / "crmkit.toml").write_text('plugin_folder = "plugins"\ndisable = ["relay"]\n')
    for name, value in {"CRMKIT_DB": f"sqlite:///{tmp_path / 'crm.db'}", "CRMKIT_LANGUAGE": "en"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "poisoned").touch()
    run("db", "create")
    # Whoever opens it first, gives the plugin its place.
    run("count", "customer")
    with Crm.open(f"sqlite:///{tmp_path / 'crm.db'}", plugins=[]) as crm:
        anna, bo = Customer(name="Anna", kind="person"), Customer(name="Bo", kind="person")
        save(crm, anna, bo)
        save(crm, ContactPoint(customer_id=anna.id, kind="email", value="anna@example.com"))
        yield crm


def run(*words: str, code: int = 0) -> Result:
    result = CliRunner().invoke(program, list(words))
    assert result.exit_code == code, result.stderr
    return result


def said(*words: str, code: int = 0) -> Any:
    return json.loads(run(*words, "--json", code=code).stdout)


def test_events_are_listed_as_cloud_events(shop: Crm) -> None:
    first, *rest = positions(shop)
    documents = said("events", "list")
    assert documents == shop.events.list()
    assert [document["type"] for document in documents] == ["customer.created"] * 2 + ["contact_point.created"]
    assert {document["specversion"] for document in documents} == {"1.0"}
    assert said("events", "list", "--after", str(first)) == documents[1:]
    assert said("events", "list", "--type", "contact_point.created") == documents[2:]
    assert said("events", "list", "customer", documents[0]["subject"]) == documents[:1]
    assert said("events", "list", "contact-point") == documents[2:]
    assert said("events", "list", "--since", "now + 1 hour") == []
    assert said("events", "list", "--since", "now - 1 hour") == documents
    page = run("events", "list", "--limit", "2")
    assert f"there are more; go on with --after {rest[0]}" in page.stderr
    assert "contact_point.created" not in page.stdout
    assert "no entity custommer; did you mean customer?" in run("events", "list", "custommer", code=3).stderr


def test_what_failed_is_shown_tried_again_and_given_up(shop: Crm, tmp_path: Path) -> None:
    anna, bo, mail = positions(shop)
    # One gives the events, the other moves the place of the hook that waits for none of these.
    assert said("events", "deliver") == {"deliveries": 2, "waiting": 0}
    parked = said("events", "parked", "club")
    assert [(item["position"], item["state"], item["behind"]) for item in parked] == [
        (anna, "retrying", None),
        (bo, "retrying", None),
        (mail, "waiting", anna),
    ]
    shown = run("events", "parked").stdout
    assert "ValueError: no card left" in shown
    assert f"waits ({anna})" in shown
    (health,) = [one for one in said("events", "subscribers")["subscribers"] if one["plugin"] == "club"]
    assert (health["subscriber"], health["lag"], health["retrying"], health["waiting"]) == ("club:events", 0, 2, 1)
    assert "club:events" in run("events", "subscribers").stdout
    assert "0 taken, 3 still parked" in run("events", "retry", "club", code=1).stderr
    assert said("events", "discard", "club", str(bo)) == {"subscriber": "club", "discarded": 1}
    (tmp_path / "poisoned").unlink()
    assert said("events", "retry", "club", str(anna)) == {"subscriber": "club", "taken": 2, "parked": []}
    assert (tmp_path / "sent").read_text().split() == ["customer.created", "contact_point.created"]
    assert "nothing is parked for club:events" in run("events", "discard", "club", str(bo), code=4).stderr
    assert "no subscriber nobody" in run("events", "retry", "nobody", code=4).stderr


def test_a_replay_is_previewed_and_then_made(shop: Crm, tmp_path: Path) -> None:
    (tmp_path / "poisoned").unlink()
    run("events", "deliver")
    first = str(positions(shop)[1])
    plan = said("events", "replay", "club", "--from", first, "--again", "--dry-run")
    assert (plan["plan"]["events"], plan["done"]) == (2, False)
    assert len((tmp_path / "sent").read_text().split()) == 3
    preview = run("events", "replay", "club", "--from", first, "--dry-run").stderr
    assert "club:events would be told of 0 events behind position" in preview
    assert "2 it was told before" in preview
    run("events", "replay", "club", "--from", first)
    assert len((tmp_path / "sent").read_text().split()) == 3
    assert "was given 2 events" in run("events", "replay", "club", "--from", first, "--again").stderr
    assert (tmp_path / "sent").read_text().split()[3:] == ["customer.created", "contact_point.created"]
    assert said("events", "replay", "club", "--since", "now - 1 hour", "--again")["plan"]["events"] == 3
    assert "give --from or --since" in run("events", "replay", "club", code=2).stderr


def test_who_may_look_and_who_may_steer(crm: Crm) -> None:
    save(crm, Customer(name="Anna", kind="person"))
    nobody = Actor(name="nobody", tenant_id=crm.system.tenant_id)
    looking = Actor(name="looking", tenant_id=crm.system.tenant_id, grants={("event", "read"): Scope.ALL})
    with pytest.raises(AccessDenied, match="nobody may not read the event log"):
        crm.events.health(nobody)
    with pytest.raises(AccessDenied, match="nobody may not read the event log"):
        crm.events.list(nobody)
    assert len(crm.events.list(looking)) == 1
    for act in (
        lambda: crm.events.discard("x", [1], looking),
        lambda: crm.events.retry("x", (), looking),
        lambda: crm.events.replay("x", looking, position=0),
    ):
        with pytest.raises(AccessDenied, match="looking may not steer the delivery of events"):
            act()


def test_plugins_reach_it_by_their_services(crm: Crm) -> None:
    save(crm, Customer(name="Anna", kind="person"))
    with crm.session(reads=True) as session:
        services = crm.services_for(session)
        (event,) = services.list_events(entity="customer")
        assert event.type == "customer.created"
        assert services.events_health().end == event.position
        assert services.parked_events() == []
