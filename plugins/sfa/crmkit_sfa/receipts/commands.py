"""``crmkit sfa receipt``, with all its commands."""

from __future__ import annotations

from crmkit_sfa.receipts import command_money, command_planning
from crmkit_sfa.receipts.command_group import receipt

__all__ = ["command_money", "command_planning", "receipt"]
