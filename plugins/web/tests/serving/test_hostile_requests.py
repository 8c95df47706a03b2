"""Requests that mean no good, or that come by a bad line, over real sockets."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

import crmkit_web
from crmkit import Crm
from crmkit.core.customer import Customer
from crmkit.core.staff import User
from crmkit.testing.making import AsUser, MakeCrm
from crmkit_web.login.tokens import make_token
from crmkit_web.serving import protocol
from crmkit_web.serving.app import web_app
from crmkit_web.serving.process import uvicorn_config

LARGEST = 20_000


@pytest.fixture
def crm(make_crm: MakeCrm, tmp_path: Path) -> Crm:
    settings = {"largest_body": LARGEST, "slowest_body": 1, "requests": 0}
    return make_crm(plugins=[crmkit_web], url=f"sqlite:///{tmp_path / 'web.db'}", config={"plugins": {"web": settings}})


@pytest.fixture
def port(crm: Crm) -> Iterator[int]:
    """The CRM being served at this port of this machine."""
    door = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn_config(web_app(crm)))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [door]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield door.getsockname()[1]
    server.should_exit = True
    thread.join(20)
    door.close()


@pytest.fixture
def token(crm: Crm) -> str:
    AsUser(crm)("* * all", login="root")
    with crm.session() as session:
        user = session.find(User, login="root")
        assert user is not None
        return make_token(crm.context(session, "web"), user, "test")


def spoken(port: int, *parts: bytes, pause: float = 0.0) -> tuple[int, Any]:
    """Send bytes, in parts with pauses between them, and return status and document of what comes back; 0 for nothing."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        try:
            for part in parts:
                line.sendall(part)
                time.sleep(pause)
        except OSError:
            pass  # the server has answered and hung up already
        received = bytearray()
        try:
            while not _whole(received) and (more := line.recv(65_536)):
                received += more
        except ConnectionError:
            pass
    if not received:
        return 0, None
    head, _, body = bytes(received).partition(b"\r\n\r\n")
    return int(head[9:12]), json.loads(body) if body[:1] == b"{" else body


def _whole(received: bytearray) -> bool:
    head, end, body = bytes(received).lower().partition(b"\r\n\r\n")
    _, found, rest = head.partition(b"content-length:")
    return bool(end) and bool(found) and len(body) >= int(rest.split(b"\r\n")[0])


