"""The rights of receipts beyond those on entities."""

from __future__ import annotations

from crmkit.plugin import Permission, msg

WRITE_OFF = "sfa.write_off"


def receipt_permissions() -> list[Permission]:
    """Return the rights of receipts beyond those on entities."""
    return [Permission(WRITE_OFF, msg("Write off small differences of receipts"))]
