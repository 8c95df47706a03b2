"""The feed of changes: in order, nothing skipped, nothing that one may not see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from litestar.testing import TestClient

from crmkit import Crm
from crmkit.core.customer import Customer
from crmkit.core.entity import change
from crmkit.core.staff import Role, User
from crmkit.testing.making import AsUser
from crmkit_web.login.tokens import make_token
from plugins.web.tests.conftest import Api
from plugins.web.tests.usecases.conftest import ONE, MakeOne


def followed(api: Api, since: str, **query: Any) -> list[dict[str, Any]]:
    """Return everything behind a place, page by page; a page never gives a place again."""
    found: list[dict[str, Any]] = []
    more = True
    while more:
        page = api.get("/changes", params={"since": since, "entities": "customer", **query}).json()
        found += page["items"]
        more = page["more"]
        assert not more or page["next"] != since
        since = page["next"]
    return found


def test_changes_come_in_order_from_any_place_on(api: Api, organization: MakeOne) -> None:
    start = api.get("/changes?since=now").json()
    assert (start["items"], start["more"]) == ([], False)
    first = organization("Kestrel")
    second = organization("Ada")
    api.patch(f"/customers/{first['id']}", {"industry": "Optics"})
    api.delete(f"/customers/{second['id']}")
    for limit in (1, 2, 100):
        told = followed(api, start["next"], limit=limit)
        assert [(one["type"], one["record_id"], one["version"]) for one in told] == [
            ("customer.created", first["id"], 1),
            ("customer.created", second["id"], 1),
            ("customer.updated", first["id"], 2),
            ("customer.deleted", second["id"], 2),
        ]
        assert told[2]["changes"] == {"industry": {"before": "", "after": "Optics"}}
    every = followed(api, "")
    assert [one["id"] for one in every][-4:] == [one["id"] for one in told]
    assert followed(api, "2001-01-01T00:00:00Z") == every
    assert followed(api, "2099-01-01T00:00:00Z") == []
    kinds = {one["entity"] for one in api.get("/changes?since=2001-01-01T00:00:00Z&limit=1000").json()["items"]}
    assert kinds > {"user", "role", "customer"}
    assert not any(kind.startswith("web_token") for kind in kinds)


def test_nothing_is_told_of_records_and_fields_that_one_may_not_see(
    api: Api, stranger: Api, organization: MakeOne, as_user: AsUser, api_of: Callable[[str], Api], crm: Crm
) -> None:
    start = api.get("/changes?since=now").json()["next"]
    made = organization("Kestrel", legal_name="Kestrel & Co", industry="Glass")
    assert followed(stranger, start) == []
    page = stranger.get(f"/changes?since={start}").json()
    assert page["next"] != start
    own = stranger.post("/customers", {"name": "Own", "kind": "organization"}).json()
    assert [one["record_id"] for one in followed(stranger, page["next"])] == [own["id"]]
    as_user("customer read all", login="reader")
    with crm.session() as session:
        role = session.find(Role, name="rights of reader")
        assert role is not None
        grants = ({"entity": "customer", "action": "read", "scope": "all", "fields": ["-legal_name"]},)
        session.update(change(role, grants=grants))
    told = followed(api_of("reader"), start)
    assert [one["record_id"] for one in told] == [made["id"], own["id"]]
    assert "legal_name" not in told[0]["changes"]
    assert told[0]["changes"]["industry"]["after"] == "Glass"


@pytest.mark.parametrize("crm", ["postgresql"], indirect=True)
def test_what_commits_late_is_not_skipped(api: Api, organization: MakeOne, crm: Crm) -> None:
    """Writers of SQLite take turns, so nothing commits late there."""
    start = api.get("/changes?since=now").json()["next"]
    early, late = Customer(name="Early", kind="organization"), Customer(name="Late", kind="organization")
    with crm.session() as slow:
        slow.add(late)
        slow.flush()
        with crm.session() as quick:
            quick.add(early)
        waiting = api.get(f"/changes?since={start}").json()
        assert (waiting["items"], waiting["next"]) == ([], start)
    told = followed(api, waiting["next"])
    assert [one["record_id"] for one in told] == [str(late.id), str(early.id)]


@ONE
def test_a_long_gap_of_what_one_may_not_see_is_passed_in_pages(
    stranger: Api, crm: Crm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crmkit.services.events.changes.LOOKED_THROUGH", 10)
    start = stranger.get("/changes?since=now").json()["next"]
    with crm.session() as session:
        session.add(*[Customer(name=f"Foreign {n}", kind="organization") for n in range(25)])
    own = stranger.post("/customers", {"name": "Own", "kind": "organization"}).json()
    page = stranger.get(f"/changes?since={start}").json()
    assert (page["items"], page["more"]) == ([], True)
    assert [one["record_id"] for one in followed(stranger, start)] == [own["id"]]


def test_an_erased_record_is_told_without_what_it_held(api: Api, organization: MakeOne, crm: Crm) -> None:
    start = api.get("/changes?since=now").json()["next"]
    made = organization("Ada", industry="Glass")
    with crm.session() as session:
        crm.services_for(session).erase(made["id"], "asked for")
    told = followed(api, start)
    assert "customer.erased" in [one["type"] for one in told]
    assert all(one["erased"] and not one["changes"] for one in told if one["type"] != "customer.updated")
    assert "Ada" not in repr(told)
    assert api.get(f"/customers/{made['id']}").status_code == 404


@ONE
def test_places_that_cannot_be_are_told(api: Api) -> None:
    good = api.get("/changes?since=now").json()["next"]
    number, _, mark = good.partition("-")
    for since in ("x", "1-" + mark, f"{number}-{'0' * 12}", "2026-01-31", "2026-01-31T09:30:00", "-", "9" * 99, "ff"):
        refused = api.get("/changes", params={"since": since})
        assert (refused.status_code, refused.json()["code"]) == (400, "bad_cursor"), since
    for odd in ("custmer", "web_token"):
        (wrong,) = api.get(f"/changes?entities=customer,{odd}").json()["errors"]
        assert (wrong["pointer"], wrong["code"]) == ("/query/entities", "bad_parameter")


@ONE
def test_a_place_ahead_of_the_log_is_gone(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a database was restored from a copy."""
    from crmkit_web.changes import feed

    monkeypatch.setattr(feed, "_mark", lambda call, place: "0" * 12)
    refused = api.get(f"/changes?since={2**40:x}-{'0' * 12}")
    assert (refused.status_code, refused.json()["code"]) == (410, "unknown_place")


@ONE
def test_a_token_for_less_hears_of_less(api: Api, organization: MakeOne, crm: Crm, served: TestClient[Any]) -> None:
    start = api.get("/changes?since=now").json()["next"]
    organization("Kestrel")
    api.post("/products", {"sku": "L1", "name": "Lens"})
    with crm.session() as session:
        root = session.find(User, login="root")
        assert root is not None
        token = make_token(crm.context(session, "web"), root, "narrow", scopes=("product:read",))
    told = Api(served, token).get(f"/changes?since={start}").json()["items"]
    assert [one["type"] for one in told] == ["product.created"]
