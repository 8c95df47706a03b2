"""Attaching files to interactions, and reading them back."""

from __future__ import annotations

import attrs

from crmkit.core.attachment_rules import AttachmentRules
from crmkit.core.errors import BadInput
from crmkit.core.frozen import frozen
from crmkit.core.interaction import Attachment, Interaction
from crmkit.core.messages import msg
from crmkit.services.attachments.contents import Contents
from crmkit.services.attachments.media_types import media_type_of
from crmkit.services.attachments.names import safe_name
from crmkit.services.attachments.sources import Source, digest_of, size_of
from crmkit.store.session import Session


@frozen
class Attachments:
    """Where contents are kept, and which are taken."""

    contents: Contents
    rules: AttachmentRules = attrs.field(factory=AttachmentRules)


@frozen
class AttachedFile:
    """An attachment as it is handed out: under a safe ``name``. ``digest`` is the SHA-256 of its content."""

    name: str
    content: bytes
    digest: str


def check(rules: AttachmentRules, filename: str, content: Source) -> str:
    """Return the media type of a file, told by its content. Raises BadInput for one that is too large or not taken."""
    name = safe_name(filename)
    size = size_of(content)
    if size > rules.largest:
        raise BadInput(
            msg(
                "file {name}: {size} bytes; at most {most} are taken",
                name=name,
                size=f"{size:,}",
                most=f"{rules.largest:,}",
            )
        )
    media_type = media_type_of(content, filename)
    if not rules.takes(media_type):
        raise BadInput(
            msg("file {name}: its content is {type}, which is not taken as an attachment", name=name, type=media_type)
        )
    return media_type


def attach(
    session: Session, attachments: Attachments, interaction: Interaction, filename: str, content: Source
) -> Attachment:
    """Attach a file to an interaction and return it; it is written with the session.

    A file is read piece by piece, and has to stay open until the session is committed or rolled back. The same content
    under the same name is attached once. The name is made safe; the type is what the content shows. Raises
    BadInput for a file that is too large or of a type that is not taken.
    """
    media_type = check(attachments.rules, filename, content)
    name, digest = safe_name(filename), digest_of(content)
    known = session.find(Attachment, interaction_id=interaction.id, sha256=digest, filename=name)
    if known is not None:
        return known
    tenant, contents, now = session.actor.tenant_id, attachments.contents, session.clock.now()
    contents.put(tenant, content, now)
    made = Attachment(
        interaction_id=interaction.id, filename=name, media_type=media_type, size=size_of(content), sha256=digest
    )
    session.add(made)

    def keep() -> None:
        # Somebody may have removed it meanwhile, when nothing that was committed referred to it.
        if not contents.has(tenant, digest):
            contents.put(tenant, content, now)

    session.after_commit(keep)
    return made


def read(session: Session, attachments: Attachments, attachment: Attachment) -> bytes:
    """Return the content of an attachment that a session gave. Raises NotFound, and CrmError for one that was altered."""
    return attachments.contents.get(session.actor.tenant_id, attachment.sha256)


def file_of(session: Session, attachments: Attachments, attachment: Attachment) -> AttachedFile:
    """Return an attachment that a session gave as a file to hand out, under a safe name whatever the record says.

    Raises NotFound, and CrmError for a content that was altered.
    """
    return AttachedFile(safe_name(attachment.filename), read(session, attachments, attachment), attachment.sha256)
