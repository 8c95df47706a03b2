"""Bulk actions over HTTP: as many records as were confirmed, each by the one write path, as whoever asked."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

from crmkit import Crm
from crmkit.core.customer import Customer
from crmkit.core.entity import change
from crmkit.core.journal import AuditEntry
from crmkit.core.staff import User
from crmkit.testing.making import AsUser, MakeCustomer
from plugins.web.tests.conftest import Api


def ask(api: Api, expected: int, **body: Any) -> Any:
    asked = api.post("/customers/bulk", {"filter": "", "expected": expected, **body})
    assert asked.status_code == 202, asked.text
    return asked.json()


def names(api: Api, filter: str = "") -> list[str]:
    items = api.get(f"/customers?filter={filter}&sort=name").json()["items"]
    return [one["name"] for one in items]


def on_list(crm: Crm, segment: Any) -> int:
    with crm.session(reads=True) as session:
        found: int = crm.context(session, "web").services.count_segment(segment)
    return found


def test_values_are_set_once_the_number_is_confirmed(
    api: Api, crm: Crm, run_jobs: Callable[..., Any], make_customer: MakeCustomer
) -> None:
    for name in ("Heron", "Kestrel"):
        make_customer(name=name, industry="Optics")
    make_customer(name="Egret", industry="Glass")
    body = {"filter": "industry = Optics", "set": {"industry": "Glass"}}
    assert api.post("/customers/bulk", {**body, "dry_run": True}).json() == {"count": 2}
    assert api.post("/customers/bulk", body).json()["errors"][0]["pointer"] == "/expected"
    differs = api.post("/customers/bulk", {**body, "expected": 3})
    assert (differs.status_code, differs.json()["code"]) == (409, "count_differs")
    asked = ask(api, 2, **body)
    assert (asked["kind"], asked["state"], asked["total"]) == ("bulk", "waiting", 2)
    assert names(api, "industry+%3D+Glass") == ["Egret"]
    run_jobs("web")
    done = api.get(f"/jobs/{asked['id']}").json()
    assert (done["state"], done["counts"]) == ("done", {"done": 2, "unchanged": 0, "failed": 0, "left": 0})
    assert names(api, "industry+%3D+Glass") == ["Egret", "Heron", "Kestrel"]
    with crm.session(reads=True) as session:
        entries = session.list(AuditEntry, entity="customer", action="updated")
        # It is the change of whoever asked.
        assert {entry.actor_id for entry in entries} == {crm.actor("root").user_id}
        assert {entry.plugin for entry in entries} == {""}


def test_values_that_no_record_can_hold_are_told_at_once(api: Api, make_customer: MakeCustomer) -> None:
    """Also where there is no record yet to try them on."""
    wrong = {"name": "", "timezone": "Nowhere/Else", "entity": "x" * 101}
    told = api.post("/segments/bulk", {"filter": "", "set": wrong, "dry_run": True})
    assert told.status_code == 422, told.text
    assert [(one["pointer"], one["code"]) for one in told.json()["errors"]] == [
        ("/set/name", "required"),
        ("/set/timezone", "format"),
        ("/set/entity", "too_long"),
    ]
    right = {"filter": "", "set": {"name": "All", "timezone": ""}, "dry_run": True}
    assert api.post("/segments/bulk", right).json() == {"count": 0}
    make_customer(name="Heron")
    told = api.post("/customers/bulk", {"filter": "", "set": {"country": "ZZ"}, "dry_run": True})
    assert [(one["pointer"], one["code"]) for one in told.json()["errors"]] == [("/set/country", "format")]


def test_what_matches_by_then_counts(api: Api, run_jobs: Callable[..., Any], make_customer: MakeCustomer) -> None:
    make_customer(name="Heron")
    asked = ask(api, 1, set={"industry": "Glass"})
    make_customer(name="Kestrel")
    run_jobs("web")
    failed = api.get(f"/jobs/{asked['id']}").json()
    assert (failed["state"], failed["problem"]["code"]) == ("failed", "conflict")
    assert names(api, "industry+%3D+Glass") == []


def test_what_cannot_be_changed_is_in_the_file_of_errors_and_the_rest_is_done(
    api: Api, api_of: Callable[[str], Api], as_user: AsUser, run_jobs: Callable[..., Any], make_customer: MakeCustomer
) -> None:
    bob = as_user("customer read all", "customer update own", "customer bulk all", login="bob")
    mine = make_customer(name="Heron", owner_id=bob.user_id)
    others = make_customer(name="Kestrel")
    asked = ask(api_of("bob"), 2, set={"industry": "Glass"})
    run_jobs("web")
    done = api_of("bob").get(f"/jobs/{asked['id']}").json()
    assert (done["state"], done["counts"]["done"], done["counts"]["failed"]) == ("done", 1, 1)
    file = api.client.get(done["errors_file"], headers=api_of("bob").headers)
    (row,) = csv.DictReader(io.StringIO(file.content.decode("utf-8-sig")))
    assert (row["id"], row["code"]) == (str(others.id), "access_denied")
    assert api.get(f"/customers/{mine.id}").json()["industry"] == "Glass"
    assert api.get(f"/jobs/{asked['id']}/errors").status_code == 404


def test_records_are_deleted(api: Api, run_jobs: Callable[..., Any], make_customer: MakeCustomer) -> None:
    for name in ("Heron", "Kestrel"):
        make_customer(name=name)
    ask(api, 1, filter="name = Heron", delete=True)
    run_jobs("web")
    assert names(api) == ["Kestrel"]


def test_records_go_on_a_list_and_off_it(
    api: Api, crm: Crm, run_jobs: Callable[..., Any], make_customer: MakeCustomer
) -> None:
    for name in ("Heron", "Kestrel"):
        make_customer(name=name)
    with crm.session() as session:
        segment = crm.context(session, "web").services.create_segment("Birds", entity="customer", frozen=True)
    asked = ask(api, 2, add_to=str(segment.id))
    run_jobs("web")
    assert api.get(f"/jobs/{asked['id']}").json()["counts"]["done"] == 2
    assert on_list(crm, segment) == 2
    ask(api, 1, filter="name = Heron", remove_from=str(segment.id))
    run_jobs("web")
    assert on_list(crm, segment) == 1
    wrong = api.post("/interactions/bulk", {"filter": "", "add_to": str(segment.id), "dry_run": True})
    assert wrong.json()["errors"][0]["pointer"] == "/add_to"


def test_rights_hold(api_of: Callable[[str], Api], as_user: AsUser, make_customer: MakeCustomer) -> None:
    make_customer(name="Heron")
    as_user("customer read all", "customer update all", login="single")
    as_user("customer read all", "customer bulk all", login="reader")
    for login in ("single", "reader"):
        refused = api_of(login).post("/customers/bulk", {"filter": "", "set": {"industry": "x"}, "dry_run": True})
        assert refused.status_code == 403
    as_user("customer * all", login="bob")
    refused = api_of("reader").post("/customers/bulk", {"filter": "", "delete": True, "dry_run": True})
    assert refused.status_code == 403


def test_a_user_who_is_frozen_by_then_changes_nothing(
    api: Api,
    api_of: Callable[[str], Api],
    as_user: AsUser,
    crm: Crm,
    run_jobs: Callable[..., Any],
    make_customer: MakeCustomer,
    clock: Any,
) -> None:
    make_customer(name="Heron")
    bob = as_user("customer * all", login="bob")
    ask(api_of("bob"), 1, set={"industry": "Glass"})
    with crm.session() as session:
        session.update(change(session.get(User, bob.user_id or ""), state="frozen"))
    for _ in range(3):
        run_jobs("web")
        clock.advance(hours=1)
    assert names(api, "industry+%3D+Glass") == []
    with crm.session(reads=True) as session:
        assert session.count(Customer, "industry = Glass") == 0
    assert crm.jobs.list(name="web.bulk")[0].state == "parked"
