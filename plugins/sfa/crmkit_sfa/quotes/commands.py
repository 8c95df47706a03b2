"""``crmkit sfa quote``, with all its commands."""

from __future__ import annotations

from crmkit_sfa.quotes import command_documents, command_drafts, command_steps
from crmkit_sfa.quotes.command_group import quote

__all__ = ["command_documents", "command_drafts", "command_steps", "quote"]
