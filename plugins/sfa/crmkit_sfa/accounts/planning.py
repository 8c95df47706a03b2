"""Account plans as they stand: how far goals are reached, and whose review is due."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from crmkit.core.customer import Customer
from crmkit.core.frozen import frozen
from crmkit.core.staff import User
from crmkit.plugin import BadInput, Context, NotFound, change, msg
from crmkit_sfa.accounts.entities import AccountAction, AccountGoal, AccountPlan, AccountReview
from crmkit_sfa.naming import names_beside
from crmkit_sfa.opportunities.entities import Opportunity
from crmkit_sfa.reporting.range import start_of

CENT = Decimal("0.01")


@frozen
class GoalProgress:
    """A goal with what is reached of it: ``actual`` and ``percent`` are None where nobody knows."""

    goal: AccountGoal
    actual: Decimal | None
    percent: Decimal | None


@frozen
class PlanView:
    """A plan with all that belongs to it; ``overdue`` when its review was due before today."""

    plan: AccountPlan
    customer: str
    goals: tuple[GoalProgress, ...]
    actions: tuple[AccountAction, ...]
    reviews: tuple[AccountReview, ...]
    overdue: bool


@frozen
class DueReview:
    """A plan whose review is due, and by how many days it is overdue (0: today; negative: to come)."""

    plan: AccountPlan
    customer: str
    owner: str
    days: int


def plan_view(ctx: Context, plan: AccountPlan) -> PlanView:
    """Return a plan with its goals, actions and reviews, as they are now. Raises BadInput when a rate is missing."""
    goals = ctx.session.list(AccountGoal, plan_id=plan.id, order="name")
    review_on = plan.review_on
    return PlanView(
        plan=ctx.session.masked(plan),
        customer=names_beside(ctx, Customer, [plan.customer_id]).get(plan.customer_id, ""),
        goals=tuple(_progress(ctx, plan, goal) for goal in goals),
        actions=tuple(ctx.session.list(AccountAction, plan_id=plan.id, order="due_on")),
        reviews=tuple(
            ctx.session.masked(r) for r in ctx.session.list(AccountReview, plan_id=plan.id, order="-held_on")
        ),
        overdue=plan.state == "active" and review_on is not None and review_on < ctx.today(),
    )


def due_reviews(ctx: Context, within_days: int = 0) -> list[DueReview]:
    """Return active plans whose review is due by today or in so many days, the most overdue first."""
    last = ctx.today() + timedelta(days=within_days)
    found = ctx.session.list(AccountPlan, f"state = active and review_on <= {last.isoformat()}", order="review_on")
    customers = names_beside(ctx, Customer, [plan.customer_id for plan in found])
    owners = names_beside(ctx, User, [plan.owner_id for plan in found])
    return [
        DueReview(
            ctx.session.masked(plan),
            customers.get(plan.customer_id, ""),
            owners.get(plan.owner_id, ""),
            (ctx.today() - plan.review_on).days,
        )
        for plan in found
        if plan.review_on is not None
    ]


def plan_of(ctx: Context, customer: Customer, name: str = "") -> AccountPlan:
    """Return the plan of a customer, by name or the latest that is active; raises NotFound."""
    equal: dict[str, Any] = {"name": name} if name else {"state": "active"}
    found = ctx.session.list(AccountPlan, customer_id=customer.id, order="-starts_on", limit=1, **equal)
    if not found:
        raise NotFound(
            msg("{name} has no such account plan; make one with: crmkit sfa account plan", name=customer.name)
        )
    return found[0]


def set_actual(ctx: Context, plan: AccountPlan, goal: str, actual: Decimal) -> AccountGoal:
    """Note what is reached of a goal that is not computed. Raises NotFound and BadInput."""
    found = ctx.session.find(AccountGoal, plan_id=plan.id, name=goal)
    if found is None:
        raise NotFound(msg("{plan} has no goal {goal}", plan=plan.name, goal=goal))
    if found.measure != "manual":
        raise BadInput(msg("{goal} is computed, not entered", goal=goal))
    ctx.session.update(change(found, actual=actual))
    return ctx.session.get(AccountGoal, found.id)


def _progress(ctx: Context, plan: AccountPlan, goal: AccountGoal) -> GoalProgress:
    actual = goal.actual
    if goal.measure == "won":
        actual = _won(ctx, plan)
    elif goal.measure == "revenue":
        actual = _revenue(ctx, plan)
    share = None if actual is None or not goal.target else (actual / goal.target * 100).quantize(CENT)
    return GoalProgress(goal, actual, share)


def _won(ctx: Context, plan: AccountPlan) -> Decimal:
    # Plans are looked at now and then; every start would import what sums deals.
    import sqlalchemy as sa

    from crmkit_sfa.reporting.money import Exchange

    deals, exchange = ctx.session.table(Opportunity), Exchange(ctx)
    statement = sa.select(deals.c.amount_amount, deals.c.amount_currency, deals.c.closed_on).where(
        deals.c.customer_id == plan.customer_id,
        deals.c.category == "won",
        deals.c.closed_on >= plan.starts_on,
        deals.c.closed_on <= plan.ends_on,
    )
    total = Decimal(0)
    for amount, currency, day in ctx.session.execute(statement):
        total += exchange.into_home(amount, currency, day, 1) or Decimal(0)
    for missing in exchange.unconverted():
        raise BadInput(msg("no exchange rate from {currency} to {home}", currency=missing.currency, home=ctx.currency))
    return total


def _revenue(ctx: Context, plan: AccountPlan) -> Decimal:
    since, until = start_of(ctx, plan.starts_on), start_of(ctx, plan.ends_on + timedelta(days=1))
    worths = ctx.services.customer_worths(since=since, until=until)
    return next((worth.revenue for worth in worths if worth.customer_id == plan.customer_id), Decimal(0))
