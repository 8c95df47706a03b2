"""Where webhooks cannot reach, and how long a receiver can keep a worker."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import crmkit_web
from crmkit import Crm
from crmkit.testing.making import MakeCrm
from crmkit_web.webhooks import sending
from plugins.web.tests.conftest import Api
from plugins.web.tests.webhooks.conftest import HookTo, Receiver

INSIDE = [
    "http://10.1.2.3/",
    "http://localhost:8000/",
    "http://169.254.169.254/latest/meta-data/",
    "http://[::1]/",
    "http://[::ffff:10.0.0.1]/",
    "http://[64:ff9b::a00:1]/",
    "http://0.0.0.0/",
    "http://224.0.0.1/",
    "http://2130706433/",
    "ftp://example.com/",
    "file:///etc/passwd",
    "https://name:word@198.51.100.7/",
    "not an address",
    "",
]


def test_an_address_inside_is_refused_when_it_is_given(
    make_crm: MakeCrm, as_user_of: Callable[[Crm, str], Api]
) -> None:
    api = as_user_of(make_crm([crmkit_web]), "mona")
    for url in INSIDE:
        refused = api.post("/webhooks", {"url": url, "events": ["*"]})
        assert refused.status_code == 422, url
        assert [one["pointer"] for one in refused.json()["errors"]] == ["/url"], url


def test_a_name_that_leads_inside_later_is_not_followed(
    make_crm: MakeCrm, as_user_of: Callable[[Crm, str], Api], receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    crm = make_crm([crmkit_web])
    api = as_user_of(crm, "mona")
    answers = ["93.184.216.34", "127.0.0.1"]
    asked: list[str] = []
    real = socket.getaddrinfo

    def resolve(host: Any, port: Any, *args: Any, **more: Any) -> Any:
        if host != "rebinding.example":
            return real(host, port, *args, **more)
        asked.append(host)
        return real(answers.pop(0), port, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    port = receiver.url.rpartition(":")[2]
    made = api.post("/webhooks", {"url": f"http://rebinding.example:{port}", "events": ["customer.created"]})
    assert made.status_code == 201, made.text
    answer = api.post(f"/webhooks/{made.json()['id']}/test").json()
    assert (answer["outcome"], answer["status"]) == ("failed", None)
    assert "rebinding.example is not on the public internet" in answer["error"]
    assert len(asked) == 2
    assert receiver.received == []


def test_https_goes_to_the_checked_address_under_its_name_and_checks_the_certificate(
    make_crm: MakeCrm,
    as_user_of: Callable[[Crm, str], Api],
    settings: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed("hooks.example", tmp_path))
    names: list[str | None] = []
    context.sni_callback = lambda _, name, __: names.append(name)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def once() -> None:
            with suppress(OSError), context.wrap_socket(server.accept()[0], server_side=True):
                pass

        thread = threading.Thread(target=once, daemon=True)
        thread.start()
        real = socket.getaddrinfo
        monkeypatch.setattr(
            socket,
            "getaddrinfo",
            lambda host, *args, **more: real("127.0.0.1" if host == "hooks.example" else host, *args, **more),
        )
        api = as_user_of(make_crm([crmkit_web], {"plugins": {"web": settings}}), "mona")
        made = api.post("/webhooks", {"url": f"https://hooks.example:{port}", "events": ["*"]}).json()
        answer = api.post(f"/webhooks/{made['id']}/test").json()
        thread.join(5)
    assert names == ["hooks.example"]
    assert (answer["outcome"], answer["status"]) == ("failed", None)
    assert "CERTIFICATE_VERIFY_FAILED" in answer["error"]


def self_signed(name: str, folder: Path) -> Path:
    """Return a file with a key and a certificate that nobody has reason to trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "hook.pem").write_bytes(private + certificate.public_bytes(pem))
    return folder / "hook.pem"


def _hang(handler: BaseHTTPRequestHandler, receiver: Receiver) -> None:
    receiver.over.wait(10)


def _drip(handler: BaseHTTPRequestHandler, receiver: Receiver) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while not receiver.over.wait(0.05):
        try:
            handler.wfile.write(b"x-more: 1\r\n")
        except OSError:
            return


def _flood(handler: BaseHTTPRequestHandler, receiver: Receiver) -> None:
    handler.wfile.write(b"HTTP/1.1 500 No\r\n\r\n")
    while not receiver.over.is_set():
        try:
            handler.wfile.write(b"much " * 10_000)
        except OSError:
            return


def _nonsense(handler: BaseHTTPRequestHandler, receiver: Receiver) -> None:
    handler.wfile.write(b"\x00\xffthis is no HTTP\r\n\r\n")


@pytest.mark.parametrize(
    ("behave", "status", "told"),
    [
        (_hang, None, "no answer in time"),
        (_drip, None, "no answer in time"),
        (_flood, 500, ""),
        (_nonsense, None, "no answer"),
    ],
)
def test_a_receiver_cannot_keep_a_worker(
    manager: Api,
    receiver: Receiver,
    hook_to: HookTo,
    monkeypatch: pytest.MonkeyPatch,
    behave: Callable[[BaseHTTPRequestHandler, Receiver], None],
    status: int | None,
    told: str,
) -> None:
    monkeypatch.setattr(sending, "SECONDS", 0.3)
    receiver.behave = lambda handler: behave(handler, receiver)
    answer = manager.post(f"{hook_to(receiver).path}/test").json()
    assert (answer["outcome"], answer["status"]) == ("failed", status)
    assert answer["error"].startswith(told)
    assert len(answer["response"]) <= 301
    assert sending.MOST_READ < 10_000
