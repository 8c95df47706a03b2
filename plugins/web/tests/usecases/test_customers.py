"""Timelines, recognition and consent over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crmkit.testing.making import AsUser
from plugins.web.tests.conftest import Api
from plugins.web.tests.usecases.conftest import ONE, Finder, MakeOne


def call(api: Api, customer: str, at: str, **fields: Any) -> str:
    """Log a call with a customer and return its id."""
    made = api.post("/interactions", {"kind": "call", "occurred_at": at, **fields})
    assert made.status_code == 201, made.text
    part = {"interaction_id": made.json()["id"], "customer_id": customer}
    assert api.post("/interaction_participants", part).status_code == 201
    id: str = made.json()["id"]
    return id


def test_a_timeline_mixes_interactions_and_sources_page_by_page(
    api: Api, organization: MakeOne, finder: Finder
) -> None:
    customer = organization()["id"]
    for hour in (12, 13, 15):
        call(api, customer, f"2026-03-01T{hour}:00:00Z", subject=f"Call at {hour}", channel="phone")
    finder.parcels = 5
    whole = api.get(f"/customers/{customer}/timeline").json()
    titles = [one["title"] for one in whole["items"]]
    # At one instant what plugins know comes first, the greatest key before the others.
    assert titles == [
        "Call at 15",
        "Parcel 4",
        "Parcel 3",
        "Parcel 2",
        "Call at 13",
        "Parcel 1",
        "Parcel 0",
        "Call at 12",
    ]
    assert whole["items"][1]["source"] == "finder.parcels"
    assert (whole["next"], whole["errors"]) == (None, [])
    for limit in (1, 3):
        found: list[str] = []
        cursor = ""
        while True:
            page = api.get(f"/customers/{customer}/timeline?limit={limit}&cursor={cursor}").json()
            found += [one["title"] for one in page["items"]]
            cursor = page["next"]
            if not cursor:
                break
        assert found == titles
    address = f"/customers/{customer}/timeline"
    some = api.get(f"{address}?kinds=parcel&since=2026-03-01T13:00:00Z&until=2026-03-01T13:30:00Z").json()
    assert [one["title"] for one in some["items"]] == ["Parcel 3", "Parcel 2"]
    assert [one["title"] for one in api.get(f"{address}?channel=phone&limit=1").json()["items"]] == ["Call at 15"]
    for until in ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59Z"):
        assert [one["title"] for one in api.get(f"{address}?until={until}").json()["items"]] == titles
    assert api.get(f"{address}?until=0001-01-01T00:00:00Z").json()["items"] == []
    filtered = api.get(address, params={"filter": "subject contains 13"}).json()
    assert [one["title"] for one in filtered["items"]] == ["Call at 13"]


@ONE
def test_a_source_that_fails_leaves_the_rest_and_tells_no_secrets(
    api: Api, organization: MakeOne, finder: Finder
) -> None:
    customer = organization()["id"]
    call(api, customer, "2026-03-01T12:00:00Z", subject="Call")
    finder.breaks = True
    told = api.get(f"/customers/{customer}/timeline").json()
    assert [one["title"] for one in told["items"]] == ["Call"]
    assert [(one["plugin"], one["code"]) for one in told["errors"]] == [("finder", "plugin_error")]
    assert "secret" not in told["errors"][0]["detail"]


@ONE
def test_timelines_are_of_those_who_see_the_customer(api: Api, stranger: Api, organization: MakeOne) -> None:
    customer = organization()["id"]
    assert stranger.get(f"/customers/{customer}/timeline").status_code == 404
    assert api.get("/customers/nobody/timeline").status_code in (400, 404)
    for cursor in ("x", "W10", "WzEsMiwzXQ"):
        assert api.get(f"/customers/{customer}/timeline?cursor={cursor}").status_code == 400
    assert api.get(f"/customers/{customer}/timeline", params={"filter": "nothing ="}).status_code in (400, 422)
    assert api.get(f"/users/{customer}/timeline").json()["code"] == "no_such_address"


def test_identify_tells_who_and_why(api: Api, stranger: Api, organization: MakeOne) -> None:
    made = organization("Kestrel Optics")
    point = {"customer_id": made["id"], "kind": "email", "value": "sales@kestrel.example"}
    assert api.post("/contact_points", point).status_code == 201
    known = api.post("/identify", {"emails": ["Sales@Kestrel.example"], "phones": ["not a phone"]}).json()
    assert (known["kind"], known["customer_id"]) == ("known", made["id"])
    assert len(known["ignored"]) == 1
    alike = api.post("/identify", {"name": "Kestrel Optics", "kind": "organization"}).json()
    assert [one["customer_id"] for one in alike["candidates"]] == [made["id"]]
    assert alike["candidates"][0]["reasons"][0]["code"].startswith("name.")
    hidden = stranger.post("/identify", {"emails": ["sales@kestrel.example"]}).json()
    assert (hidden["kind"], hidden["customer_id"], hidden["candidates"]) == ("unknown", None, [])
    assert api.post("/identify", {}).json()["kind"] == "unknown"
    wrong = api.post(
        "/identify", {"emails": ["a@b.example"] * 21, "birth_date": "yesterday", "kind": "dog", "mail": "x"}
    ).json()
    assert {"/birth_date", "/kind", "/mail"} <= {one["pointer"] for one in wrong["errors"]}
    many = api.post("/identify", {"emails": ["a@b.example"] * 21, "name": "x" * 501}).json()
    assert [one["code"] for one in many["errors"]] == ["too_many", "too_long"]


@ONE
def test_consent_is_recorded_and_decided(api: Api, organization: MakeOne) -> None:
    customer = organization()["id"]
    asked = {"channel": "Email", "purpose": "newsletter"}
    decide = f"/customers/{customer}/consent-decision"
    silent = api.post(decide, asked).json()
    assert (silent["allowed"], silent["consent_id"]) == (False, None)
    said = {"decision": "granted", "purpose": "newsletter", "channel": "email", "evidence": "form 12"}
    granted = api.post(f"/customers/{customer}/consents", {**said, "at": "2026-01-01T00:00:00Z"})
    assert granted.status_code == 201
    assert granted.headers["location"] == f"/api/v1/consents/{granted.json()['id']}"
    allowed = api.post(decide, asked).json()
    assert (allowed["allowed"], allowed["consent_id"]) == (True, granted.json()["id"])
    assert "2026-01-01" in allowed["reason"]
    taken = api.post(f"/customers/{customer}/consents", {"decision": "withdrawn", "purpose": "*"})
    assert taken.status_code == 201
    after = api.post(decide, asked, headers={"accept-language": "zh"}).json()
    assert (after["allowed"], len(after["considered"])) == (False, 2)
    assert after["reason"] != api.post(decide, asked).json()["reason"]
    assert api.post(decide, {**asked, "at": "2026-01-02T00:00:00Z"}).json()["allowed"] is True


@ONE
def test_consents_are_the_business_of_those_who_see_the_customer(
    api: Api, stranger: Api, organization: MakeOne, as_user: AsUser, api_of: Callable[[str], Api]
) -> None:
    customer = organization()["id"]
    asked, said = {"channel": "email", "purpose": "news"}, {"decision": "granted", "purpose": "news"}
    assert stranger.post(f"/customers/{customer}/consent-decision", asked).status_code == 404
    assert stranger.post(f"/customers/{customer}/consents", said).status_code == 404
    as_user("customer read all", login="reader")
    reader = api_of("reader")
    assert reader.post(f"/customers/{customer}/consent-decision", asked).json()["allowed"] is False
    assert reader.post(f"/customers/{customer}/consents", said).status_code == 403
    assert api.get(f"/consents?filter=customer_id+%3D+{customer}").json()["items"] == []
    wrong = api.post(f"/customers/{customer}/consents", {"decision": "maybe", "purpos": ""}).json()
    assert sorted(one["pointer"] for one in wrong["errors"]) == ["/decision", "/purpos", "/purpose"]
    other = organization("Other")["id"]
    point = api.post("/contact_points", {"customer_id": other, "kind": "email", "value": "a@b.example"}).json()["id"]
    foreign = api.post(f"/customers/{customer}/consents", {**said, "contact_point_id": point})
    assert foreign.status_code == 409
    assert api.post(f"/customers/{customer}/consent-decision", {**asked, "contact_point_id": point}).status_code == 400
