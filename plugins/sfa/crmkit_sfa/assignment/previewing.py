"""Who would get what: territories on a day to come, beside those of today."""

from __future__ import annotations

from datetime import date

from crmkit.core.frozen import frozen
from crmkit.plugin import Context
from crmkit_sfa.assignment.assigning import require_assign
from crmkit_sfa.assignment.deciding import Turns, decide
from crmkit_sfa.assignment.staff import fits, staff
from crmkit_sfa.leads.entities import Lead
from crmkit_sfa.leads.statuses import OPEN


@frozen
class TerritoryChange:
    """An open lead with its territory of today and that of another day, by name, and who would get it then, by login."""

    lead: Lead
    today: str
    then: str
    owner: str
    would_get: str

    @property
    def moves(self) -> bool:
        """Whether it comes into another territory."""
        return self.today != self.then


def territory_preview(ctx: Context, on: date, filter: str = "", limit: int = 1_000) -> list[TerritoryChange]:
    """Return for open leads which territory they are in today and on a day, and whom the rules of that day would pick.

    Nothing is written. Raises AccessDenied without the right to assign leads.
    """
    require_assign(ctx)
    with ctx.elevated("a preview shows what the rules would do"):
        leads = ctx.session.list(Lead, filter or None, status=list(OPEN), order="id", limit=limit)
        ids = [lead.id for lead in leads]
        now, then = staff(ctx), staff(ctx, on)
        before, after = fits(ctx, now, ids), fits(ctx, then, ids)
        decisions = decide(ctx, then, leads, Turns(then))
    found = []
    for lead, decision in zip(leads, decisions, strict=True):
        owner = now.users.get(lead.owner_id) if lead.owner_id else None
        picked = then.users.get(decision.user_id) if decision.user_id else None
        found.append(
            TerritoryChange(
                lead=lead,
                today=before[lead.id].territory.name if lead.id in before else "",
                then=after[lead.id].territory.name if lead.id in after else "",
                owner=owner.login if owner else "",
                would_get=picked.login if picked else "",
            )
        )
    return found
