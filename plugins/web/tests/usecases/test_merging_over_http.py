"""Making one record of two over HTTP, and taking it back."""

from __future__ import annotations

from plugins.web.tests.conftest import Api
from plugins.web.tests.usecases.conftest import ONE, MakeOne


def test_preview_merge_and_undo(api: Api, organization: MakeOne) -> None:
    kept, lost = organization("Kestrel"), organization("Kestrel GmbH", industry="Optics", employees=12)
    asked = {"kept_id": kept["id"], "lost_id": lost["id"], "choices": {"name": "lost", "country": {"value": "DE"}}}
    seen = api.post("/customers/merge/preview", asked).json()
    assert (seen["allowed"], seen["versions"], seen["blocked"]) == (True, [1, 1], [])
    fields = {one["field"]: (one["result"], one["taken"]) for one in seen["fields"]}
    assert fields["name"] == ("Kestrel GmbH", "lost")
    assert fields["industry"] == ("Optics", "lost")
    assert fields["country"] == ("DE", "given")
    assert api.get(f"/customers/{lost['id']}").status_code == 200
    done = api.post("/customers/merge", {**asked, "versions": seen["versions"]})
    assert done.status_code == 201
    assert done.json()["kept_id"] == kept["id"]
    one = api.get(f"/customers/{kept['id']}").json()
    assert (one["name"], one["industry"], one["employees"], one["country"]) == ("Kestrel GmbH", "Optics", 12, "DE")
    api.patch(f"/customers/{kept['id']}", {"industry": "Lasers"})
    back = api.post(f"/merges/{done.json()['id']}/undo").json()
    assert back["merge"]["undone_at"] is not None
    assert [(left["record_id"], left["fields"]) for left in back["left"]] == [(kept["id"], ["industry"])]
    assert api.get(f"/customers/{lost['id']}").json()["name"] == "Kestrel GmbH"
    assert api.get(f"/customers/{kept['id']}").json()["name"] == "Kestrel"
    again = api.post(f"/merges/{done.json()['id']}/undo")
    assert (again.status_code, again.json()["code"]) == (409, "conflict")


@ONE
def test_a_merge_of_what_has_changed_since_merges_nothing(api: Api, organization: MakeOne) -> None:
    kept, lost = organization("Kestrel"), organization("Kestrel GmbH")
    api.patch(f"/customers/{lost['id']}", {"industry": "Optics"})
    asked = {"kept_id": kept["id"], "lost_id": lost["id"], "versions": [1, 1]}
    stale = api.post("/customers/merge", asked)
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")
    assert api.get("/merges").json() == {"items": [], "next": None}
    assert api.get(f"/customers/{lost['id']}").status_code == 200


def test_merges_come_page_by_page_to_those_who_see_the_records(api: Api, stranger: Api, organization: MakeOne) -> None:
    kept = organization("Kestrel")
    made = []
    for n in range(3):
        asked = {"kept_id": kept["id"], "lost_id": organization(f"Kestrel {n}")["id"]}
        made.append(api.post("/customers/merge", asked).json()["id"])
    first = api.get("/merges?limit=2").json()
    assert [one["id"] for one in first["items"]] == made[:0:-1]
    rest = api.get(f"/merges?limit=2&cursor={first['next']}").json()
    assert ([one["id"] for one in rest["items"]], rest["next"]) == (made[:1], None)
    api.post(f"/merges/{made[2]}/undo")
    assert [one["id"] for one in api.get("/merges?undone=false").json()["items"]] == made[1::-1]
    assert stranger.get("/merges").json() == {"items": [], "next": None}
    assert stranger.post(f"/merges/{made[0]}/undo").status_code == 404
    assert api.get("/merges?undone=false").json()["items"][0]["undone_at"] is None


@ONE
def test_wrong_merges_are_told(api: Api, stranger: Api, organization: MakeOne) -> None:
    kept, lost = organization("Kestrel"), organization("Ada")
    asked = {"kept_id": kept["id"], "lost_id": lost["id"]}
    bad = api.post("/customers/merge", {"kept_id": "x", "lost": 1, "choices": []}).json()
    assert sorted((one["pointer"], one["code"]) for one in bad["errors"]) == [
        ("/choices", "type"),
        ("/kept_id", "type"),
        ("/lost", "unknown_field"),
        ("/lost_id", "required"),
    ]
    assert api.post("/customers/merge", {**asked, "versions": [1]}).json()["errors"][0]["pointer"] == "/versions"
    assert api.post("/customers/merge", {**asked, "choices": {"nam": "lost"}}).status_code == 400
    assert api.post("/customers/merge", {"kept_id": kept["id"], "lost_id": kept["id"]}).status_code == 400
    assert api.post("/interactions/merge", asked).json()["code"] == "no_such_address"
    assert stranger.post("/customers/merge", asked).status_code == 404
    assert stranger.post("/customers/merge/preview", asked).status_code == 404
    assert api.post("/merges/last/undo").status_code == 400
    typed = api.post("/customers/merge", {**asked, "choices": {"employees": {"value": "many"}}})
    assert typed.status_code == 422
    assert api.get("/merges").json()["items"] == []
