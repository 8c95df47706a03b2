"""What is wrong with a request for long work is told at once, and nothing of it is kept. On one database."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

import crmkit_web
from crmkit import Crm
from crmkit.testing.making import AsUser, MakeCrm
from plugins.web.tests.conftest import Api

ROWS = b"external_id,name,kind\nc1,Kestrel,organization\n"
NOBODY = "0198c2f4-8b7e-7cc1-9d4e-2f6a5b3c1d0e"


@pytest.fixture
def crm(make_crm: MakeCrm, tmp_path: Path) -> Crm:
    """A CRM in a file that takes small uploads and few jobs."""
    settings = {
        "work_folder": str(tmp_path / "work"),
        "largest_upload": 2_000,
        "most_jobs": 2,
        "slowest_upload": 1,
        "slowest_body": 1,
        "largest_body": 1_000,
    }
    return make_crm(plugins=[crmkit_web], config={"plugins": {"web": settings}}, url=f"sqlite:///{tmp_path / 'web.db'}")


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    """Where the files of long work are."""
    return tmp_path / "work"


def left(spool: Path) -> list[Path]:
    return [path for path in spool.rglob("*") if path.is_file()]


def test_bodies_that_ask_for_what_there_is_not(api: Api, spool: Path) -> None:
    for path, body, pointer in (
        ("/exports", {"entity": "custmer"}, "/entity"),
        ("/exports", {"entity": "customer", "filter": "nme = x"}, "/filter"),
        ("/exports", {"entity": "customer", "fields": ["nme"]}, "/fields"),
        ("/exports", {"entity": "customer", "format": "pdf"}, "/format"),
        ("/exports", {"entity": "interaction", "format": "vcard"}, "/format"),
        ("/exports", {}, "/entity"),
        ("/exports", {"entity": "customer", "path": "/etc/passwd"}, "/path"),
        ("/customers/bulk", {"set": {"industry": "x"}}, "/filter"),
        ("/customers/bulk", {"filter": ""}, "/"),
        ("/customers/bulk", {"filter": "", "set": {"industry": "x"}, "delete": True}, "/"),
        ("/customers/bulk", {"filter": "", "set": {}}, "/set"),
        ("/customers/bulk", {"filter": "", "set": {"industri": "x"}}, "/set/industri"),
        ("/customers/bulk", {"filter": "", "set": {"version": 3}}, "/set/version"),
        ("/customers/bulk", {"filter": "nme = x", "delete": True}, "/filter"),
        ("/customers/bulk", {"filter": "", "action": "crmkit.nothing"}, "/action"),
        ("/customers/bulk", {"filter": "", "delete": True, "input": {}}, "/input"),
        ("/customers/bulk", {"filter": "", "add_to": NOBODY}, "/add_to"),
        ("/imports/address", {"url": "https://files.example/x.csv"}, "/entity"),
        ("/imports/address", {"url": "https://files.example/", "entity": "customer"}, "/filename"),
        ("/imports/address", {"url": "https://files.example/x.csv", "entity": "custmer"}, "/entity"),
        ("/imports/address", {"url": "https://files.example/x.csv", "mapping": "name = 3"}, "/mapping"),
        ("/imports/address", {"url": "https://files.example/x.csv", "mapping_name": "../../x"}, "/mapping_name"),
    ):
        refused = api.post(path, body)
        assert refused.status_code == 422, (path, body, refused.text)
        assert refused.json()["errors"][0]["pointer"] == pointer, refused.text
    assert (api.get("/jobs").json()["items"], left(spool)) == ([], [])


def test_addresses_that_nobody_may_be_sent_to(api: Api) -> None:
    for url in (
        "file:///etc/passwd",
        "gopher://files.example/x.csv",
        "http://me:secret@files.example/x.csv",
        "x.csv",
        "",
    ):
        refused = api.post("/imports/address", {"url": url, "entity": "customer", "filename": "x.csv"})
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/url"), url
        assert "secret" not in refused.text


def test_files_that_are_none(api: Api, spool: Path) -> None:
    for name, content, pointer in (
        ("customers.exe", ROWS, "/filename"),
        ("customers", ROWS, "/filename"),
        (".csv", ROWS, "/filename"),
        ("../../customers", ROWS, "/filename"),
        ("customers.csv", b"", "/file"),
        ("customers.csv", b"external_id,nme\nc1,x\n", "/file"),
        ("customers.csv", b"name\nKestrel\n", "/file"),
        ("customers.xlsx", b"PK\3\4 no workbook", "/file"),
    ):
        refused = api.post("/imports", files={"file": (name, content)}, data={"entity": "customer"})
        assert refused.status_code == 422, (name, refused.text)
        assert refused.json()["errors"][0]["pointer"] == pointer, refused.text
        assert str(spool) not in refused.text
    for data in ({}, {"entity": "customer", "dry_run": "maybe"}, {"entity": "customer", "entitty": "x"}):
        refused = api.post("/imports", files={"file": ("c.csv", ROWS)}, data=data)
        assert refused.status_code == 422, refused.text
    assert api.post("/imports", files={"other": ("c.csv", ROWS)}, data={"entity": "customer"}).status_code == 422
    assert (api.get("/jobs").json()["items"], left(spool)) == ([], [])


def test_a_name_is_no_path(api: Api, spool: Path) -> None:
    made = api.post("/imports", files={"file": ("../../../etc/x\u202e.csv", ROWS)}, data={"entity": "customer"}).json()
    assert made["name"] == "x.csv"
    assert [path.relative_to(spool).parts[2:] for path in left(spool) if path.suffix == ".csv"] == [("in", "x.csv")]


def test_bodies_that_are_broken_too_large_or_of_another_kind(api: Api, spool: Path) -> None:
    form = (
        b'--x\r\nContent-Disposition: form-data; name="entity"\r\n\r\ncustomer\r\n'
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="c.csv"\r\n\r\n' + ROWS
    )
    kind = {"content-type": "multipart/form-data; boundary=x"}
    assert api.post("/imports", content=form + b"\r\n--x--\r\n", headers=kind).status_code == 202
    for content, headers, status in (
        (form, kind, 400),
        (form + b"\r\n--x", kind, 400),
        (b"", kind, 400),
        (b"--y--", kind, 400),
        (form, {"content-type": "multipart/form-data"}, 400),
        (form, {"content-type": "application/json"}, 415),
        (b"{}", {"content-type": "text/plain"}, 415),
    ):
        refused = api.post("/imports", content=content, headers=headers)
        assert refused.status_code == status, (content, refused.text)
    large = api.post("/imports/file?filename=c.csv&entity=customer", content=ROWS + b"x" * 700_000)
    assert (large.status_code, large.json()["code"]) == (413, "too_large")
    assert api.post("/imports/file?filename=c.csv&entity=customer", content=form, headers=kind).status_code == 415
    assert len(api.get("/jobs").json()["items"]) == 1


def test_an_upload_that_is_cut_off_or_too_slow_leaves_nothing(api: Api, spool: Path) -> None:
    """The client goes away in the middle of the body, or sends nothing more: no file, no job."""
    for last in ("http.disconnect", ""):
        status = anyio.run(_send_part, api.client.app, api.headers["authorization"], last)
        assert status in (400, 408), status
        assert left(spool) == []
    assert api.get("/jobs").json()["items"] == []


async def _send_part(app: Any, token: str, last: str) -> int:
    messages = [{"type": "http.request", "body": ROWS[:10], "more_body": True}]
    sent: list[Any] = []

    async def receive() -> Any:
        if messages:
            return messages.pop(0)
        if last:
            return {"type": last}
        await anyio.sleep_forever()

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/api/v1/imports/file",
        "raw_path": b"/api/v1/imports/file",
        "query_string": b"filename=c.csv&entity=customer",
        "headers": [
            (b"authorization", token.encode()),
            (b"content-type", b"application/octet-stream"),
            (b"content-length", str(len(ROWS)).encode()),
        ],
        "client": ("127.0.0.1", 1),
        "server": ("test", 80),
        "root_path": "",
        "state": {},
    }
    await app(scope, receive, send)
    return int(sent[0]["status"])


def test_who_may_not_import(api: Api, api_of: Callable[[str], Api], as_user: AsUser) -> None:
    rights = {
        "reader": ("customer read all", "customer bulk all", "import_run * all"),
        "single": ("customer * all", "import_run read all"),
        "small": ("customer create all", "import_run * all"),
    }
    for login, grants in rights.items():
        as_user(*grants, login=login)
        refused = api_of(login).post("/imports", files={"file": ("c.csv", ROWS)}, data={"entity": "customer"})
        assert refused.status_code == 403, login
    made = api.post("/imports", files={"file": ("c.csv", ROWS)}, data={"entity": "customer"}).json()
    as_user("* * all", login="other")
    other = api_of("other")
    for method, path in (
        ("GET", f"/imports/{made['id']}"),
        ("GET", f"/imports/{made['id']}/errors"),
        ("POST", f"/imports/{made['id']}/cancel"),
        ("POST", f"/imports/{made['id']}/revert"),
        ("GET", f"/jobs/{made['id']}"),
        ("POST", f"/jobs/{made['id']}/cancel"),
        ("GET", f"/imports/{NOBODY}"),
    ):
        assert other.request(method, path).status_code == 404, path
    assert other.request("GET", "/imports/../../x").status_code in (400, 404)
    assert (other.get("/imports").json()["items"], other.get("/jobs").json()["items"]) == ([], [])
    assert api.get(f"/imports/{made['id']}").json()["state"] == "waiting"


def test_tokens_are_neither_imported_nor_exported(api: Api) -> None:
    assert api.post("/exports", {"entity": "web_token"}).status_code == 403
    rows = b"id,name\n0198c2f4-8b7e-7cc1-9d4e-2f6a5b3c1d0e,x\n"
    api.post("/imports", files={"file": ("t.csv", rows)}, data={"entity": "web_token"})
    assert api.client is not None
    assert api.post("/web_tokens/bulk", {"filter": "", "delete": True, "dry_run": True}).status_code == 404


def test_who_has_too_much_waiting_is_told_to_wait(api: Api) -> None:
    for status in (202, 202, 429):
        asked = api.post("/imports", files={"file": ("c.csv", ROWS)}, data={"entity": "customer"})
        assert asked.status_code == status
    assert asked.headers["retry-after"]
    first = api.get("/jobs").json()["items"][0]
    assert api.post(f"/jobs/{first['id']}/cancel").status_code == 202
