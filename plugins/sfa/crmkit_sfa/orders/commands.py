"""``crmkit sfa order``, with all its commands."""

from __future__ import annotations

from crmkit_sfa.orders import command_entering, command_placing
from crmkit_sfa.orders.command_group import order

__all__ = ["command_entering", "command_placing", "order"]
