"""Mails that come in as leads: from somebody unknown, or those that a filter names. Each once."""

from __future__ import annotations

from crmkit.core.interaction import Interaction, InteractionParticipant
from crmkit.plugin import Context, InteractionsLogged, hookimpl


@hookimpl(specname="after_interactions_logged_committed")
def leads_of_mails(ctx: Context, call: InteractionsLogged) -> None:
    """Take in mails as leads where the configuration wants that; told again, a mail is taken once."""
    settings = ctx.config.leads
    if not settings.mail:
        return
    mails = [one.id for one in call.interactions if one.kind == "email" and one.direction == "inbound"]
    if not mails:
        return
    with ctx.elevated("a mail from somebody who asks is a lead, whoever may read it"):
        for mail in ctx.session.list(Interaction, settings.mail_filter or None, id=mails):
            sender = next((one for one in _senders(ctx, mail) if one.customer_id is None or settings.mail_filter), None)
            if sender is not None:
                _capture(ctx, mail, sender)


def _senders(ctx: Context, mail: Interaction) -> list[InteractionParticipant]:
    found = ctx.session.list(InteractionParticipant, interaction_id=mail.id, order="id")
    return [one for one in found if one.role in ("customer", "from") and one.user_id is None and one.address]


def _capture(ctx: Context, mail: Interaction, sender: InteractionParticipant) -> None:
    from crmkit_sfa.leads.capturing import capture

    capture(
        ctx,
        email=sender.address if "@" in sender.address else "",
        phone="" if "@" in sender.address else sender.address,
        name=mail.subject[:200],
        interest="\n\n".join(filter(None, (mail.subject, mail.body)))[:20_000],
        customer_id=sender.customer_id,
        channel="email",
        key=str(mail.id),
        at=mail.occurred_at,
        interaction_id=mail.id,
        raw={"subject": mail.subject, "from": sender.address, "interaction": str(mail.id)},
    )
