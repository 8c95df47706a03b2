"""The rights of quotations beyond those on records."""

from __future__ import annotations

from crmkit.plugin import Permission, msg

PERMISSION = "sfa.approve_discounts"


def quote_permissions() -> list[Permission]:
    """Return the rights beyond those on records."""
    return [Permission(PERMISSION, msg("Approve discounts on quotations"))]
