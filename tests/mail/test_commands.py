"""``crmkit mail``."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from crmkit.cli.program import program
from crmkit.core.customer import ContactPoint, Customer
from crmkit.runtime.crm import Crm
from crmkit.services.consent import grant
from tests.mail.conftest import Folder, Post

# That a password goes without encryption is what these servers warn of; here it goes to this machine.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH")

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with a customer who wants the newsletter, to be copied."""
    file = tmp_path_factory.mktemp("mail") / "shop.db"
    anna = Customer(name="Anna Berg")
    with Crm.open(f"sqlite:///{file}", plugins=[]) as crm, crm.session() as session:
        session.add(anna, ContactPoint(customer_id=anna.id, kind="email", value="anna@acme.com"))
        session.add(Customer(name="Bernd Berg"))
        grant(session, anna, "newsletter", channel="email")
    return file


@pytest.fixture
def run(filled: Path, tmp_path: Path, post: Post, folder: Folder, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run ``crmkit`` with a configuration that names real servers of this machine."""
    address = f"sqlite:///{shutil.copy(filled, tmp_path / 'shop.db')}"
    smtp, imap = post.settings, folder.settings
    (tmp_path / "crmkit.toml").write_text(
        f'''db = "{address}"
[mail]
own_domains = ["us.example"]
[mail.smtp]
host = "{smtp.host}"
port = {smtp.port}
security = "none"
user = "{smtp.user}"
password = {{ env = "MAIL_PASSWORD" }}
sender = "{smtp.sender}"
[[mail.mailboxes]]
name = "service"
host = "{imap.host}"
port = {imap.port}
security = "none"
user = "{imap.user}"
password = "demopass"
folders = ["{folder.name}"]
'''
    )
    monkeypatch.setenv("MAIL_PASSWORD", post.password)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("CRMKIT_DB", raising=False)
    monkeypatch.chdir(tmp_path)
    return lambda *words, **options: CliRunner().invoke(program, list(words), **options)


def document(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def mail(number: int, sender: str = "anna@acme.com") -> bytes:
    head = f"From: {sender}\r\nTo: info@us.example\r\nMessage-ID: <m{number}@acme.com>\r\nSubject: Mail {number}\r\n"
    return f"{head}Date: Mon, 2 Mar 2026 12:00:00 +0000\r\n\r\nHello\r\n".encode()


def test_importing_files(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number in range(3):
        (tmp_path / "in" / f"{number}.eml").write_bytes(mail(number))
    (tmp_path / "in" / "3.eml").write_bytes(mail(3, "spam@spam.example"))
    (tmp_path / "in" / "4.eml").write_bytes(mail(4, "info@us.example"))
    found = run("mail", "import", "in", "--known-only")
    assert (found.exit_code, found.stdout) == (0, "1 between our own people, 3 logged, 1 from nobody known\n")
    counts = document(run("mail", "import", "in/0.eml", "in/3.eml", "--json"))["counts"]
    assert counts == {"logged": 1, "stored": 1, "internal": 0, "nobody": 0, "unknown": 0, "erased": 0, "failed": 0}
    shown = document(run("interaction", "timeline", "Anna Berg", "--json"))
    assert sorted(entry["title"] for entry in shown["entries"]) == ["Mail 0", "Mail 1", "Mail 2"]
    assert run("mail", "import", "absent").exit_code == 3
    secret = document(run("config", "--json")) if run("config", "--json").exit_code == 0 else {}
    assert "geheim-17" not in json.dumps(secret)


def test_fetching_from_mailboxes(run: Run, folder: Folder) -> None:
    folder.put(mail(1), mail(2))
    assert run("mail", "fetch").stdout == "2 logged\n"
    assert run("mail", "fetch", "service").stdout == "no mail\n"
    wrong = run("mail", "fetch", "servise")
    assert wrong.exit_code == 4
    assert "no mailbox servise; did you mean service?" in wrong.stderr


def test_sending(run: Run, post: Post, tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.4\n")
    send = ("mail", "send", "--purpose", "newsletter", "--subject", "你好")
    sent = run(*send, "--to", "Anna Berg", "--body", "-", "--attach", "a.pdf", "--key", "k1", input="Guten Tag")
    assert (sent.exit_code, sent.stderr) == (0, "sent\n")
    again = document(run(*send, "--to", "Anna Berg", "--key", "k1", "--json"))
    assert (again["id"], again["status"], len(post.taken)) == (sent.stdout.strip(), "completed", 1)
    shown = run("interaction", "show", sent.stdout.strip()).stdout
    assert "a.pdf" in shown
    assert "Guten Tag" in shown
    assert run(*send, "--to", "Bernd Berg").exit_code == 3
    run("consent", "withdraw", "Anna Berg")
    refused = run(*send, "--to", "anna@acme.com")
    assert refused.exit_code == 5
    assert "Anna Berg may not be contacted: withdrawn for all purposes" in refused.stderr
    assert run(*send).exit_code == 3


def test_what_waits_is_sent_later(run: Run, post: Post) -> None:
    post.data_answer = "451 later"
    failed = run("mail", "send", "--to", "Anna Berg", "--purpose", "newsletter", "--subject", "Hi")
    assert failed.exit_code == 1
    assert "451 later" in failed.stderr
    assert run("mail", "send", "--waiting").exit_code == 1
    post.data_answer = ""
    assert run("mail", "send", "--waiting").stderr == "1 sent, 0 not\n"
    assert document(run("mail", "send", "--waiting", "--json")) == {"sent": [], "failed": []}
    assert len(post.taken) == 1
