"""Personal data, access, surveys and hand-overs over HTTP: what they tell and do, and to whom."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from crmkit import Crm
from crmkit.core.customer import Customer
from crmkit.core.entity import change
from crmkit.core.staff import User
from crmkit.core.survey import SurveyQuestion
from crmkit.testing.making import AsUser, MakeCustomer
from plugins.web.tests.conftest import Api
from plugins.web.tests.usecases.conftest import ONE


def test_all_that_is_held_on_a_person(api: Api, make_customer: MakeCustomer) -> None:
    anna = make_customer(name="Anna Ahrens", kind="person", email="anna@ahrens.example")
    told = api.get(f"/customers/{anna.id}/personal-data?history=true")
    assert told.status_code == 200, told.text
    held = told.json()
    assert (held["customer_id"], held["name"], held["complete"], held["missing"]) == (
        str(anna.id),
        "Anna Ahrens",
        True,
        [],
    )
    records = {one["entity"]: one["records"] for one in held["sections"]}
    assert records["customer"][0]["name"] == "Anna Ahrens"
    assert records["contact_point"][0]["value"] == "anna@ahrens.example"
    assert held["history"]
    assert api.get(f"/customers/{anna.id}/personal-data").json()["history"] == []
    assert api.get(f"/customers/{uuid4()}/personal-data").status_code == 404


def test_an_erasure_is_previewed_confirmed_and_done(crm: Crm, api: Api, make_customer: MakeCustomer) -> None:
    anna = make_customer(name="Anna Ahrens", kind="person", email="anna@ahrens.example")
    address = f"/customers/{anna.id}/erasure"
    plan = api.post(f"{address}-preview", {}).json()
    assert (plan["customer_id"], plan["blocked"], plan["erasure_id"]) == (str(anna.id), [], None)
    assert sum(one["count"] for one in plan["going"]) == plan["records"] > 1
    differs = api.post(address, {"reason": "asked for it", "expected": plan["records"] + 1})
    assert (differs.status_code, differs.json()["code"]) == (409, "count_differs")
    assert api.post(address, {"expected": 1}).json()["errors"][0]["pointer"] == "/reason"
    assert api.post(address, {"reason": " ", "expected": 1}).status_code == 422
    assert api.get(f"/customers/{anna.id}").json()["name"] == "Anna Ahrens"
    done = api.post(address, {"reason": "asked for it", "expected": plan["records"]})
    assert done.status_code == 201, done.text
    assert done.json()["erasure_id"]
    assert api.get(f"/customers/{anna.id}").status_code == 404
    assert "anna" not in api.get("/contact_points").text
    assert api.post(f"{address}-preview", {}).status_code == 404


@ONE
def test_personal_data_takes_its_rights(
    crm: Crm, as_user: AsUser, api_of: Callable[[str], Api], make_customer: MakeCustomer
) -> None:
    anna = make_customer(name="Anna Ahrens", kind="person", email="anna@ahrens.example")
    as_user("* read all", "* update all", "* delete all", login="reader")
    reader = api_of("reader")
    assert reader.get(f"/customers/{anna.id}/personal-data").status_code == 403
    assert reader.post(f"/customers/{anna.id}/erasure-preview", {}).status_code == 403
    assert reader.post(f"/customers/{anna.id}/erasure", {"reason": "x", "expected": 2}).status_code == 403
    with crm.session(reads=True) as session:
        assert session.count(Customer) == 1


def test_why_somebody_may(
    crm: Crm, api: Api, as_user: AsUser, api_of: Callable[[str], Api], make_customer: MakeCustomer
) -> None:
    kestrel = make_customer(name="Kestrel")
    address = f"/customers/{kestrel.id}/access"
    own = api.get(f"{address}?action=erase").json()
    assert (own["user"], own["action"], own["allowed"], own["reasons"][0]["kind"]) == ("root", "erase", True, "all")
    as_user("customer read all", login="reader")
    with crm.session(reads=True) as session:
        reader = session.find(User, login="reader")
        root = session.find(User, login="root")
        assert reader is not None
        assert root is not None
    others = api.get(f"{address}?action=delete&user={reader.id}").json()
    assert (others["user"], others["allowed"], others["reasons"]) == ("reader", False, [])
    assert others["against"]
    as_reader = api_of("reader")
    assert as_reader.get(address).json()["allowed"] is True
    assert as_reader.get(f"{address}?user={root.id}").status_code == 404
    assert as_reader.get(f"{address}?action=steal").status_code == 400
    assert api.get(f"{address}?user={uuid4()}").status_code == 404
    assert api.get(f"/customers/{uuid4()}/access").status_code == 404


def test_a_survey_is_asked_answered_and_reported(crm: Crm, api: Api, make_customer: MakeCustomer) -> None:
    kestrel = make_customer(name="Kestrel")
    with crm.session() as session:
        session.add(SurveyQuestion(name="delivery", text="How was it?", survey="after"))
    asked = api.post(f"/customers/{kestrel.id}/surveys", {"survey": "after"})
    assert asked.status_code == 201, asked.text
    assert (asked.json()["kind"], asked.json()["status"]) == ("survey", "in_progress")
    address = f"/interactions/{asked.json()['id']}/answers"
    assert api.get("/satisfaction").json()["total"]["c"] is None
    for wrong in (
        {"answers": []},
        {"answers": [{"question": "nothing"}]},
        {"answers": [{"question": "delivery"}, {"question": "delivery"}]},
        {"answers": [{"question": "delivery", "expected": "11", "experienced": "4"}]},
    ):
        assert api.post(address, wrong).status_code == 422, wrong
    given = {"question": "delivery", "expected": "8", "experienced": "6", "comment": "late"}
    done = api.post(address, {"answers": [given]})
    assert (done.status_code, done.json()["status"]) == (200, "completed"), done.text
    found = api.get(f"/satisfaction?customer={kestrel.id}").json()
    assert (found["by"], found["total"]["asked"], found["total"]["answered"]) == ("question", 1, 1)
    assert [(row["label"], row["c"], row["nps"]) for row in found["rows"]] == [("How was it?", "0.750", None)]
    assert api.get("/satisfaction?since=2090-01-01T00:00:00Z").json()["total"]["asked"] == 0
    assert api.get("/satisfaction?filter=name ==== 1").status_code == 400
    assert api.get(f"/satisfaction?customer={uuid4()}").status_code == 404
    assert api.post(f"/customers/{kestrel.id}/surveys", {"survey": "before"}).status_code == 422
    note = api.post("/interactions", {"kind": "note", "occurred_at": "2026-03-01T12:00:00Z", "subject": "Note"}).json()
    refused = api.post(f"/interactions/{note['id']}/answers", {"answers": [given]})
    assert (refused.status_code, refused.json()["code"]) == (409, "no_survey")


def test_a_user_hands_over_and_gets_it_back(
    crm: Crm, api: Api, as_user: AsUser, make_customer: MakeCustomer, run_jobs: Callable[..., Any]
) -> None:
    leaves, stays = as_user("* * all", login="leaves"), as_user("* * all", login="stays")
    kestrel, heron = make_customer(name="Kestrel"), make_customer(name="Heron")
    with crm.session() as session:
        for one in (kestrel, heron):
            session.update(change(session.get(Customer, one.id), owner_id=leaves.user_id))
    address = f"/users/{leaves.user_id}"
    owned = {one["entity"]: one["total"] for one in api.get(f"{address}/holdings").json()["owned"]}
    assert owned["customer"] == 2
    nobody = api.post(f"{address}/hand-over-preview", {}).json()
    assert {one["entity"] for one in nobody["untaken"]} == {"customer"}
    assert nobody["blocked"]
    assert api.post(f"{address}/hand-over-preview", {"rest": ["nobody"]}).status_code == 422
    assert api.post(f"{address}/hand-over", {"rest": ["leaves"]}).status_code == 422
    for what in ("hand-over", "hand-over-preview"):
        wordy = api.post(f"{address}/{what}", {"rest": ["stays"], "note": "x" * 501})
        assert (wordy.status_code, wordy.json()["errors"][0]["pointer"]) == (422, "/note")
    rules = {"rules": [{"to": ["root"], "filter": "name = Heron"}], "rest": ["stays"], "note": "moves on"}
    plan = api.post(f"{address}/hand-over-preview", rules)
    assert plan.status_code == 200, plan.text
    assert plan.json()["blocked"] == []
    assert {(one["heir"], one["entity"], one["count"]) for one in plan.json()["passes"]} == {
        ("root", "customer", 1),
        ("stays", "customer", 1),
    }
    asked = api.post(f"{address}/hand-over", rules)
    assert (asked.status_code, asked.json()["state"]) == (202, "waiting"), asked.text
    run_jobs("web")
    assert api.get(asked.headers["location"].removeprefix("/api/v1")).json()["state"] == "done"
    assert api.get(address).json()["state"] == "departed"
    assert api.get(f"/customers/{kestrel.id}").json()["owner_id"] == str(stays.user_id)
    over = api.get("/handovers").json()["items"][0]
    assert over["note"] == "moves on"
    back = api.post(f"/handovers/{over['id']}/undo")
    assert back.status_code == 202, back.text
    run_jobs("web")
    assert api.get(f"/customers/{kestrel.id}").json()["owner_id"] == str(leaves.user_id)
    assert api.get(address).json()["state"] == "active"


@ONE
def test_hand_overs_take_the_right_to_change_the_user(
    crm: Crm, api: Api, as_user: AsUser, api_of: Callable[[str], Api]
) -> None:
    leaves = as_user("* * all", login="leaves")
    as_user("* read all", login="reader")
    reader, address = api_of("reader"), f"/users/{leaves.user_id}"
    for answer in (
        reader.get(f"{address}/holdings"),
        reader.post(f"{address}/hand-over-preview", {"rest": ["reader"]}),
        reader.post(f"{address}/hand-over", {"rest": ["reader"]}),
        reader.post(f"{address}/hand-over", {}),
    ):
        assert answer.status_code == 403, answer.text
    assert api.get(address).json()["state"] == "active"
