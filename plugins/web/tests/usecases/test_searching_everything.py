"""One search: records of the index, what plugins find, and those that fail."""

from __future__ import annotations

from uuid import UUID

from crmkit.hooks.web.questions import SearchFound
from plugins.web.tests.conftest import Api
from plugins.web.tests.usecases.conftest import ONE, Finder, MakeOne


def test_everything_is_found_and_who_fails_takes_nobody_along(api: Api, organization: MakeOne, finder: Finder) -> None:
    made = organization("Kestrel Optics")
    finder.found = [
        SearchFound("Kestrel parcel", address="https://parcels.example/1", detail="on its way", score=0.5),
        SearchFound("Kestrel box", entity="customer", record_id=UUID(made["id"]), score=0.9),
    ]
    found = api.get("/search?q=Kestrel").json()
    assert [(one["entity"], one["id"], one["title"]) for one in found["items"]] == [
        ("customer", made["id"], "Kestrel Optics")
    ]
    assert found["items"][0]["excerpt"] == {"text": "Kestrel Optics", "marks": [[0, 7]]}
    broken, parcels = found["provided"]
    assert (broken["provider"], broken["items"], broken["error"]) == ("finder.broken", [], None)
    assert [one["label"] for one in parcels["items"]] == ["Kestrel box", "Kestrel parcel"]
    finder.breaks = True
    found = api.get("/search?q=Kestrel").json()
    assert len(found["items"]) == 1
    assert found["provided"][0]["error"]["code"] == "plugin_error"
    assert "nowhere" not in found["provided"][0]["error"]["detail"]
    assert len(found["provided"][1]["items"]) == 2


@ONE
def test_what_one_may_not_see_does_not_count(api: Api, stranger: Api, organization: MakeOne, finder: Finder) -> None:
    foreign = [organization(f"Kestrel {n}")["id"] for n in range(3)]
    own = stranger.post("/customers", {"name": "Kestrel Own", "kind": "organization"}).json()["id"]
    finder.found = [
        SearchFound("Kestrel", entity="customer", record_id=UUID(id), score=1.0 - n / 10)
        for n, id in enumerate([*foreign, own])
    ]
    found = stranger.get("/search?q=Kestrel&limit=1").json()
    assert [one["id"] for one in found["items"]] == [own]
    assert [one["record_id"] for one in found["provided"][1]["items"]] == [own]


@ONE
def test_wrong_searches_are_told(api: Api, finder: Finder, organization: MakeOne) -> None:
    organization("Kestrel")
    assert api.get("/search").json()["errors"][0]["pointer"] == "/query/q"
    (wrong,) = api.get("/search?q=x&entities=custmer").json()["errors"]
    assert (wrong["pointer"], wrong["code"]) == ("/query/entities", "unknown_entity")
    assert api.get("/search?q=x&limit=201").status_code == 400
    assert api.get("/search?q=Kestrel&entities=product").json()["items"] == []
    finder.found = [SearchFound("Kestrel", entity="custmer", record_id=UUID(int=1))]
    assert api.get("/search?q=Kestrel").json()["provided"][1]["error"]["plugin"] == "finder"
    for hostile in ("' OR 1=1 --", "{{7*7}}", "%00", "\u202e", "x" * 500, "*", '"'):
        assert api.get("/search", params={"q": hostile}).status_code in (200, 400)
