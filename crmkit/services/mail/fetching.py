"""Fetching mail from mailboxes by IMAP: what is new since the last time, without touching anything there.

Needs the extra ``mail`` (IMAPClient). Each mail and the mark of how far its folder is are written in one transaction, so
that a run that breaks off goes on where it was. Read mails stay unread, and nothing is moved or deleted.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, tzinfo
from typing import Any

from crmkit.core.entity import change
from crmkit.core.errors import ConfigError, CrmError
from crmkit.core.mail_folder import MailFolder
from crmkit.core.mail_settings import MailboxSettings, MailSettings
from crmkit.core.messages import msg, shown
from crmkit.services.attachments import Attachments
from crmkit.services.mail.importing import MailReport, OpenSession, import_one
from crmkit.services.mail.own import OwnAddresses
from crmkit.services.mail.sources import RawMail
from crmkit.store.chunks import in_chunks
from crmkit.store.session import Session

BATCH = 50
"""Mails whose size is asked for at once; they are fetched one by one."""


class MailServerError(CrmError):
    """A mail server cannot be reached, refuses to let us in, or says something that nobody understands."""

    code = "mail_server"


def fetch(
    open_session: OpenSession,
    mailbox: MailboxSettings,
    own: OwnAddresses,
    settings: MailSettings,
    attachments: Attachments | None = None,
    *,
    zone: tzinfo,
    known_only: bool = False,
    report: MailReport | None = None,
) -> MailReport:
    """Take in what is new in the folders of a mailbox, and report on it.

    A mail that cannot be taken in is reported and passed over. Raises MailServerError, ConfigError without the extra
    ``mail``, DatabaseUnavailable and StorageFull; what was taken in until then is kept.
    """
    report = report or MailReport()
    with _connected(mailbox) as client:
        for folder in mailbox.folders:
            for mail, mark in _new_mails(client, open_session, mailbox, folder, settings.largest):
                import_one(open_session, mail, own, settings, attachments, zone, known_only, report, also=mark)
    return report


class _Mark:
    """Writes how far a folder is."""

    def __init__(self, mailbox: str, folder: str, validity: int, uid: int) -> None:
        self._place, self._validity, self._uid = (mailbox, folder), validity, uid

    def __call__(self, session: Session) -> None:
        mailbox, folder = self._place
        known = session.find(MailFolder, mailbox=mailbox, folder=folder)
        if known is not None and known.uid_validity == self._validity and known.last_uid >= self._uid:
            return
        place = known or MailFolder(mailbox=mailbox, folder=folder)
        now = change(place, uid_validity=self._validity, last_uid=self._uid, fetched_at=session.clock.now())
        session.add(now) if known is None else session.update(now)


def _new_mails(
    client: Any, open_session: OpenSession, mailbox: MailboxSettings, folder: str, largest: int
) -> Iterator[tuple[RawMail, _Mark]]:
    with _faults(mailbox):
        validity = int(client.select_folder(folder, readonly=True)[b"UIDVALIDITY"])
    with open_session() as session:
        known = session.find(MailFolder, mailbox=mailbox.name, folder=folder)
    last = known.last_uid if known is not None and known.uid_validity == validity else 0
    with _faults(mailbox):
        # "n:*" also gives the last mail there is when that is older (RFC 3501, 6.4.8).
        uids = sorted(uid for uid in client.search(["UID", f"{last + 1}:*"]) if uid > last)
    for chunk in in_chunks(uids, BATCH):
        for uid, size, received in _described(client, mailbox, chunk):
            place = f"{mailbox.name}/{folder}/{uid}"
            raw = _raw(client, mailbox, uid) if size <= largest else None
            if raw is not None or size > largest:
                yield RawMail(place, raw, received, size), _Mark(mailbox.name, folder, validity, uid)


def _described(client: Any, mailbox: MailboxSettings, uids: Sequence[int]) -> list[tuple[int, int, datetime | None]]:
    with _faults(mailbox):
        found: Any = client.fetch(uids, ["RFC822.SIZE", "INTERNALDATE"])
    # Those that were deleted meanwhile do not come.
    return [
        (uid, int(found[uid].get(b"RFC822.SIZE", 0)), _aware(found[uid].get(b"INTERNALDATE")))
        for uid in uids
        if uid in found
    ]


def _raw(client: Any, mailbox: MailboxSettings, uid: int) -> bytes | None:
    with _faults(mailbox):
        found: Any = client.fetch([uid], ["BODY.PEEK[]"])
    return next((value for key, value in found.get(uid, {}).items() if key.startswith(b"BODY[")), None)


def _aware(at: datetime | None) -> datetime | None:
    return None if at is None else at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


@contextmanager
def _connected(mailbox: MailboxSettings) -> Iterator[Any]:
    try:
        from imapclient import IMAPClient, SocketTimeout  # type: ignore[import-untyped]
    except ModuleNotFoundError:
        raise ConfigError(msg("fetching mail needs IMAPClient: pip install 'crmkit[mail]'")) from None
    with _faults(mailbox):
        client = IMAPClient(
            mailbox.host,
            port=mailbox.port,
            ssl=mailbox.security == "tls",
            ssl_context=ssl.create_default_context() if mailbox.security == "tls" else None,
            timeout=SocketTimeout(connect=mailbox.timeout, read=mailbox.timeout),
        )
        client.normalise_times = False
        try:
            if mailbox.security == "starttls":
                client.starttls(ssl.create_default_context())
            client.login(mailbox.user, mailbox.password.reveal())
        except BaseException:
            with suppress(Exception):
                client.shutdown()
            raise
    try:
        yield client
    finally:
        with suppress(Exception):
            client.logout()


@contextmanager
def _faults(mailbox: MailboxSettings) -> Iterator[None]:
    """Turn what the network and the library raise into one error that names the mailbox and no password."""
    from imapclient.exceptions import IMAPClientError  # type: ignore[import-untyped]

    try:
        yield
    except (OSError, IMAPClientError, EOFError, ValueError) as error:
        text = shown(error, 200)
        if secret := mailbox.password.reveal():
            text = text.replace(secret, "***")
        raise MailServerError(
            msg(
                "mailbox {name} at {host}: {error}",
                name=mailbox.name,
                host=mailbox.host,
                error=text or type(error).__name__,
            )
        ) from None
