"""Messages and attached files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, BinaryIO
from uuid import UUID

from crmkit.runtime.services.bound import Bound

if TYPE_CHECKING:
    from crmkit.core.customer import Customer
    from crmkit.core.interaction import Attachment, Interaction
    from crmkit.services.attachments import AttachedFile


class Messages(Bound):
    """Messages and attached files."""

    __slots__ = ()

    def write_message(self, channel: str, to: Iterable[Customer | UUID | str] = (), **details: Any) -> Interaction:
        """Write a message that waits to be sent; see :func:`crmkit.services.messaging.write_message`."""
        from crmkit.runtime.messages import written

        return written(self._crm, self._session, channel, to, **details)

    def send_message(self, channel: str, to: Iterable[Customer | UUID | str] = (), **details: Any) -> Interaction:
        """Write a message and send it once the transaction is committed; it waits on when its channel fails then."""
        from crmkit.runtime.messages import sent_after_commit

        return sent_after_commit(self._crm, self._session, channel, to, **details)

    def attach(self, interaction: Interaction, filename: str, content: bytes | BinaryIO) -> Attachment:
        """Attach a file to an interaction; see :func:`crmkit.services.attachments.attach`."""
        from crmkit.services.attachments import attach

        return attach(self._session, self._crm.attachments, interaction, filename, content)

    def attachment_content(self, attachment: Attachment) -> bytes:
        """Return the content of an attachment; see :func:`crmkit.services.attachments.read`."""
        from crmkit.services.attachments import read

        return read(self._session, self._crm.attachments, attachment)

    def attachment_file(self, attachment: Attachment) -> AttachedFile:
        """Return an attachment as a file to hand out; see :func:`crmkit.services.attachments.file_of`."""
        from crmkit.services.attachments import file_of

        return file_of(self._session, self._crm.attachments, attachment)
