"""Taking in many mails, each in a transaction of its own, so that one that fails leaves the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import tzinfo
from types import MappingProxyType
from typing import TypeVar

import attrs

from crmkit.core.errors import BadInput, CrmError, ValidationFailed
from crmkit.core.frozen import frozen
from crmkit.core.mail_settings import MailSettings
from crmkit.core.messages import Message, msg
from crmkit.services.attachments import Attachments
from crmkit.services.mail.incoming import Taken, take_in
from crmkit.services.mail.own import OwnAddresses
from crmkit.services.mail.reading import read_mail
from crmkit.services.mail.sources import RawMail
from crmkit.store.session import Session

OpenSession = Callable[[], Session]
"""Opens a session for whoever takes the mails in."""

FATAL = ("database_unavailable", "storage_full", "access_denied")
"""Errors that the next mail would meet, too."""

T = TypeVar("T")


@frozen
class MailFailure:
    """A mail that could not be taken in."""

    place: str
    error: CrmError


@attrs.define
class MailReport:
    """How many mails were ``logged``, ``stored`` before, or left out and why; what failed; files that were not taken."""

    counts: Counter[str] = attrs.field(factory=Counter)
    failures: list[MailFailure] = attrs.field(factory=list)
    left_out: list[tuple[str, Message]] = attrs.field(factory=list)
    bounced: list[str] = attrs.field(factory=list)

    def add(self, place: str, taken: Taken) -> None:
        """Count what became of a mail."""
        self.counts[taken.why or "logged"] += 1
        self.left_out += [(place, reason) for reason in taken.left_out]
        self.bounced += taken.bounced

    def fail(self, place: str, error: CrmError) -> None:
        """Count a mail that failed."""
        self.counts["failed"] += 1
        self.failures.append(MailFailure(place, error))

    @property
    def figures(self) -> Mapping[str, int]:
        """The counts by their words; those of nothing are left out."""
        return MappingProxyType({name: count for name, count in sorted(self.counts.items()) if count})


def import_mails(
    open_session: OpenSession,
    mails: Iterable[RawMail],
    own: OwnAddresses,
    settings: MailSettings,
    attachments: Attachments | None = None,
    *,
    zone: tzinfo,
    known_only: bool = False,
    report: MailReport | None = None,
) -> MailReport:
    """Take in mails and report on them. ``zone`` reads dates that name none.

    A mail that fails is reported and the others go on; what was taken in is not taken again, so that a run that was
    interrupted is just repeated. Raises DatabaseUnavailable, StorageFull and AccessDenied.
    """
    report = report or MailReport()
    for mail in mails:
        import_one(open_session, mail, own, settings, attachments, zone, known_only, report)
    return report


def import_one(
    open_session: OpenSession,
    mail: RawMail,
    own: OwnAddresses,
    settings: MailSettings,
    attachments: Attachments | None,
    zone: tzinfo,
    known_only: bool,
    report: MailReport,
    also: Callable[[Session], None] | None = None,
) -> None:
    """Take in one mail; ``also`` is done in the same transaction, and alone when the mail fails."""

    def take(session: Session) -> Taken:
        if mail.raw is None:
            raise too_large(mail, settings.largest)
        read = read_mail(mail.raw, zone=zone, received=mail.received)
        return take_in(session, read, own, attachments, received=mail.received, known_only=known_only)

    try:
        report.add(mail.place, _in_transaction(open_session, take, also))
    except CrmError as error:
        if error.code in FATAL:
            raise
        report.fail(mail.place, error)
        if also is not None:
            _in_transaction(open_session, lambda session: None, also)


def too_large(mail: RawMail, largest: int) -> BadInput:
    """Return the error for a mail beyond the limit."""
    return BadInput(msg("a mail of {size} bytes; at most {most} are taken", size=f"{mail.size:,}", most=f"{largest:,}"))


def _in_transaction(
    open_session: OpenSession, act: Callable[[Session], T], also: Callable[[Session], None] | None
) -> T:
    for last in (False, True):
        try:
            with open_session() as session:
                done = act(session)
                if also is not None:
                    also(session)
            return done
        except ValidationFailed as error:
            # Somebody else made the same claim or point in the meantime; looked at again, it is there.
            if last or not any(fault.code == "duplicate" for fault in error.errors):
                raise
    raise AssertionError("the second try returns or raises")
