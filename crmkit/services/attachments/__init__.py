"""Attachments: files that come with interactions, kept once by their content, checked for type and size."""

from __future__ import annotations

from crmkit.services.attachments.attaching import AttachedFile, Attachments, attach, check, file_of, read
from crmkit.services.attachments.contents import Contents, FolderContents, MemoryContents
from crmkit.services.attachments.media_types import media_type_of
from crmkit.services.attachments.names import safe_name
from crmkit.services.attachments.removing import release, sweep

__all__ = [
    "AttachedFile",
    "Attachments",
    "Contents",
    "FolderContents",
    "MemoryContents",
    "attach",
    "check",
    "file_of",
    "media_type_of",
    "read",
    "release",
    "safe_name",
    "sweep",
]
