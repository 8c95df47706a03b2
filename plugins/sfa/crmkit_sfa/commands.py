"""``crmkit sfa``: imported only when it runs. Each room brings commands of its own."""

from __future__ import annotations

from crmkit.command import group, wording
from crmkit_sfa.opportunities.commands import opportunity


@group("sfa", help=wording("Sell: leads, opportunities, quotes, orders, forecasts."))
def sfa() -> None:
    pass


sfa.add_command(opportunity)
