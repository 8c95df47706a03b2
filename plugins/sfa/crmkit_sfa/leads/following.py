"""What follows for leads from contacts with those who asked: a lead that somebody answered waits no longer."""

from __future__ import annotations

from crmkit.core.interaction import InteractionLink
from crmkit.plugin import Context, InteractionsLogged, hookimpl
from crmkit_sfa.leads.entities import Lead


@hookimpl(specname="after_interactions_logged_committed")
def leads_answered(ctx: Context, call: InteractionsLogged) -> None:
    """Take up the leads that a call, mail or visit of ours is linked to; told again, they are taken up already."""
    ours = [one.id for one in call.interactions if one.direction != "inbound" and one.status == "completed"]
    if not ours:
        return
    with ctx.elevated("a lead that was answered is taken up, whoever answered"):
        links = ctx.session.list(InteractionLink, interaction_id=ours, entity="sfa_lead")
        if not links:
            return
        from crmkit_sfa.leads.changing import take_up
        from crmkit_sfa.leads.statuses import OPEN

        ids = [link.record_id for link in links]
        for lead in ctx.session.list(Lead, "waiting_since is not empty", status=list(OPEN), id=ids):
            take_up(ctx, lead)
