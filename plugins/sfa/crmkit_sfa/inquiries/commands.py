"""``crmkit sfa inquiry``, with all its commands."""

from __future__ import annotations

from crmkit_sfa.inquiries import command_pages, command_steps
from crmkit_sfa.inquiries.command_group import inquiry

__all__ = ["command_pages", "command_steps", "inquiry"]
