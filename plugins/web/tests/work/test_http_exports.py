"""Exports over HTTP: a file within the rights of its maker, for its maker alone, for some days."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from crmkit import Crm
from crmkit.testing.making import AsUser, MakeCustomer
from plugins.web.tests.conftest import Api


def exported(api: Api, run_jobs: Callable[..., Any], **body: Any) -> Any:
    asked = api.post("/exports", {"entity": "customer", **body})
    assert asked.status_code == 202, asked.text
    run_jobs("web")
    return api.get(f"/exports/{asked.json()['id']}").json()


def fetched(api: Api, export: Any) -> Any:
    return api.client.get(export["file"], headers=api.headers)


def test_an_export_end_to_end(
    api: Api, run_jobs: Callable[..., Any], make_customer: MakeCustomer, spool: Path, clock: Any
) -> None:
    make_customer(name="Kestrel", industry="=cmd|'/c calc'!A1")
    make_customer(name="Heron", industry="Optics")
    asked = api.post("/exports", {"entity": "customer", "fields": ["name", "industry"]}).json()
    assert (asked["state"], asked["file"], asked["total"], asked["format"]) == ("waiting", None, 2, "csv")
    assert api.get(f"/exports/{asked['id']}/file").status_code == 404
    run_jobs("web")
    done = api.get(f"/exports/{asked['id']}").json()
    assert (done["state"], done["counts"]) == ("done", {"records": 2})
    file = fetched(api, done)
    assert file.headers["content-disposition"] == 'attachment; filename="customers.csv"'
    assert file.headers["x-content-type-options"] == "nosniff"
    # No spreadsheet takes a text for a formula.
    assert file.content.decode("utf-8-sig").splitlines() == [
        "name,industry",
        "Kestrel,'=cmd|'/c calc'!A1",
        "Heron,Optics",
    ]
    assert [one["id"] for one in api.get("/exports").json()["items"]] == [asked["id"]]
    clock.advance(days=8)
    run_jobs("web")
    assert fetched(api, done).status_code == 404
    assert api.get(f"/exports/{asked['id']}").json()["file"] is None
    assert not list(spool.rglob("*.csv"))


def test_the_other_formats(api: Api, run_jobs: Callable[..., Any], make_customer: MakeCustomer) -> None:
    make_customer(name="Kestrel", email="a@kestrel.example")
    lines = fetched(api, exported(api, run_jobs, format="jsonl", fields=["name"]))
    assert json.loads(lines.text) == {"name": "Kestrel"}
    book = fetched(api, exported(api, run_jobs, format="xlsx", fields=["name"]))
    sheet = import_module("openpyxl").load_workbook(io.BytesIO(book.content)).active
    assert [row[0].value for row in sheet.iter_rows()] == ["name", "Kestrel"]
    cards = fetched(api, exported(api, run_jobs, format="vcard"))
    assert cards.headers["content-type"].startswith("text/vcard")
    assert "a@kestrel.example" in cards.text


def test_a_filter_narrows(api: Api, run_jobs: Callable[..., Any], make_customer: MakeCustomer) -> None:
    make_customer(name="Kestrel", industry="Optics")
    make_customer(name="Heron")
    done = exported(api, run_jobs, filter="industry = Optics", fields=["name"])
    assert (done["total"], fetched(api, done).text.split()[1:]) == (1, ["Kestrel"])


def test_rights_hold(
    api: Api,
    api_of: Callable[[str], Api],
    as_user: AsUser,
    run_jobs: Callable[..., Any],
    make_customer: MakeCustomer,
    crm: Crm,
) -> None:
    make_customer(name="Kestrel")
    as_user("customer read all", login="reader")
    assert api_of("reader").post("/exports", {"entity": "customer"}).status_code == 403
    as_user("customer read all", "customer export own", login="own")
    own = api_of("own")
    done = exported(own, run_jobs, fields=["name"])
    assert fetched(own, done).text.split() == ["\ufeffname"]
    # Not even who may do everything sees what is another's.
    for path in (f"/exports/{done['id']}", f"/exports/{done['id']}/file", f"/jobs/{done['id']}"):
        assert api.get(path).status_code == 404
    assert api.post(f"/exports/{done['id']}/cancel").status_code == 404
    assert api.get("/exports").json()["items"] == []
    assert api.post("/exports", {"entity": "web_token"}).status_code == 403


def test_a_cancelled_export_leaves_no_file(api: Api, run_jobs: Callable[..., Any], make_customer: MakeCustomer) -> None:
    make_customer(name="Kestrel")
    made = api.post("/exports", {"entity": "customer"}).json()
    assert api.post(f"/exports/{made['id']}/cancel").json()["state"] == "cancelling"
    run_jobs("web")
    ended = api.get(f"/exports/{made['id']}").json()
    assert (ended["state"], ended["file"]) == ("cancelled", None)
    assert api.post(f"/exports/{made['id']}/cancel").status_code == 409


def test_a_large_file_is_packed_where_the_client_takes_it(
    api: Api, run_jobs: Callable[..., Any], make_customer: MakeCustomer
) -> None:
    make_customer(name="Kestrel", description="x" * 2_000)
    done = exported(api, run_jobs, fields=["description"])
    for accepted, packed in (("gzip, br", True), ("br", True), ("gzip;q=0", False), ("", False)):
        file = api.client.get(done["file"], headers=api.headers | {"accept-encoding": accepted})
        assert ("content-encoding" in file.headers, file.headers["vary"]) == (packed, "Accept-Encoding")
        assert file.content.decode("utf-8-sig").split() == ["description", "x" * 2_000]
