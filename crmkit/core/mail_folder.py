"""How far the folders of mailboxes have been read."""

from __future__ import annotations

from datetime import datetime

from crmkit.core.entity import Record, entity, field


@entity("mail_folder", title="folder", unique=(("mailbox", "folder"),))
class MailFolder(Record):
    """A folder of a mailbox that mail is fetched from, and the last mail that was taken from it.

    ``uid_validity`` and ``last_uid`` are the server's (RFC 3501, 2.3.1.1): when the former changes, the folder is read
    from its beginning again.
    """

    mailbox: str = field(max_length=100)
    folder: str = field(max_length=500)
    uid_validity: int = field(default=0, minimum=0)
    last_uid: int = field(default=0, minimum=0)
    fetched_at: datetime | None = field(default=None, audited=False)
