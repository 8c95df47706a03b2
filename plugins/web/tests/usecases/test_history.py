"""Who changed what in a record, and what it was, over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from crmkit import Crm
from crmkit.core.entity import change
from crmkit.core.staff import Role
from crmkit.core.values.clock import FixedClock
from crmkit.testing.making import AsUser
from plugins.web.tests.conftest import Api
from plugins.web.tests.usecases.conftest import ONE, MakeOne


def test_history_comes_page_by_page_and_records_as_they_were(
    api: Api, organization: MakeOne, clock: FixedClock
) -> None:
    began = clock.now()
    made = organization(industry="Glass")
    address = f"/customers/{made['id']}"
    for industry in ("Optics", "Lasers"):
        clock.advance(days=1)
        api.patch(address, {"industry": industry})
    first = api.get(f"{address}/history?limit=2").json()
    assert [(one["action"], one["version"], one["who"]) for one in first["items"]] == [
        ("updated", 3, "root"),
        ("updated", 2, "root"),
    ]
    assert first["items"][0]["changes"] == [
        {"field": "industry", "label": "Industry", "before": "Optics", "after": "Lasers", "hidden": False}
    ]
    last = api.get(f"{address}/history?limit=2&cursor={first['next']}").json()
    assert [(one["action"], last["next"]) for one in last["items"]] == [("created", None)]
    since = (began + timedelta(hours=36)).isoformat().replace("+00:00", "Z")
    assert [one["version"] for one in api.get(f"{address}/history?since={since}").json()["items"]] == [3]
    before = api.get(f"{address}/as-of?at={since}").json()
    assert (before["industry"], before["version"]) == ("Optics", 2)
    api.delete(address)
    assert api.get(f"{address}/history").json()["items"][0]["action"] == "deleted"


@ONE
def test_what_was_not_there_or_was_erased_is_told(api: Api, organization: MakeOne, crm: Crm, clock: FixedClock) -> None:
    made = organization("Ada")
    address = f"/customers/{made['id']}"
    early = api.get(f"{address}/as-of?at=2001-01-01T00:00:00Z")
    assert (early.status_code, early.json()["code"]) == (404, "not_there_yet")
    then = clock.now().isoformat().replace("+00:00", "Z")
    clock.advance(days=1)
    api.patch(address, {"industry": "Mathematics"})
    with crm.session() as session:
        crm.services_for(session).erase(made["id"], "asked for")
    gone = api.get(f"{address}/as-of?at={then}")
    assert (gone.status_code, gone.json()["code"]) == (410, "history_erased")
    assert all(one["erased"] or one["action"] != "created" for one in api.get(f"{address}/history").json()["items"])


@ONE
def test_hidden_fields_are_neither_in_history_nor_in_the_past(
    api: Api, organization: MakeOne, as_user: AsUser, api_of: Callable[[str], Api], crm: Crm
) -> None:
    made = organization(industry="Glass", legal_name="Kestrel & Co")
    as_user("customer read all", login="reader")
    with crm.session() as session:
        role = session.find(Role, name="rights of reader")
        assert role is not None
        session.update(
            change(role, grants=({"entity": "customer", "action": "read", "scope": "all", "fields": ["-legal_name"]},))
        )
    reader = api_of("reader")
    told = reader.get(f"/customers/{made['id']}/history").json()["items"][0]["changes"]
    shown = {one["field"]: (one["after"], one["hidden"]) for one in told}
    assert shown["legal_name"] == (None, True)
    assert shown["industry"] == ("Glass", False)
    past = reader.get(f"/customers/{made['id']}/as-of?at=2099-01-01T00:00:00Z").json()
    assert "legal_name" not in past
    assert (past["industry"], past["version"]) == ("Glass", 1)


@ONE
def test_wrong_questions_are_told_and_strangers_find_nothing(api: Api, stranger: Api, organization: MakeOne) -> None:
    address = f"/customers/{organization()['id']}"
    for cursor in ("1", "x.y", "1." + "g" * 32, "-1." + "0" * 32):
        assert api.get(f"{address}/history?cursor={cursor}").json()["code"] == "bad_cursor"
    wrong = api.get(f"{address}/history?limit=0&since=yesterday").json()
    assert [one["pointer"] for one in wrong["errors"]] == ["/query/since", "/query/limit"]
    missing = api.get(f"{address}/as-of").json()
    assert [(one["pointer"], one["code"]) for one in missing["errors"]] == [("/query/at", "required")]
    assert stranger.get(f"{address}/history").status_code == 404
    assert stranger.get(f"{address}/as-of?at=2099-01-01T00:00:00Z").status_code == 404
    assert api.get("/audit_entries/0198c2f4-8b7e-7cc1-9d4e-2f6a5b3c1d0e/history").json()["code"] == "no_such_address"
