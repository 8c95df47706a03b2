"""Real mail servers of the test's own, on this machine: aiosmtpd takes mail in, pymap hands it out."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from imapclient import IMAPClient

from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.mail_settings import MailboxSettings, Security, SmtpSettings
from crmkit.core.secret import Secret
from crmkit.runtime.crm import Crm

Add = Callable[..., UUID]


@pytest.fixture
def add(crm: Crm) -> Add:
    """Add a customer with a mail address: ``add("Anna Berg", "anna@acme.com")``; returns its id."""
    return lambda name, email="", **values: add_to(crm, name, email, **values)


def add_to(crm: Crm, name: str, email: str = "", **values: Any) -> UUID:
    record = Customer(name=name, **values)
    with crm.session() as session:
        session.add(record)
        if email:
            session.add(ContactPoint(customer_id=record.id, kind="email", value=email))
    return record.id


class Post:
    """An SMTP server that keeps what it takes, and does to it what the test says."""

    user, password = "crm", "geheim-17"

    def __init__(self) -> None:
        self.taken: list[Envelope] = []
        self.refuse: dict[str, str] = {}
        self.data_answer = ""
        self.tries = 0

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.tries += 1
        if self.data_answer:
            return self.data_answer
        self.taken.append(envelope)
        return "250 taken"

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        right = (data.login.decode(), data.password.decode()) == (self.user, self.password)
        return AuthResult(success=right, handled=False)

    settings: SmtpSettings


class Certificates(NamedTuple):
    """A certificate of this machine's, and the authority that vouches for it."""

    server: ssl.SSLContext
    authority: Path


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    authority, context = trustme.CA(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    file = tmp_path_factory.mktemp("certificates") / "authority.pem"
    authority.cert_pem.write_to_path(file)
    return Certificates(context, file)


@contextmanager
def serving(security: Security, certificates: Certificates | None = None, utf8: bool = False) -> Iterator[Post]:
    made = Post()
    options: dict[str, Any] = {}
    if security == "tls" and certificates is not None:
        options["ssl_context"] = certificates.server
    if security == "starttls" and certificates is not None:
        options |= {"tls_context": certificates.server, "require_starttls": True}
    controller = Controller(
        made,
        hostname="127.0.0.1",
        port=_free_port(),
        authenticator=made.authenticate,
        auth_required=True,
        auth_require_tls=False,
        enable_SMTPUTF8=utf8,
        **options,
    )
    controller.start()
    try:
        made.settings = SmtpSettings(
            host="127.0.0.1",
            port=controller.port,
            security=security,
            user=made.user,
            password=Secret(made.password),
            sender="Acme Service <service@acme.example>",
            timeout=10,
        )
        yield made
    finally:
        controller.stop()


@pytest.fixture
def post() -> Iterator[Post]:
    """A mail server without encryption, which is what ``security = "none"`` is for."""
    with serving("none") as made:
        yield made


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


@pytest.fixture(scope="session")
def imap_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """An IMAP server in a process of its own; the port it listens to."""
    port = _free_port()
    program = Path(sys.executable).with_name("pymap")
    line = [program, "--no-service", "admin", "--host", "127.0.0.1", "--port", str(port), "--no-tls", "dict"]
    log = (tmp_path_factory.mktemp("imap") / "log.txt").open("wb")
    process = subprocess.Popen(line, stdout=log, stderr=log)
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if process.poll() is not None:
                pytest.fail("the IMAP server stopped at once")
            time.sleep(0.05)
        else:
            pytest.fail("the IMAP server does not listen")
        yield port
    finally:
        process.terminate()
        process.wait(10)
        log.close()


class Folder(NamedTuple):
    """A mailbox with one folder of the test's own, and a client that puts mails there."""

    settings: MailboxSettings
    client: IMAPClient
    name: str

    def put(self, *mails: bytes) -> None:
        for mail in mails:
            self.client.append(self.name, mail, msg_time=datetime(2026, 3, 2, 9, tzinfo=UTC))


@pytest.fixture
def folder(imap_server: int) -> Iterator[Folder]:
    name = f"Folder {uuid4().hex}"
    client = IMAPClient("127.0.0.1", port=imap_server, ssl=False)
    client.login("demouser", "demopass")
    client.create_folder(name)
    yield Folder(
        MailboxSettings(
            name="service",
            host="127.0.0.1",
            port=imap_server,
            security="none",
            user="demouser",
            password=Secret("demopass"),
            folders=(name,),
            timeout=10,
        ),
        client,
        name,
    )
    client.logout()
