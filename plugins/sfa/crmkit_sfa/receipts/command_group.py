"""``crmkit sfa receipt``: the group of commands, and how they name a receipt."""

from __future__ import annotations

from crmkit.command import argument, group, wording


@group("receipt", help=wording("Plan the receipts of orders, record money, allocate it, and see who owes what."))
def receipt() -> None:
    pass


which = argument("receipt", help=wording("The bank's key, the reference or the id of the receipt."))
