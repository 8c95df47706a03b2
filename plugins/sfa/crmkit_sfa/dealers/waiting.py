"""What of the work with dealers waits for somebody: offers, what came back, and what nobody works on. Nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from crmkit.core.customer import Customer
from crmkit.core.frozen import frozen
from crmkit.core.staff import User
from crmkit.plugin import Context
from crmkit_sfa.dealers.entities import DealerOffer
from crmkit_sfa.dealers.settings import DealerSettings
from crmkit_sfa.leads.statuses import OPEN
from crmkit_sfa.naming import names_beside, titles_of

Reason = Literal["offered", "declined", "expired", "withdrawn", "returned", "untouched"]


@frozen
class WaitingLead:
    """An offer that waits, or a lead or deal that waits for the next step because of ``reason``; ``since`` says how long."""

    reason: Reason
    offer: DealerOffer
    title: str
    dealer: str
    user: str
    since: datetime


def waiting(ctx: Context) -> list[WaitingLead]:
    """Return what waits, as far as the actor may see it, the oldest first.

    Offers that are not answered; open leads and deals that came back and were not given to anybody since; leads that a
    dealer accepted and has not worked on in time.
    """
    now, settings = ctx.clock.now(), ctx.config.dealers
    offered = ctx.session.list(DealerOffer, f"state = offered and expires_at > {now.isoformat()}")
    found = [(one, "offered", one.offered_at) for one in offered]
    found += [(one, "expired", one.expires_at) for one in _unanswered(ctx, now)]
    found += list(_come_back(ctx))
    found += [(one, "untouched", one.answered_at or one.offered_at) for one in _untouched(ctx, now, settings)]
    found.sort(key=lambda item: item[2])
    return _described(ctx, found)


def _unanswered(ctx: Context, now: datetime) -> Sequence[DealerOffer]:
    """Offers whose time is over before the job has noted it."""
    return ctx.session.list(DealerOffer, f"state = offered and expires_at <= {now.isoformat()}")


def _come_back(ctx: Context) -> Iterator[tuple[DealerOffer, str, datetime]]:
    over = "state in (declined, expired, withdrawn, returned)"
    open_leads = f"{over} and lead.status in ({', '.join(OPEN)})"
    open_deals = f"{over} and opportunity.category = open"
    ended = [*ctx.session.list(DealerOffer, open_leads), *ctx.session.list(DealerOffer, open_deals)]
    newest: dict[UUID | None, DealerOffer] = {}
    for one in sorted(ended, key=lambda one: (one.offered_at, one.id)):
        newest[one.lead_id or one.opportunity_id] = one
    leads = [one.lead_id for one in newest.values() if one.lead_id is not None]
    deals = [one.opportunity_id for one in newest.values() if one.opportunity_id is not None]
    busy = "state in (offered, accepted)"
    again = [*(ctx.session.list(DealerOffer, busy, lead_id=leads) if leads else ())]
    again += ctx.session.list(DealerOffer, busy, opportunity_id=deals) if deals else ()
    with_others = {one.lead_id or one.opportunity_id for one in again}
    for key, one in newest.items():
        if key not in with_others:
            yield one, one.state, one.ended_at or one.answered_at or one.offered_at


def _untouched(ctx: Context, now: datetime, settings: DealerSettings) -> Sequence[DealerOffer]:
    limit = (now - timedelta(hours=settings.follow_up_hours)).isoformat()
    return ctx.session.list(DealerOffer, f"state = accepted and answered_at < {limit} and lead.status = new")


def _described(ctx: Context, found: Sequence[tuple[DealerOffer, str, datetime]]) -> list[WaitingLead]:
    records = [("sfa_lead", one.lead_id) for one, _, _ in found if one.lead_id is not None]
    records += [("sfa_opportunity", one.opportunity_id) for one, _, _ in found if one.opportunity_id is not None]
    titles = titles_of(ctx, records)
    dealers = names_beside(ctx, Customer, [one.dealer_id for one, _, _ in found])
    users = names_beside(ctx, User, [one.owner_id for one, _, _ in found])
    return [
        WaitingLead(
            reason=reason,  # type: ignore[arg-type]
            offer=ctx.session.masked(one),
            title=next((titles[id] for id in (one.lead_id, one.opportunity_id) if id in titles), ""),
            dealer=dealers.get(one.dealer_id, ""),
            user=users.get(one.owner_id, ""),
            since=since,
        )
        for one, reason, since in found
    ]
