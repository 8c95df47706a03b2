"""What people do with leads beside converting them: take up, recycle, disqualify, reopen."""

from __future__ import annotations

from datetime import date
from typing import Any

from crmkit.plugin import BadInput, Context, Refused, change, msg
from crmkit_sfa.leads.entities import Lead
from crmkit_sfa.leads.statuses import OPEN


def take_up(ctx: Context, lead: Lead) -> Lead:
    """Note that somebody works on a lead: it waits no longer. Raises Refused for one that is not open."""
    if lead.status not in OPEN:
        raise not_open(lead)
    status = "working" if lead.status == "new" else lead.status
    return _saved(ctx, change(lead, status=status, worked_at=ctx.clock.now(), waiting_since=None))


def recycle(ctx: Context, lead: Lead, on: date, reason: str = "") -> Lead:
    """Put an open lead aside until a day, after which it is new again; coming forward again wakes it earlier.

    Raises BadInput for a day that is not in the future and Refused for a lead that is not open.
    """
    if on <= ctx.today():
        raise BadInput(msg("recycle_on: {day} - a day after {today}", day=on, today=ctx.today()))
    if lead.status not in (*OPEN, "recycled"):
        raise not_open(lead)
    return _saved(ctx, change(lead, status="recycled", recycle_on=on, reason=reason))


def disqualify(ctx: Context, lead: Lead, reason: str) -> Lead:
    """End a lead that will not become a sale. Raises BadInput without a reason and Refused for one that has ended."""
    if not reason.strip():
        raise BadInput(msg("reason: (empty) - why nothing will come of this lead"))
    if lead.status not in (*OPEN, "recycled"):
        raise not_open(lead)
    return _saved(ctx, change(lead, status="disqualified", reason=reason.strip()))


def reopen(ctx: Context, lead: Lead) -> Lead:
    """Make a recycled or disqualified lead new again. Raises Refused for any other."""
    if lead.status not in ("recycled", "disqualified"):
        raise Refused("sfa", msg("{lead} is {status}; only a recycled or disqualified lead is reopened", **_told(lead)))
    return _saved(ctx, change(lead, status="new", reason="", recycle_on=None, duplicate_of_id=None))


def woken(ctx: Context) -> list[Lead]:
    """Make recycled leads new again whose day has come, and return them."""
    due = ctx.session.list(
        Lead, f"status = recycled and recycle_on <= {ctx.today().isoformat()}", order="recycle_on,id"
    )
    ctx.session.update(*[change(lead, status="new", recycle_on=None) for lead in due])
    return [*due]


def not_open(lead: Lead) -> Refused:
    """Return the refusal of work on a lead that is not open."""
    return Refused("sfa", msg("{lead} is {status} and not open any more", **_told(lead)))


def _told(lead: Lead) -> dict[str, Any]:
    return {"lead": lead.name, "status": lead.status}


def _saved(ctx: Context, lead: Lead) -> Lead:
    ctx.session.update(lead)
    return ctx.session.list(Lead, id=lead.id)[0]
