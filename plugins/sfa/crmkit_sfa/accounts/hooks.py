"""What happens while key accounts are saved: members read what their team is about, reviews set the next one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from crmkit.core.staff import RecordShare
from crmkit.plugin import Change, Context, RecordBatch, Refuse, change, hookimpl, msg
from crmkit_sfa.accounts.entities import AccountMember, AccountPlan, AccountReview

SOURCE = "sfa.account_team"
_TELLING = ("customer_id", "user_id", "starts_on", "ends_on", "may_change", "deleted_at")


@hookimpl(specname="derive_records", entities=("sfa_account_member",))
def derive_account_members(ctx: Context, call: RecordBatch) -> list[Any]:
    """Share the customer with the members of its team for as long as they are in it."""
    told = [item for item in call.changes if any(item.changed(name) for name in _TELLING)]
    return list(member_shares(ctx, _pairs(told)))


def _pairs(changes: Iterable[Change]) -> set[tuple[UUID, UUID]]:
    found = set()
    for item in changes:
        for member in (item.before, item.after):
            if member is not None:
                found.add((member.customer_id, member.user_id))
    return found


def member_shares(ctx: Context, pairs: Iterable[tuple[UUID, UUID]]) -> Iterator[RecordShare]:
    """Yield the shares that customers and members need, changed or ended ones too; a share is by customer and member."""
    wanted = sorted(set(pairs))
    customers = sorted({customer for customer, _ in wanted})
    with ctx.elevated("shares a key account with its team"):
        members = ctx.session.peek_all(AccountMember, "customer_id", customers)
        known = ctx.session.peek_all(RecordShare, "record_id", customers)
    shares = {(one.record_id, one.user_id): one for one in known if one.source == SOURCE}
    for customer_id, user_id in wanted:
        mine = [m for m in members if (m.customer_id, m.user_id) == (customer_id, user_id) and _is_in(m, ctx.today())]
        share = shares.get((customer_id, user_id))
        if not mine:
            if share is not None:
                yield change(share, deleted_at=ctx.clock.now())
            continue
        ends = [member.ends_on for member in mine]
        values: dict[str, Any] = {
            "action": "update" if any(member.may_change for member in mine) else "read",
            "expires_at": None if None in ends else _end_of(ctx, max(day for day in ends if day is not None)),
        }
        if share is None:
            yield RecordShare(
                entity="customer",
                record_id=customer_id,
                user_id=user_id,
                reason="account team",
                source=SOURCE,
                **values,
            )
        else:
            yield change(share, **values)


def _is_in(member: AccountMember, today: date) -> bool:
    begun = member.starts_on is None or member.starts_on <= today
    return begun and (member.ends_on is None or member.ends_on >= today)


def _end_of(ctx: Context, day: date) -> datetime:
    from zoneinfo import ZoneInfo

    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(ctx.timezone)).astimezone(UTC)


@hookimpl(specname="derive_records", entities=("sfa_account_review",))
def derive_account_reviews(ctx: Context, call: RecordBatch) -> list[Any]:
    """A review sets when the next one is due."""
    plans = {plan.id: plan for plan in ctx.session.peek_all(AccountPlan, "id", [c.after.plan_id for c in call.changes])}
    found: list[Any] = []
    for item in call.changes:
        review: AccountReview = item.record
        plan = plans.get(review.plan_id)
        if not item.created or plan is None:
            continue
        due = review.review_on or review.held_on + timedelta(days=ctx.config.accounts.review_days)
        if review.review_on is None:
            found.append(change(review, review_on=due))
        if plan.review_on is None or plan.review_on <= due:
            found.append(change(plan, review_on=due))
    return found


@hookimpl(specname="derive_records", entities=("sfa_account_plan",))
def derive_account_plans(ctx: Context, call: RecordBatch) -> list[AccountPlan]:
    """A new plan is reviewed after the days that the configuration says."""
    days = timedelta(days=ctx.config.accounts.review_days)
    return [
        change(item.record, review_on=item.record.starts_on + days)
        for item in call.changes
        if item.created and item.record.review_on is None
    ]


@hookimpl(specname="guard_records", entities=("sfa_account_plan", "sfa_account_member"))
def guard_account_dates(ctx: Context, call: RecordBatch) -> Iterator[Refuse]:
    """A plan and a membership end on the day they begin, or later."""
    for item in call.changes:
        one = item.record
        if one.starts_on is not None and one.ends_on is not None and one.ends_on < one.starts_on:
            yield Refuse(
                msg("it ends on {end}, before it begins on {start}", end=one.ends_on, start=one.starts_on), one.id
            )
