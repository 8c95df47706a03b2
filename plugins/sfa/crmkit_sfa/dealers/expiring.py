"""Offers that nobody answers in time, and protection that ends: the worker looks every quarter of an hour."""

from __future__ import annotations

from crmkit.plugin import Context, Job, JobDeclaration, ScheduleDeclaration
from crmkit_sfa.dealers.entities import DealerOffer

BATCH = 500
"""Offers that one run of the job looks at, at most; what is left is the next one's."""


def expire_offers(ctx: Context, job: Job | None = None) -> int:
    """Note which offers nobody answered in time, and end the protection of deals whose time is over; return how many.

    For a context that may do everything, as a job has it.
    """
    from crmkit_sfa.dealers.offering import expire
    from crmkit_sfa.dealers.registering import end_protection

    now = ctx.clock.now().isoformat()
    late = ctx.session.list(DealerOffer, f"state = offered and expires_at <= {now}", order="expires_at", limit=BATCH)
    return expire(ctx, late) + end_protection(ctx)


DEALER_JOBS = [JobDeclaration(name="sfa.expire_offers", run=expire_offers, concurrency=1)]
DEALER_SCHEDULES = [
    ScheduleDeclaration(name="sfa.expire_offers", job="sfa.expire_offers", cron="*/15 * * * *", catch_up="once")
]
