"""Large bodies: whoever sends one is looked at first; they go through a file, so many at once, and leave nothing behind."""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import crmkit_web
from crmkit import Crm
from crmkit.core.staff import User
from crmkit.testing.making import AsUser, MakeCrm
from crmkit_web.login.tokens import make_token
from crmkit_web.mcp.mounting import PATH as MCP
from crmkit_web.serving import bodies, intake
from crmkit_web.serving.app import web_app
from crmkit_web.serving.site import Site

LARGEST = 6_000_000
TEXT = "text/plain"
Body = Callable[[], Iterator[bytes | None]]


@pytest.fixture
def crm(make_crm: MakeCrm, tmp_path: Path) -> Crm:
    settings = {"largest_upload": LARGEST, "requests": 0, "most_uploads": 4, "slowest_upload": 1, "most_jobs": 1}
    return make_crm(
        plugins=[crmkit_web],
        url=f"sqlite:///{tmp_path / 'web.db'}",
        config={"plugins": {"web": settings}, "attachments": {"largest": LARGEST}},
    )


@pytest.fixture
def token_of(crm: Crm) -> Callable[..., str]:
    """Make a user with these rights and return a token of theirs."""

    def of(login: str, *rights: str) -> str:
        AsUser(crm)(*rights, login=login)
        with crm.session() as session:
            user = session.find(User, login=login)
            assert user is not None
            return make_token(crm.context(session, "web"), user, "test")

    return of


@pytest.fixture
def note(crm: Crm) -> str:
    """The id of an interaction."""
    from crmkit.core.interaction import Interaction

    with crm.session() as session:
        made = Interaction(kind="note", subject="Note", occurred_at=crm.clock.now())
        session.add(made)
        return str(made.id)


class Line:
    """A client that hands out its body only when it is asked for, and counts how much was."""

    def __init__(self, pieces: list[bytes], *, gone: bool = False, waits: asyncio.Event | None = None) -> None:
        self.pieces, self.gone, self.waits = list(pieces), gone, waits
        self.taken = 0
        self.asked = asyncio.Event()
        self.sent: list[Mapping[str, Any]] = []

    async def receive(self) -> Any:
        self.asked.set()
        if not self.pieces:
            if self.gone:
                return {"type": "http.disconnect"}
            if self.waits is not None:
                await self.waits.wait()
            return {"type": "http.request", "body": b"", "more_body": False}
        piece = self.pieces.pop(0)
        self.taken += len(piece)
        return {"type": "http.request", "body": piece, "more_body": True}

    async def send(self, message: Any) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def text(self) -> bytes:
        return b"".join(one.get("body", b"") for one in self.sent[1:])


async def spoken(app: Any, line: Line, method: str, path: str, query: str = "", **headers: str) -> int:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    full = path if path == MCP else f"/api/v1{path}"
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": full,
        "raw_path": full.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": raw,
        "client": ("127.0.0.1", 1),
        "server": ("test", 80),
    }
    await app(scope, line.receive, line.send)
    return line.status


def upload_headers(token: str = "", **more: str) -> dict[str, str]:
    headers = {"content_type": TEXT, "content_disposition": 'attachment; filename="a.txt"', **more}
    return {**headers, "authorization": f"Bearer {token}"} if token else headers


def left_behind(crm: Crm, tmp_path: Path) -> list[Path]:
    """Return the files that nothing in the database is about."""
    return [one for one in tmp_path.rglob("*") if one.is_file() and not one.name.startswith("web.db")]


@pytest.mark.parametrize("length", [True, False], ids=["told", "not told"])
def test_refused_bodies_are_not_read(
    crm: Crm, token_of: Callable[..., str], note: str, tmp_path: Path, length: bool
) -> None:
    app, piece = web_app(crm), b"x" * 100_000
    good, poor = token_of("good", "* * all"), token_of("poor", "interaction read all")
    blind = token_of("blind", "attachment * all")
    told = {"content_length": "500000"} if length else {"transfer_encoding": "chunked"}
    upload, imports = f"/interactions/{note}/attachments", "/imports/file"
    asked = [
        (401, "POST", upload, upload_headers()),
        (401, "POST", upload, upload_headers("crm_nobody")),
        (401, "POST", "/imports", upload_headers()),
        (401, "POST", imports, upload_headers()),
        (401, "POST", "/customers", {"content_type": "application/json"}),
        (401, "POST", MCP, {"content_type": "application/json"}),
        (401, "POST", "/customers/batch", {"content_type": "application/json"}),
        (403, "POST", upload, upload_headers(poor)),
        (403, "POST", "/imports", upload_headers(poor)),
        (404, "POST", upload, upload_headers(blind)),
        (404, "POST", f"/interactions/{crm.system.tenant_id}/attachments", upload_headers(good)),
        (404, "POST", f"/nothings/{note}/attachments", upload_headers(good)),
        (405, "PUT", upload, upload_headers(good)),
        (404, "POST", f"/customers/{note}/attachments", upload_headers(good)),
    ]

    async def all_of_them() -> None:
        for status, method, path, headers in asked:
            line = Line([piece] * 5)
            query = "filename=a.csv" if path == imports else ""
            found = await spoken(app, line, method, path, query, **headers, **told)
            assert found == status, (path, line.text)
            assert line.taken == 0, (status, path)

    asyncio.run(all_of_them())
    assert left_behind(crm, tmp_path) == []


