"""Imports from an address, and the guard in front of them: nothing inside is reached, whatever the address says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from crmkit.core.errors import BadInput, TryLater
from crmkit_web.outbound.guard import ForbiddenAddress, checked_url, guarded_client, public_address
from crmkit_web.work import fetching
from crmkit_web.work.fetching import fetch
from plugins.web.tests.conftest import Api

ROWS = b"external_id,name,kind\nc1,Kestrel,organization\n"
INSIDE = (
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2001:0:7f00:1::",
)
OUTSIDE = "8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"


def names(*addresses: str) -> Callable[[str, int], Sequence[str]]:
    return lambda host, port: addresses


class Answers(httpx.BaseTransport):
    """Answers requests from a list, and remembers where they went."""

    def __init__(self, *answers: httpx.Response) -> None:
        self.answers, self.sent = list(answers), list[httpx.Request]()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        return self.answers.pop(0)


def answer(status: int, content: bytes = b"") -> httpx.Response:
    return httpx.Response(status, stream=httpx.ByteStream(content))


def moved(place: str) -> httpx.Response:
    return httpx.Response(302, headers={"location": place})


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_inside_are_refused(address: str) -> None:
    with pytest.raises(ForbiddenAddress, match="not on the public internet"):
        public_address("files.example", resolve=names(address))
    # One public address beside it changes nothing.
    with pytest.raises(ForbiddenAddress):
        public_address("files.example", resolve=names(OUTSIDE[0], address))


def test_addresses_outside_are_not() -> None:
    for address in OUTSIDE:
        assert public_address("files.example", resolve=names(address)) == address
    assert public_address("files.example", resolve=names("10.1.2.3"), inside=["10.1.2.0/24"]) == "10.1.2.3"
    with pytest.raises(ForbiddenAddress):
        public_address("files.example", resolve=names("10.1.3.3"), inside=["10.1.2.0/24"])
    with pytest.raises(BadInput, match="has no address"):
        public_address("nowhere.example", resolve=names())


def test_spellings_of_this_machine_are_refused() -> None:
    for host in ("localhost", "127.1", "0x7f.1", "2130706433", "0177.0.0.1", "[::1]".strip("[]"), "127.0.0.1"):
        with pytest.raises(BadInput):
            public_address(host, 80)


def test_only_http_to_a_host_without_a_password() -> None:
    assert checked_url("https://files.example/x.csv?a=b") == "https://files.example/x.csv?a=b"
    for url in (
        "file:///etc/passwd",
        "ftp://files.example/x",
        "gopher://files.example/",
        "//files.example/x",
        "files.example/x",
        "https://",
        "https://me:secret@files.example/",
        "https://me@files.example/",
        "http://files.example:99999/",
        "http://files.example/\x00",
        "javascript:alert(1)",
    ):
        with pytest.raises(ForbiddenAddress) as refused:
            checked_url(url)
        assert "secret" not in str(refused.value)


def test_a_request_goes_to_the_address_that_was_checked_under_the_name_that_was_asked_for() -> None:
    asked: list[str] = []

    def rebinding(host: str, port: int) -> Sequence[str]:
        """The name has a public address the first time, and one inside ever after."""
        asked.append(host)
        return ["8.8.8.8"] if len(asked) == 1 else ["169.254.169.254"]

    inner = Answers(answer(200, ROWS))
    with guarded_client(resolve=rebinding, inner=inner) as client:
        assert client.get("https://files.example/x.csv").content == ROWS
        (sent,) = inner.sent
        assert (sent.url.host, sent.headers["host"]) == ("8.8.8.8", "files.example")
        assert sent.extensions["sni_hostname"] == "files.example"
        assert asked == ["files.example"]
        with pytest.raises(ForbiddenAddress):
            client.get("https://files.example/x.csv")
    assert len(inner.sent) == 1


@pytest.mark.parametrize(
    "place",
    ["http://169.254.169.254/latest", "http://inside.example/", "file:///etc/passwd", "http://a:b@out.example/"],
)
def test_redirects_pass_the_guard_again(place: str, tmp_path: Path) -> None:
    def resolve(host: str, port: int) -> Sequence[str]:
        return {"files.example": ["8.8.8.8"], "out.example": ["8.8.8.8"]}.get(host) or [
            "10.0.0.1" if host == "inside.example" else host
        ]

    inner = Answers(moved(place), answer(200, b"secret"))
    target = tmp_path / "x.csv"
    with pytest.raises(BadInput):
        fetch("https://files.example/x.csv", target, largest=1_000, resolve=resolve, inner=inner)
    assert (len(inner.sent), list(tmp_path.iterdir())) == (1, [])


def test_redirects_end(tmp_path: Path) -> None:
    inner = Answers(*(moved(f"https://files.example/{n}") for n in range(20)))
    with pytest.raises(BadInput, match="on and on"):
        fetch("https://files.example/x", tmp_path / "x", largest=9, resolve=names("8.8.8.8"), inner=inner)


def test_answers_that_are_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def get(given: httpx.Response, **more: Any) -> int:
        return fetch(
            "https://files.example/x?key=secret",
            tmp_path / "x.csv",
            largest=100,
            resolve=names("8.8.8.8"),
            inner=Answers(given),
            **more,
        )

    for given, said in (
        (answer(404), "answers 404"),
        (answer(204), "answers 204"),
        (answer(200, b"x" * 101), "larger than 100 bytes"),
        (httpx.Response(200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(b"x")), "another encoding"),
    ):
        with pytest.raises(BadInput, match=said) as refused:
            get(given)
        assert "secret" not in str(refused.value)
    with pytest.raises(TryLater):
        get(answer(503))
    times = iter((0.0, fetching.SLOWEST + 1.0))
    with pytest.raises(BadInput, match="longer than 300 seconds"):
        get(answer(200, ROWS), now=lambda: next(times))
    assert list(tmp_path.iterdir()) == []
    assert get(answer(200, ROWS)) == len(ROWS)
    assert (tmp_path / "x.csv").read_bytes() == ROWS


class Files(BaseHTTPRequestHandler):
    """A server of files: one there is, one that is cut off, and one that is elsewhere."""

    def do_GET(self) -> None:
        if self.path == "/moved.csv":
            self.send_response(302)
            self.send_header("location", "/customers.csv")
        else:
            self.send_response(200)
            self.send_header("content-length", str(len(ROWS) + (self.path == "/cut.csv")))
        self.end_headers()
        if self.path != "/moved.csv":
            self.wfile.write(ROWS)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def files() -> Iterator[str]:
    """The address of a server of files on this machine."""
    server = HTTPServer(("127.0.0.1", 0), Files)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_import_from_an_address_end_to_end(api: Api, run_jobs: Callable[..., Any], files: str) -> None:
    made = api.post("/imports/address", {"url": f"{files}/moved.csv", "entity": "customer"})
    assert (made.status_code, made.json()["name"]) == (202, "moved.csv")
    cut = api.post("/imports/address", {"url": f"{files}/cut.csv", "entity": "customer"}).json()
    # Only the network that the settings name is reached.
    inside = api.post("/imports/address", {"url": f"{files.replace('.1:', '.2:')}/x.csv", "entity": "customer"}).json()
    run_jobs("web")
    done = api.get(f"/imports/{made.json()['id']}").json()
    assert (done["state"], done["rows"]) == ("done", 1)
    assert api.get(f"/imports/{cut['id']}").json()["problem"]["code"] == "bad_input"
    assert api.get(f"/imports/{inside['id']}").json()["problem"]["code"] == "forbidden_address"
    assert [one["name"] for one in api.get("/customers").json()["items"]] == ["Kestrel"]
