"""What an installation says about attachments: where they are kept, how large and of which types they may be."""

from __future__ import annotations

import attrs

from crmkit.core.frozen import frozen

MEBIBYTE = 1024 * 1024

USUAL_TYPES = (
    "application/pdf",
    "application/rtf",
    "application/json",
    "application/xml",
    "application/vnd.oasis.opendocument.presentation",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "audio/mpeg",
    "audio/wav",
    "image/bmp",
    "image/gif",
    "image/heif",
    "image/jpeg",
    "image/png",
    "image/tiff",
    "image/webp",
    "message/rfc822",
    "text/calendar",
    "text/csv",
    "text/plain",
    "text/vcard",
    "video/mp4",
)
"""Documents, pictures, sound and films. Programs, scripts, pages, archives and documents with macros are not among them."""


@frozen
class AttachmentRules:
    """Where attachments are kept, and which are taken."""

    folder: str = ""
    """The folder that holds their contents; empty: ``NAME-attachments`` beside the SQLite file ``NAME.db``."""
    largest: int = attrs.field(default=25 * MEBIBYTE, validator=attrs.validators.ge(1))
    """The size of the largest that is taken, in bytes."""
    types: tuple[str, ...] = USUAL_TYPES
    """The media types that are taken, as the content shows them; ``image/*`` stands for all pictures."""

    def takes(self, media_type: str) -> bool:
        """Whether attachments of this type are taken."""
        family = f"{media_type.partition('/')[0]}/*"
        return media_type in self.types or family in self.types
