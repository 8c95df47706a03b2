"""Memberships in account teams that begin on a day to come: the worker looks every night."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from crmkit.plugin import Context, Job, JobDeclaration, ScheduleDeclaration
from crmkit_sfa.accounts.entities import AccountMember
from crmkit_sfa.accounts.hooks import member_shares


def begin_memberships(ctx: Context, job: Job | None = None) -> int:
    """Share accounts with members whose time begins today, as the worker does every night; return how many shares."""
    today: date = ctx.today()
    begun: Sequence[AccountMember] = ctx.session.list(
        AccountMember, f"starts_on <= {today.isoformat()} and (ends_on is empty or ends_on >= {today.isoformat()})"
    )
    pairs: set[tuple[UUID, UUID]] = {(member.customer_id, member.user_id) for member in begun}
    made = [share for share in member_shares(ctx, pairs) if share.version == 0]
    ctx.session.add(*made)
    return len(made)


ACCOUNT_JOBS = [JobDeclaration(name="sfa.begin_memberships", run=begin_memberships, concurrency=1)]
ACCOUNT_SCHEDULES = [
    ScheduleDeclaration(name="sfa.begin_memberships", job="sfa.begin_memberships", cron="5 0 * * *", catch_up="once")
]
