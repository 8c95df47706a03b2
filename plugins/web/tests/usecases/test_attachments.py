"""Files over HTTP: up, listed, down; hostile names and contents are harmless."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from io import BytesIO
from typing import Any
from urllib.parse import quote

import pytest

from crmkit import Crm
from crmkit.testing.making import AsUser
from plugins.web.tests.conftest import Api
from plugins.web.tests.usecases.conftest import ONE

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


@pytest.fixture
def note(api: Api) -> str:
    """The id of an interaction."""
    made = api.post("/interactions", {"kind": "note", "occurred_at": "2026-03-01T12:00:00Z", "subject": "Note"})
    id: str = made.json()["id"]
    return id


def sent(api: Api, note: str, name: str, content: bytes, **given: Any) -> Any:
    return api.post(f"/interactions/{note}/attachments", files={"file": (name, content, "image/png")}, **given)


def test_a_file_goes_up_and_comes_down(api: Api, note: str) -> None:
    up = sent(api, note, "notes.txt", b"calls back on Friday")
    assert up.status_code == 201, up.text
    file = up.json()
    assert (file["filename"], file["media_type"], file["size"]) == ("notes.txt", "text/plain", 20)
    assert api.get(up.headers["location"].removeprefix("/api/v1")).json() == file
    assert sent(api, note, "notes.txt", b"calls back on Friday").json()["id"] == file["id"]
    raw = api.request(
        "POST",
        f"/interactions/{note}/attachments",
        content="Grüße".encode(),
        headers={
            "content-type": "application/octet-stream",
            "content-disposition": "attachment; filename*=UTF-8''%E6%8A%A5%E4%BB%B7.txt",
        },
    )
    assert (raw.status_code, raw.json()["filename"]) == (201, "报价.txt")
    listed = api.get(f"/interactions/{note}/attachments").json()["items"]
    assert [one["filename"] for one in listed] == ["notes.txt", "报价.txt"]
    address = f"/attachments/{file['id']}/content"
    down = api.get(address)
    assert (down.content, down.headers["content-type"]) == (b"calls back on Friday", "application/octet-stream")
    assert down.headers["content-disposition"] == "attachment; filename*=UTF-8''notes.txt"
    assert down.headers["x-content-type-options"] == "nosniff"
    assert down.headers["etag"] == f'"{file["sha256"]}"'
    assert api.get(address, headers={"if-none-match": down.headers["etag"]}).status_code == 304
    part = api.get(address, headers={"range": "bytes=6-9"})
    assert (part.status_code, part.content, part.headers["content-range"]) == (206, b"back", "bytes 6-9/20")
    assert api.get(address, headers={"range": "bytes=-6"}).content == b"Friday"
    assert api.get(address, headers={"range": "bytes=99-"}).status_code == 416
    assert api.get(address, headers={"range": "lines=1-2"}).status_code == 200
    assert api.delete(f"/attachments/{file['id']}").status_code == 204
    assert api.get(address).status_code == 404
    assert [one["filename"] for one in api.get(f"/interactions/{note}/attachments").json()["items"]] == ["报价.txt"]


@ONE
def test_names_become_harmless(api: Api, note: str) -> None:
    for name, kept in (
        ("../../etc/passwd.txt", "passwd.txt"),
        ("..\\..\\windows\\win.txt", "win.txt"),
        ("/", "file"),
        ("con.txt", "_con.txt"),
        ("a\r\nX-Evil: 1.txt", "aX-Evil_ 1.txt"),
        ("bill\u202etxt.exe", "billtxt.exe"),
        ('";filename="x.html', "_;filename=_x.html"),
        ("%2e%2e%2fx.txt", "%2e%2e%2fx.txt"),
        ("报价.txt", "报价.txt"),
    ):
        disposition = "attachment; filename*=UTF-8''" + quote(name, safe="")
        up = api.request(
            "POST",
            f"/interactions/{note}/attachments",
            content=b"some text",
            headers={"content-type": "text/plain", "content-disposition": disposition},
        )
        assert (up.status_code, up.json().get("filename")) == (201, kept), name
        down = api.get(f"/attachments/{up.json()['id']}/content")
        assert "x-evil" not in down.headers
        assert down.headers["content-disposition"] == "attachment; filename*=UTF-8''" + quote(kept, safe="")
    too_long = api.post(f"/interactions/{note}/attachments", files={"file": ("x" * 1_001, b"text")})
    assert too_long.status_code == 422


@ONE
def test_types_are_what_the_content_shows(api: Api, note: str) -> None:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.txt", "a")
    for name, content in (
        ("page.png", b"<!DOCTYPE html><script>alert(1)</script>"),
        ("picture.png", b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>"),
        ("note.txt", b"MZ\x90\0" + b"\0" * 100),
        ("note.txt", b"#!/bin/sh\nrm"),
        ("note.docx", packed.getvalue()),
    ):
        refused = sent(api, note, name, content)
        assert refused.status_code == 422, (name, refused.text)
        assert refused.json()["errors"][0]["code"] == "type_not_taken"
    up = sent(api, note, "really.txt", PNG)
    assert up.json()["media_type"] == "image/png"
    renamed = f"/attachments/{up.json()['id']}"
    assert api.patch(renamed, {"media_type": "text/html"}).status_code == 422
    assert api.patch(renamed, {"filename": "../x.html"}).is_success
    down = api.get(f"/attachments/{up.json()['id']}/content")
    assert down.headers["content-type"] == "application/octet-stream"
    assert down.headers["content-disposition"].endswith("''x.html")
    assert len(api.get(f"/interactions/{note}/attachments").json()["items"]) == 1


@ONE
def test_what_is_no_file_is_told(api: Api, note: str) -> None:
    address = f"/interactions/{note}/attachments"

    def post(content: bytes, kind: str, **headers: str) -> tuple[int, str]:
        answered = api.request("POST", address, content=content, headers={"content-type": kind, **headers})
        return answered.status_code, answered.json()["code"]

    assert post(b"{}", "application/json") == (415, "media_type")
    assert post(b"text", "text/plain") == (422, "validation")
    assert post(b"text", "multipart/form-data") == (400, "bad_form")
    assert post(b"text", "multipart/form-data; boundary=x") == (400, "bad_form")
    cut = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nhalf a fi'
    assert post(cut, "multipart/form-data; boundary=x") == (400, "bad_form")
    other = b'--x\r\nContent-Disposition: form-data; name="other"; filename="a.txt"\r\n\r\nx\r\n--x--\r\n'
    assert post(other, "multipart/form-data; boundary=x") == (422, "validation")
    two = cut.replace(b"half a fi", b"x\r\n") + cut.replace(b"half a fi", b"y\r\n") + b"--x--\r\n"
    assert post(two, "multipart/form-data; boundary=x") == (422, "validation")
    assert post(b"text", "text/plain", **{"content-disposition": "attachment"}) == (422, "validation")
    assert api.get(address).json()["items"] == []


@ONE
def test_large_files_are_refused_and_leave_nothing(api: Api, note: str, crm: Crm) -> None:
    refused = sent(api, note, "large.txt", b"x" * (crm.attachments.rules.largest + 1))
    assert (refused.status_code, refused.json()["code"]) == (413, "too_large")
    beyond = sent(api, note, "large.txt", b"x", headers={"content-length": "99999999999"})
    assert beyond.status_code == 413
    assert api.get(f"/interactions/{note}/attachments").json()["items"] == []
    assert list(crm.attachments.contents.kept(crm.system.tenant_id)) == []


@ONE
def test_files_follow_the_rights_on_their_interaction(
    api: Api, stranger: Api, note: str, as_user: AsUser, api_of: Callable[[str], Api]
) -> None:
    file = sent(api, note, "notes.txt", b"text").json()["id"]
    assert stranger.get(f"/attachments/{file}/content").status_code == 404
    assert stranger.get(f"/interactions/{note}/attachments").status_code == 404
    assert sent(stranger, note, "mine.txt", b"text").status_code == 404
    as_user("interaction read all", "attachment read all", login="reader")
    reader = api_of("reader")
    assert reader.get(f"/attachments/{file}/content").content == b"text"
    assert sent(reader, note, "mine.txt", b"text").status_code == 403
    assert len(api.get(f"/interactions/{note}/attachments").json()["items"]) == 1
    assert api.get(f"/customers/{note}/attachments").json()["code"] == "no_such_address"


@ONE
def test_a_content_that_is_gone_is_told(api: Api, note: str, crm: Crm) -> None:
    file = sent(api, note, "notes.txt", b"text").json()
    crm.attachments.contents.remove(crm.system.tenant_id, file["sha256"])
    assert api.get(f"/attachments/{file['id']}/content").status_code == 404


def test_nobody_points_an_attachment_at_the_content_of_another(api: Api, note: str) -> None:
    body = {"interaction_id": note, "filename": "mine.txt", "sha256": "0" * 64, "size": 1, "media_type": "text/plain"}
    refused = api.post("/attachments", body)
    assert refused.status_code == 422
    assert {one["pointer"] for one in refused.json()["errors"]} == {"/sha256", "/size", "/media_type"}
