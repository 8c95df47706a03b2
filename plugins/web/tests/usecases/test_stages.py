"""Lifecycles over HTTP: where a record stands, where it may go, moving it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crmkit import Crm
from crmkit.core.lifecycle_definition import LifecycleDefinition, StageDefinition
from crmkit.core.values.clock import FixedClock
from plugins.web.tests.conftest import Api
from plugins.web.tests.usecases.conftest import ONE, MakeOne


@pytest.fixture
def way(api: Api, organization: MakeOne, crm: Crm) -> str:
    """The address of a relationship, with a lifecycle that allows little."""
    # The lifecycle comes later: what is related from then on begins its way by itself.
    made = api.post("/relationships", {"customer_id": organization()["id"]})
    with crm.session() as session:
        crm.services_for(session).define(
            LifecycleDefinition(
                name="customer",
                entity="relationship",
                subject="customer_id",
                stages=(
                    StageDefinition(name="new", category="open", to=("won", "lost"), label="New"),
                    StageDefinition(name="won", category="won", to=("lost",)),
                    StageDefinition(name="lost", category="lost", final=True, reason=True),
                ),
            )
        )
    return f"/relationships/{made.json()['id']}"


def test_the_way_of_a_record(api: Api, stranger: Api, way: str, clock: FixedClock) -> None:
    assert api.get(f"{way}/lifecycle").json()["possible"] == ["customer"]
    begun = api.post(f"{way}/lifecycle", {})
    assert begun.status_code == 201
    [track] = begun.json()["tracks"]
    assert (track["stage"], track["category"]) == ("new", "open")
    assert [one["name"] for one in track["allowed"]] == ["won", "lost"]
    clock.advance(days=2)
    at = (clock.now() - timedelta(days=1)).isoformat().replace("+00:00", "Z")
    moved = api.post(f"{way}/transitions", {"to": "won", "at": at})
    assert moved.status_code == 201, moved.text
    [track] = moved.json()["tracks"]
    assert [(one["stage"], one["end"]) for one in track["history"]] == [("new", at), ("won", None)]
    unexplained = api.post(f"{way}/transitions", {"to": "lost"})
    assert unexplained.status_code == 409
    [track] = api.post(f"{way}/transitions", {"to": "lost", "reason": "too dear"}).json()["tracks"]
    assert (track["stage"], track["allowed"], track["history"][-1]["reason"]) == ("lost", [], "too dear")
    assert api.post(f"{way}/transitions", {"to": "new"}).status_code == 409
    assert api.get(f"{way}/lifecycle").json()["tracks"] == [track]
    assert stranger.get(f"{way}/lifecycle").status_code == 404
    assert stranger.post(f"{way}/transitions", {"to": "won"}).status_code == 404
    assert stranger.post(f"{way}/lifecycle", {}).status_code == 404


@ONE
def test_lifecycles_in_force_and_wrong_moves(api: Api, way: str) -> None:
    [known] = api.get("/lifecycles-in-force?entity=relationship").json()["items"]
    assert (known["name"], known["start"]) == ("customer", "new")
    assert [(one["name"], one["to"], one["reason"]) for one in known["stages"]] == [
        ("new", ["won", "lost"], False),
        ("won", ["lost"], False),
        ("lost", [], True),
    ]
    assert api.get("/lifecycles-in-force?entity=customer").json()["items"] == []
    early = api.post(f"{way}/transitions", {"to": "won"})
    assert (early.status_code, early.json()["code"]) == (404, "not_found")
    assert api.post(f"{way}/lifecycle", {"stage": "wonn"}).status_code == 404
    assert api.post(f"{way}/lifecycle", {"lifecycle": "deal"}).status_code == 404
    assert api.post(f"{way}/lifecycle", {}).status_code == 201
    assert api.post(f"{way}/lifecycle", {}).status_code == 409
    assert "won" in api.post(f"{way}/transitions", {"to": "wonn"}).json()["detail"]
    assert api.post(f"{way}/transitions", {"to": "new"}).json()["code"] == "not_possible"
    wrong = api.post(f"{way}/transitions", {"too": "won", "at": "2026-01-01"}).json()
    assert sorted(one["pointer"] for one in wrong["errors"]) == ["/at", "/to", "/too"]
    [track] = api.get(f"{way}/lifecycle").json()["tracks"]
    assert [one["stage"] for one in track["history"]] == ["new"]
