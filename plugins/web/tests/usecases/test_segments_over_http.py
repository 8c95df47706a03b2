"""Segments over HTTP: who is in them and why, lists filled by hand, frozen ones."""

from __future__ import annotations

from plugins.web.tests.conftest import Api
from plugins.web.tests.usecases.conftest import ONE, MakeOne


def test_members_of_a_saved_filter(api: Api, stranger: Api, organization: MakeOne) -> None:
    made = [organization(f"Kestrel {n}", industry="Optics")["id"] for n in range(3)]
    organization("Ada", industry="Glass")
    segment = api.post("/segments", {"name": "optics", "filter": "industry = Optics"}).json()["id"]
    assert api.get(f"/segments/{segment}/count").json() == {"count": 3}
    page = api.get(f"/segments/{segment}/members?limit=2&fields=name").json()
    assert page["entity"] == "customer"
    assert page["items"] == [{"id": id, "version": 1, "name": f"Kestrel {n}"} for n, id in enumerate(made[:2])]
    rest = api.get(f"/segments/{segment}/members?limit=2&cursor={page['next']}").json()
    assert ([one["id"] for one in rest["items"]], rest["next"]) == (made[2:], None)
    why = api.get(f"/segments/{segment}/preview?columns=name,industry&limit=1").json()
    assert (why["columns"], why["more"]) == (["name", "industry"], True)
    assert why["rows"][0]["values"] == ["Kestrel 0", "Optics"]
    assert why["rows"][0]["reasons"] == [{"condition": "industry = Optics", "value": "Optics"}]
    frozen = api.post(f"/segments/{segment}/freeze", {"name": "optics in March"})
    assert (frozen.status_code, frozen.json()["kind"]) == (201, "frozen")
    organization("Late", industry="Optics")
    assert api.get(f"/segments/{segment}/count").json() == {"count": 4}
    assert api.get(f"/segments/{frozen.json()['id']}/count").json() == {"count": 3}
    for address in ("members", "count", "preview"):
        assert stranger.get(f"/segments/{segment}/{address}").status_code == 404
    assert stranger.post(f"/segments/{segment}/freeze", {"name": "mine"}).status_code == 404


def test_lists_are_filled_by_hand(api: Api, stranger: Api, organization: MakeOne) -> None:
    one, other = organization("Kestrel")["id"], organization("Ada")["id"]
    segment = api.post("/segments", {"name": "guests", "kind": "frozen"}).json()["id"]
    address = f"/segments/{segment}/members"
    assert api.post(address, {"ids": [one, other, one]}).json() == {"changed": 2, "count": 2}
    assert api.post(address, {"ids": [one]}).json() == {"changed": 0, "count": 2}
    assert api.post(f"{address}/remove", {"ids": [one]}).json() == {"changed": 1, "count": 1}
    assert [found["id"] for found in api.get(address).json()["items"]] == [other]
    nobody = "0198c2f4-8b7e-7cc1-9d4e-2f6a5b3c1d0e"
    refused = api.post(address, {"ids": [one, nobody]})
    assert (refused.status_code, nobody in refused.text) == (422, True)
    assert [(wrong["pointer"], wrong["code"]) for wrong in refused.json()["errors"]] == [("/ids/1", "reference")]
    assert api.get(f"/segments/{segment}/count").json() == {"count": 1}
    assert stranger.post(address, {"ids": [one]}).status_code == 404
    own = stranger.post("/segments", {"name": "own", "kind": "frozen"}).json()["id"]
    assert stranger.post(f"/segments/{own}/members", {"ids": [one]}).status_code == 409
    assert stranger.get(f"/segments/{own}/members").json()["items"] == []


@ONE
def test_wrong_questions_about_segments_are_told(api: Api, organization: MakeOne) -> None:
    found = api.post("/segments/preview", {"filter": "name = Kestrel", "columns": ["name"]}).json()
    assert found == {"columns": ["name"], "rows": [], "more": False}
    assert api.post("/segments/preview", {"filter": "nam = x"}).status_code in (400, 422)
    wrong = api.post("/segments/preview", {"columns": ["name", "nam"], "limit": 5000}).json()
    assert [one["pointer"] for one in wrong["errors"]] == ["/columns/1", "/limit"]
    for entity in ("custmer", "web_token"):
        wrong = api.post("/segments/preview", {"entity": entity})
        assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/entity")
    segment = api.post("/segments", {"name": "all"}).json()["id"]
    assert api.post(f"/segments/{segment}/members", {"ids": [segment]}).json()["code"] == "no_list"
    assert api.post(f"/segments/{segment}/members", {"ids": []}).json()["errors"][0]["pointer"] == "/ids"
    assert api.post(f"/segments/{segment}/members", {"ids": ["x"]}).json()["errors"][0]["pointer"] == "/ids/0"
    assert api.post(f"/segments/{segment}/freeze", {"name": "all"}).status_code == 422
    assert api.get("/segments/nobody/members").status_code in (400, 404)
    assert api.post("/customers/preview", {}).json()["code"] == "no_such_address"


@ONE
def test_segments_of_credentials_show_nothing(api: Api) -> None:
    segment = api.post("/segments", {"name": "tokens", "entity": "web_token"})
    if segment.status_code == 201:
        for address in ("members", "count", "preview"):
            assert api.get(f"/segments/{segment.json()['id']}/{address}").status_code == 404
