"""Leads as people name them: by id, by what they are called, or by the mail address of who asks."""

from __future__ import annotations

from crmkit.core.values.ids import parse_id
from crmkit.core.values.text import fold
from crmkit.plugin import BadInput, Context, NotFound, did_you_mean, msg
from crmkit_sfa.leads.details import key_of
from crmkit_sfa.leads.entities import Lead
from crmkit_sfa.leads.statuses import OPEN


def find_lead(ctx: Context, needle: str) -> Lead:
    """Return the one lead that ``needle`` names; of several, the open one.

    Raises NotFound with the closest name and, when several are meant, BadInput with their ids.
    """
    needle = needle.strip()
    try:
        return ctx.session.get(Lead, parse_id(needle))
    except BadInput:
        pass
    found = [*ctx.session.list(Lead, name=needle, limit=20)]
    if not found and "@" in needle and (key := key_of("email", needle)):
        found = [*ctx.session.list(Lead, email_key=key, limit=20)]
    if not found:
        found = _alike(ctx, needle)
    if len(found) > 1:
        found = [lead for lead in found if lead.status in OPEN] or found
    if len(found) > 1:
        ids = ", ".join(str(lead.id) for lead in found[:5])
        raise BadInput(
            msg(
                "{count} leads are called {needle}; name one by its id: {ids}", count=len(found), needle=needle, ids=ids
            )
        )
    if not found:
        names = [lead.name for lead in ctx.session.list(Lead, order="-last_touch_at", limit=200)]
        raise NotFound(msg("no lead {needle}; {hint}", needle=needle, hint=did_you_mean(needle, names)))
    return found[0]


def _alike(ctx: Context, needle: str) -> list[Lead]:
    """Return leads whose name is the same but for capitals, or begins so."""
    quoted = needle.replace("\\", "\\\\").replace('"', '\\"')
    begun = ctx.session.list(Lead, f'name starts with "{quoted}"', limit=20)
    same = [lead for lead in begun if fold(lead.name) == fold(needle)]
    return same or [*begun]
