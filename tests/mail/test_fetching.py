"""Fetching from a real IMAP server: what is new, once, without touching anything there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import attrs
import pytest

from crmkit.core.errors import DatabaseUnavailable
from crmkit.core.interaction import Interaction
from crmkit.core.mail_folder import MailFolder
from crmkit.core.mail_settings import MailboxSettings, MailSettings
from crmkit.core.messages import msg
from crmkit.core.secret import Secret
from crmkit.runtime.crm import Crm
from crmkit.services.attachments import Attachments, MemoryContents
from crmkit.services.mail import fetching
from crmkit.services.mail.fetching import MailServerError, fetch
from crmkit.services.mail.importing import MailReport
from crmkit.services.mail.own import OwnAddresses
from crmkit.store.session import Session
from tests.mail.conftest import Add, Certificates, Folder, Post, serving

# That a password goes without encryption is what these servers warn of; here it goes to this machine.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH")

OWN = OwnAddresses(domains=frozenset({"us.example"}))
SETTINGS = MailSettings(largest=5_000)


def mail(number: int, body: str = "Hello") -> bytes:
    head = f"From: anna@acme.com\r\nTo: info@us.example\r\nMessage-ID: <m{number}@acme.com>\r\nSubject: {number}\r\n"
    return f"{head}\r\n{body}\r\n".encode()


def run(crm: Crm, settings: MailboxSettings, open_session: Callable[[], Session] | None = None) -> MailReport:
    return fetch(
        open_session or crm.session, settings, OWN, SETTINGS, Attachments(MemoryContents()), zone=ZoneInfo("UTC")
    )


def stored(crm: Crm) -> list[str]:
    with crm.session(reads=True) as session:
        return [one.subject for one in session.list(Interaction, order="id")]


def test_what_is_new_is_taken_in_and_nothing_is_touched(crm: Crm, add: Add, folder: Folder) -> None:
    add("Anna Berg", "anna@acme.com")
    assert run(crm, folder.settings).figures == {}
    folder.put(mail(1), mail(2))
    assert run(crm, folder.settings).figures == {"logged": 2}
    assert run(crm, folder.settings).figures == {}
    folder.put(mail(3), mail(1))
    assert run(crm, folder.settings).figures == {"logged": 1, "stored": 1}
    assert stored(crm) == ["1", "2", "3"]
    with crm.session(reads=True) as session:
        (mark,) = session.list(MailFolder)
        assert (mark.mailbox, mark.folder, mark.fetched_at) == ("service", folder.name, crm.clock.now())
        first = session.find(Interaction, subject="1")
        assert first is not None
        assert first.occurred_at == datetime(2026, 3, 2, 9, tzinfo=UTC)  # when the server got it: the mail does not say
    folder.client.select_folder(folder.name, readonly=True)
    flags = folder.client.get_flags(folder.client.search())
    assert len(flags) == 4
    assert not any(b"\\Seen" in found for found in flags.values())


def test_a_folder_that_was_made_anew_is_read_from_its_beginning(crm: Crm, folder: Folder) -> None:
    folder.put(mail(1), mail(2))
    run(crm, folder.settings)
    folder.client.delete_folder(folder.name)
    folder.client.create_folder(folder.name)
    folder.put(mail(3), mail(2))
    assert run(crm, folder.settings).figures == {"logged": 1, "stored": 1}
    assert stored(crm) == ["1", "2", "3"]
    assert run(crm, folder.settings).figures == {}


def test_a_run_that_breaks_off_goes_on_where_it_was(crm: Crm, folder: Folder) -> None:
    folder.put(*[mail(number) for number in range(5)])
    sessions = 0

    def failing() -> Session:
        nonlocal sessions
        sessions += 1
        if sessions == 4:
            raise DatabaseUnavailable(msg("gone"))
        return crm.session()

    with pytest.raises(DatabaseUnavailable):
        run(crm, folder.settings, failing)
    assert stored(crm) == ["0", "1"]
    assert run(crm, folder.settings).figures == {"logged": 3}
    assert stored(crm) == ["0", "1", "2", "3", "4"]


def test_a_mail_that_cannot_be_taken_is_passed_over_once(crm: Crm, folder: Folder) -> None:
    folder.put(mail(1), mail(2, "x" * 6_000), mail(3))
    report = run(crm, folder.settings)
    assert report.figures == {"failed": 1, "logged": 2}
    assert report.failures[0].place.startswith(f"service/{folder.name}/")
    assert "at most 5,000 are taken" in str(report.failures[0].error)
    assert run(crm, folder.settings).figures == {}


def test_many_mails_come_in_batches(crm: Crm, folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "BATCH", 2)
    folder.put(*[mail(number) for number in range(5)])
    assert run(crm, folder.settings).figures == {"logged": 5}


def test_what_servers_say_is_told_without_the_password(crm: Crm, folder: Folder) -> None:
    wrong = attrs.evolve(folder.settings, password=Secret("geheim-17"))
    with pytest.raises(MailServerError, match=r"mailbox service at 127\.0\.0\.1: ") as failed:
        run(crm, wrong)
    assert "geheim-17" not in str(failed.value)
    assert failed.value.__cause__ is None
    with pytest.raises(MailServerError, match="mailbox service"):
        run(crm, attrs.evolve(folder.settings, folders=("No such folder",)))
    with pytest.raises(MailServerError, match="refused"):
        run(crm, attrs.evolve(folder.settings, port=1))
    with pytest.raises(MailServerError, match=r"(?i)ssl|wrong version"):
        run(crm, attrs.evolve(folder.settings, security="tls"))
    with pytest.raises(MailServerError):
        run(crm, attrs.evolve(folder.settings, security="starttls"))
    assert stored(crm) == []


def test_a_server_that_is_none_is_an_error(crm: Crm, folder: Folder, certificates: Certificates) -> None:
    with serving("none") as post, pytest.raises(MailServerError):
        # It speaks SMTP.
        run(crm, attrs.evolve(folder.settings, port=_port(post), timeout=2))


def _port(post: Post) -> int:
    return post.settings.port