def post(token: str, body: bytes, length: int | None = None, **headers: str) -> bytes:
    lines = [
        "POST /api/v1/customers HTTP/1.1",
        "host: test",
        f"authorization: Bearer {token}",
        "content-type: application/json",
        f"content-length: {len(body) if length is None else length}",
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def customers(crm: Crm) -> list[str]:
    with crm.session(reads=True) as session:
        return sorted(one.name for one in session.list(Customer))


def test_bodies_that_are_too_large_are_refused_whether_they_say_so_or_not(crm: Crm, port: int, token: str) -> None:
    large = json.dumps({"name": "K" * LARGEST, "kind": "organization"}).encode()
    assert spoken(port, post(token, large))[0] == 413
    status, problem = spoken(port, post(token, b"", length=10**15))
    assert (status, problem["code"]) == (413, "too_large")
    chunked = post(token, b"").replace(b"content-length: 0", b"transfer-encoding: chunked")
    chunk = b"%x\r\n%s\r\n" % (8_000, b" " * 8_000)
    assert spoken(port, chunked, chunk, chunk, chunk, chunk, b"0\r\n\r\n")[0] == 413
    assert customers(crm) == []


def test_a_body_that_comes_too_slowly_is_not_waited_for(crm: Crm, port: int, token: str) -> None:
    body = json.dumps({"name": "Slow", "kind": "organization"}).encode()
    status, problem = spoken(port, post(token, body[:5], length=len(body)), pause=0)
    assert (status, problem["code"]) == (408, "too_slow")
    assert customers(crm) == []


def test_a_body_that_is_cut_off_makes_nothing(crm: Crm, port: int, token: str) -> None:
    body = json.dumps({"name": "Cut", "kind": "organization"}).encode()
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        line.sendall(post(token, body[:-3], length=len(body)))
    assert spoken(port, post(token, json.dumps({"name": "Whole", "kind": "organization"}).encode()))[0] == 201
    assert customers(crm) == ["Whole"]


def test_a_head_without_an_end_is_not_waited_for(port: int, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "SLOWEST_HEAD", 0.2)
    assert spoken(port, b"")[0] == 408
    assert spoken(port, b"GET /api/v1/customers HTTP/1.1\r\nx-a: ")[0] == 408
    whole = post(token, json.dumps({"name": "Patient", "kind": "organization"}).encode())
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        # The next request of a connection has its own time.
        line.sendall(whole)
        assert line.recv(65_536).startswith(b"HTTP/1.1 201")
        line.sendall(whole[:40])
        assert line.recv(65_536).startswith(b"HTTP/1.1 408")


def test_the_rest_of_a_refused_body_is_not_waited_for(port: int, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "LINGER", 0.2)
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        line.sendall(post("crm_nobody", b"", length=100_000) + b" " * 1_000)
        received = b""
        while more := line.recv(65_536):
            received += more
        assert received.startswith(b"HTTP/1.1 401")
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        # Whoever sends it all the same goes on with the next request.
        line.sendall(post("crm_nobody", b"", length=100_000))
        assert line.recv(65_536).startswith(b"HTTP/1.1 401")
        line.sendall(b" " * 100_000 + post(token, json.dumps({"name": "Next", "kind": "organization"}).encode()))
        assert line.recv(65_536).startswith(b"HTTP/1.1 201")


def test_the_body_of_the_request_before_is_no_part_of_a_head(
    port: int, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "LARGEST_HEAD", 1_000)
    body = json.dumps({"name": "K" * 100, "kind": "organization", "description": "d" * 5_000}).encode()
    whole = post(token, body)
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        line.sendall(whole[:200])
        line.sendall(whole[200:] + whole[:40])
        assert line.recv(65_536).startswith(b"HTTP/1.1 201")
        line.sendall(whole[40:200])
        line.sendall(whole[200:])
        assert line.recv(65_536).startswith(b"HTTP/1.1 201")


def test_a_request_that_is_sent_before_the_answer_has_its_own_time(
    port: int, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "LINGER", 0)
    whole = post(token, json.dumps({"name": "Next", "kind": "organization"}).encode())
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        line.sendall(b"GET /api/v1/health HTTP/1.1\r\nhost: x\r\n\r\n" + whole[:-5])
        assert line.recv(65_536).startswith(b"HTTP/1.1 200")
        assert spoken(port, whole)[0] == 201
        line.sendall(whole[-5:])
        assert line.recv(65_536).startswith(b"HTTP/1.1 201")


def test_what_comes_behind_a_body_is_no_header(crm: Crm, port: int, token: str) -> None:
    body = json.dumps({"name": "Trailer", "kind": "organization"}).encode()
    head = post("crm_nobody", b"").replace(b"content-length: 0", b"transfer-encoding: chunked")
    trailer = b"authorization: Bearer " + token.encode() + b"\r\n"
    assert spoken(port, head + b"%x\r\n%s\r\n0\r\n" % (len(body), body) + trailer + b"\r\n")[0] == 401
    assert customers(crm) == []


def test_who_hangs_up_before_the_answer_has_all_or_nothing(crm: Crm, port: int, token: str) -> None:
    for number in range(10):
        body = json.dumps({"name": f"Gone {number}", "kind": "organization"}).encode()
        with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
            line.sendall(post(token, body))
    assert spoken(port, post(token, json.dumps({"name": "Last", "kind": "organization"}).encode()))[0] == 201
    assert set(customers(crm)) <= {f"Gone {number}" for number in range(10)} | {"Last"}
    assert "Last" in customers(crm)


@pytest.mark.parametrize(
    ("name", "request_", "statuses"),
    [
        ("no http", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", {0, 400}),
        ("endless header", b"GET /api/v1/customers HTTP/1.1\r\nhost: x\r\nx-a: " + b"a" * 200_000, {431}),
        (
            "two lengths",
            b"POST /api/v1/customers HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nabcdef",
            {400, 401},
        ),
        (
            "length and chunks",
            b"POST /api/v1/customers HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            {400, 401},
        ),
        (
            "bad chunk",
            b"POST /api/v1/customers HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
            {0, 400, 401},
        ),
        ("climbing path", b"GET /api/v1/../../etc/passwd HTTP/1.1\r\nhost: x\r\n\r\n", {400, 404}),
        (
            "encoded climb",
            b"GET /api/v1/customers/%2e%2e%2f%2e%2e%2fetc%2fpasswd HTTP/1.1\r\nhost: x\r\n\r\n",
            {400, 401, 404},
        ),
        ("nul in the path", b"GET /api/v1/customers/%00 HTTP/1.1\r\nhost: x\r\n\r\n", {400, 401, 404}),
        ("bytes in the path", b"GET /api/v1/customers/%ff%fe HTTP/1.1\r\nhost: x\r\n\r\n", {400, 401, 404}),
        (
            "bytes in a header",
            b"GET /api/v1/customers HTTP/1.1\r\nhost: x\r\naccept-language: \xff\xfe\x00\r\n\r\n",
            {0, 400, 401},
        ),
        (
            "long query",
            b"GET /api/v1/customers?filter=" + b"a" * 60_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n",
            {400, 401, 414, 431},
        ),
    ],
    ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else "",
)
def test_what_is_no_request_is_refused_and_the_server_goes_on(
    port: int, token: str, name: str, request_: bytes, statuses: set[int]
) -> None:
    status, document = spoken(port, request_)
    assert status in statuses, (name, document)
    assert spoken(port, post(token, json.dumps({"name": name, "kind": "organization"}).encode()))[0] == 201


@pytest.mark.parametrize(
    "headers",
    [
        {"accept_language": "zz;q=9,(*&^,en;q=NaN,zh;q=-1" + ",x" * 5_000},
        {"accept": "\xff" * 100},
        {"if_none_match": '"' * 1_000},
        {"if_match": "W/" * 1_000},
        {"idempotency_key": "'; DROP TABLE customers; --"},
        {"idempotency_key": "\xff\x80"},
        {"cookie": "=" * 5_000},
        {"origin": "null"},
        {"content_encoding": "gzip"},
        {"x_forwarded_for": "127.0.0.1, ::1, nobody"},
        {"range": "bytes=999999999999999999999-"},
        {"expect": "200-nothing"},
    ],
    ids=lambda headers: next(iter(headers)),
)
def test_strange_headers_never_make_a_defect(crm: Crm, port: int, token: str, headers: dict[str, str]) -> None:
    body = json.dumps({"name": "Header", "kind": "organization"}).encode()
    status, document = spoken(port, post(token, body, **headers))
    assert 200 <= status < 500, document
    assert len(customers(crm)) == (status == 201)