def test_a_body_that_says_it_is_too_large_is_not_read(crm: Crm, token_of: Callable[..., str], note: str) -> None:
    app, token = web_app(crm), token_of("good", "* * all")
    line = Line([b"x"])
    headers = upload_headers(token, content_length=str(10**12))
    assert asyncio.run(spoken(app, line, "POST", f"/interactions/{note}/attachments", **headers)) == 413
    assert line.taken == 0


def test_uploads_do_not_pass_through_memory(crm: Crm, token_of: Callable[..., str], note: str, tmp_path: Path) -> None:
    app, token = web_app(crm), token_of("good", "* * all")
    piece = b"all work and no play\n" * 5_000
    pieces = [piece] * (LARGEST // len(piece))
    form = [b'--b\r\ncontent-disposition: form-data; name="file"; filename="b.txt"\r\n\r\n', *pieces, b"\r\n--b--\r\n"]
    digest = hashlib.sha256(b"".join(pieces)).hexdigest()
    chunked = {"transfer_encoding": "chunked"}
    address = f"/interactions/{note}/attachments"

    async def sent() -> None:
        # Once beforehand, for what is imported and remembered.
        small = Line([b"small"])
        assert await spoken(app, small, "POST", address, **upload_headers(token, **chunked)) == 201, small.text
        for body, kind in ((pieces, TEXT), (form, "multipart/form-data; boundary=b")):
            line = Line(body)
            tracemalloc.start()
            headers = upload_headers(token, **chunked) | {"content_type": kind}
            status = await spoken(app, line, "POST", address, **headers)
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert status == 201, line.text
            assert digest.encode() in line.text
            # Decoding text takes several times a piece; the whole body would be 6 MB in bytes alone.
            assert peak < 0.9 * LARGEST, (kind, peak)

    asyncio.run(sent())
    kept = [hashlib.sha256(one.read_bytes()).hexdigest() for one in left_behind(crm, tmp_path)]
    assert sorted(kept) == sorted({digest, hashlib.sha256(b"small").hexdigest()})


def test_what_ends_badly_leaves_nothing(crm: Crm, token_of: Callable[..., str], note: str, tmp_path: Path) -> None:
    app, token = web_app(crm), token_of("good", "* * all")
    address, large = f"/interactions/{note}/attachments", [b"y" * 400_000] * 3

    async def all_of_them() -> None:
        headers = upload_headers(token, transfer_encoding="chunked")
        assert await spoken(app, Line(large, gone=True), "POST", address, **headers) == 400
        assert await spoken(app, Line(large, waits=asyncio.Event()), "POST", address, **headers) == 408
        assert await spoken(app, Line(large * 6), "POST", address, **headers) == 413
        program = Line([b"MZ" + b"\0" * 400_000, *large])
        assert await spoken(app, program, "POST", address, **headers) == 422, program.text
        broken = headers | {"content_type": "multipart/form-data; boundary=b"}
        assert await spoken(app, Line(large), "POST", address, **broken) == 400
        cut = [b'--b\r\ncontent-disposition: form-data; name="file"; filename="b.txt"\r\n\r\n', *large]
        assert await spoken(app, Line(cut), "POST", address, **broken) == 400

    asyncio.run(all_of_them())
    assert left_behind(crm, tmp_path) == []
    with crm.session(reads=True) as session:
        assert session.count(session.entity("attachment").cls) == 0


def test_a_full_disk_is_told(
    crm: Crm, token_of: Callable[..., str], note: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    app, token = web_app(crm), token_of("good", "* * all")
    monkeypatch.setattr(bodies.asyncio, "to_thread", full)
    line = Line([b"x" * 300_000])
    headers = upload_headers(token, transfer_encoding="chunked")
    assert asyncio.run(spoken(app, line, "POST", f"/interactions/{note}/attachments", **headers)) == 507
    assert b"storage_full" in line.text


def test_so_many_come_at_once_and_of_one_user_a_part(crm: Crm, token_of: Callable[..., str], note: str) -> None:
    app = web_app(crm)
    tokens = [token_of(f"user{number}", "* * all") for number in range(5)]
    address = f"/interactions/{note}/attachments"

    async def all_of_them() -> None:
        go = asyncio.Event()
        lines = [Line([b"z" * 1_000 + bytes([97 + number])], waits=go) for number in range(4)]
        going = []
        for line, token in zip(lines, tokens, strict=False):
            headers = upload_headers(token, transfer_encoding="chunked")
            going.append(asyncio.create_task(spoken(app, line, "POST", address, **headers)))
            await line.asked.wait()
        for token, status in ((tokens[0], 429), (tokens[4], 503)):
            line = Line([b"more"])
            headers = upload_headers(token, transfer_encoding="chunked")
            assert await spoken(app, line, "POST", address, **headers) == status, line.text
            assert (b"too_many_uploads" in line.text, line.taken) == (True, 0)
        # Small ones wait for nobody.
        small = upload_headers(tokens[0], content_length="5")
        assert await spoken(app, Line([b"small"]), "POST", address, **small) == 201
        go.set()
        assert await asyncio.gather(*going) == [201] * 4
        again = upload_headers(tokens[0], transfer_encoding="chunked")
        assert await spoken(app, Line([b"again"]), "POST", address, **again) == 201

    asyncio.run(all_of_them())


def test_rights_taken_away_during_an_upload_count(crm: Crm, token_of: Callable[..., str], note: str) -> None:
    app, token = web_app(crm), token_of("good", "* * all")

    async def sent() -> int:
        go = asyncio.Event()
        line = Line([b"z" * 1_000], waits=go)
        headers = upload_headers(token, transfer_encoding="chunked")
        going = asyncio.create_task(spoken(app, line, "POST", f"/interactions/{note}/attachments", **headers))
        await line.asked.wait()
        thread = threading.Thread(target=frozen)
        thread.start()
        await asyncio.to_thread(thread.join)
        go.set()
        return await going

    def frozen() -> None:
        with crm.session() as session:
            from crmkit.core.entity import change

            session.update(change(session.find(User, login="good"), state="frozen"))

    assert asyncio.run(sent()) == 401


def test_who_may_import_nothing_more_sends_nothing(crm: Crm, token_of: Callable[..., str]) -> None:
    app, token = web_app(crm), token_of("good", "* * all")
    rows = [b"external_id,name,kind\n", *(b"k%d,Name,organization\n" % number for number in range(5_000))]
    headers = upload_headers(token, transfer_encoding="chunked")

    async def sent() -> None:
        for status in (202, 429):
            line = Line(rows)
            query = "filename=a.csv&entity=customer"
            assert await spoken(app, line, "POST", "/imports/file", query, **headers) == status, line.text
            assert bool(line.taken) == (status == 202)

    asyncio.run(sent())


def test_every_upload_says_so(crm: Crm) -> None:
    files = [one for one in Site(crm).endpoints if one.takes != "application/json" and one.body is not None]
    assert {"upload_attachment", "import_form", "import_file"} <= {one.id for one in files}
    assert [one.id for one in files if not one.uploads] == []


def test_a_folder_that_takes_no_file_is_a_problem(
    crm: Crm, token_of: Callable[..., str], note: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(site: Site) -> Any:
        raise PermissionError("the folder")

    monkeypatch.setattr(intake, "nameless_file", refuse)
    app, line = web_app(crm), Line([b"x"])
    headers = upload_headers(token_of("good", "* * all"))
    assert asyncio.run(spoken(app, line, "POST", f"/interactions/{note}/attachments", **headers)) == 500
    assert json.loads(line.text)["code"] == "defect"


@pytest.mark.parametrize(("said", "large"), [("\xb2", True), ("1_0", True), ("9" * 5_000, True), ("00", False)])
def test_lengths_that_are_no_numbers(crm: Crm, said: str, large: bool) -> None:
    endpoint = next(one for one in Site(crm).endpoints if one.id == "create_record")
    assert bodies.is_large(endpoint, {"content-length": said}) is large
