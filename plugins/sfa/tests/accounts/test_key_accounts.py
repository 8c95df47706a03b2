from __future__ import annotations

from datetime import date
from decimal import Decimal

import attrs
import pytest

from crmkit import Crm
from crmkit.core.access import Actor
from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.staff import RecordShare
from crmkit.core.values.clock import FixedClock
from crmkit.plugin import AccessDenied, BadInput, Money, NotFound, Refused, change
from crmkit.testing.making import AsUser, MakeCustomer
from crmkit_sfa.accounts.beginning import begin_memberships
from crmkit_sfa.accounts.entities import AccountAction, AccountGoal, AccountMember, AccountPlan, AccountReview
from crmkit_sfa.accounts.planning import due_reviews, plan_of, plan_view, set_actual
from crmkit_sfa.opportunities.entities import Opportunity

RIGHTS = ("customer * own", "contact_point * own", "sfa_account_member read own", "sfa_account_plan read own")


@attrs.frozen
class Account:
    crm: Crm
    customer: Customer
    anna: Actor
    ben: Actor

    def joined(self, actor: Actor, **details: object) -> AccountMember:
        made = AccountMember(customer_id=self.customer.id, user_id=actor.user_id, **details)
        with self.crm.session() as session:
            session.add(made)
        with self.crm.session(reads=True) as session:
            return session.get(AccountMember, made.id)

    def sees(self, actor: Actor) -> tuple[int, int]:
        with self.crm.session(self.crm.actor(actor.name), reads=True) as session:
            return session.count(Customer), session.count(ContactPoint)

    def plan(self, **details: object) -> AccountPlan:
        dates = {"starts_on": date(2026, 1, 1), "ends_on": date(2026, 12, 31)}
        made = AccountPlan(customer_id=self.customer.id, name="Growth", **{**dates, **details})
        with self.crm.session() as session:
            session.add(made)
        with self.crm.session(reads=True) as session:
            return session.get(AccountPlan, made.id)


@pytest.fixture
def account(crm: Crm) -> Account:
    as_user = AsUser(crm)
    customer = MakeCustomer(crm)(name="Große Werke", email="post@werke.example")
    return Account(crm, customer, as_user(*RIGHTS, login="anna"), as_user(*RIGHTS, login="ben"))


def test_members_read_the_customer_while_they_are_in_its_team(account: Account, clock: FixedClock) -> None:
    assert account.sees(account.anna) == (0, 0)
    member = account.joined(account.anna, role="service", ends_on=date(2026, 3, 31))
    assert (account.sees(account.anna), account.sees(account.ben)) == ((1, 1), (0, 0))
    with pytest.raises(AccessDenied), account.crm.session(account.crm.actor("anna")) as session:
        session.update(change(session.get(Customer, account.customer.id), industry="Steel"))
    clock.advance(days=17)
    assert account.sees(account.anna) == (0, 0)
    with account.crm.session() as session:
        session.update(change(session.get(AccountMember, member.id), ends_on=None, may_change=True))
    with account.crm.session(account.crm.actor("anna")) as session:
        session.update(change(session.get(Customer, account.customer.id), industry="Steel"))
    with account.crm.session() as session:
        session.delete(session.get(AccountMember, member.id))
    assert account.sees(account.anna) == (0, 0)


def test_two_parts_in_a_team_are_one_share(account: Account) -> None:
    first = account.joined(account.anna, role="sales", may_change=True)
    account.joined(account.anna, role="finance", ends_on=date(2026, 5, 1))
    with account.crm.session() as session:
        (share,) = session.list(RecordShare)
        assert (share.action, share.expires_at) == ("update", None)
        session.delete(session.get(AccountMember, first.id))
    with account.crm.session(reads=True) as session:
        (share,) = session.list(RecordShare)
        assert (share.action, str(share.expires_at)) == ("read", "2026-05-02 00:00:00+00:00")


def test_whoever_takes_over_takes_the_place_in_the_team(account: Account) -> None:
    member = account.joined(account.anna, role="manager")
    with account.crm.session() as session:
        session.update(change(session.get(AccountMember, member.id), user_id=account.ben.user_id))
    assert (account.sees(account.anna), account.sees(account.ben)) == ((0, 0), (1, 1))


def test_a_membership_to_come_begins_on_its_day(account: Account, clock: FixedClock) -> None:
    account.joined(account.anna, role="sales", starts_on=date(2026, 3, 17))
    assert account.sees(account.anna) == (0, 0)
    clock.advance(days=2)
    for made in (1, 0):
        with account.crm.session() as session:
            assert begin_memberships(account.crm.context(session, "sfa")) == made
    assert account.sees(account.anna) == (1, 1)


def test_goals_are_computed_or_entered(account: Account) -> None:
    plan = account.plan()
    deal = {"customer_id": account.customer.id, "stage": "won", "amount": Money.of("2500", "EUR")}
    goals = {"Deals": "won", "Visits": "manual", "Revenue": "revenue"}
    with account.crm.session() as session:
        session.add(
            *[AccountGoal(plan_id=plan.id, name=n, measure=m, target=Decimal(10_000)) for n, m in goals.items()],  # type: ignore[arg-type]
            Opportunity(name="Now", closed_on=date(2026, 2, 1), opened_on=date(2026, 1, 2), **deal),
            Opportunity(name="Before", closed_on=date(2025, 12, 31), opened_on=date(2025, 12, 1), **deal),
        )
    with account.crm.session() as session:
        ctx = account.crm.context(session, "sfa")
        ctx.services.log(
            "purchase", participants=[account.customer.id], at=ctx.clock.now(), money=Money.of("4000", "EUR")
        )
        set_actual(ctx, plan, "Visits", Decimal(5_000))
        with pytest.raises(BadInput):
            set_actual(ctx, plan, "Deals", Decimal(1))
        with pytest.raises(NotFound):
            set_actual(ctx, plan, "Tea", Decimal(1))
    with account.crm.session(reads=True) as session:
        view = plan_view(account.crm.context(session, "sfa"), plan)
    assert {g.goal.name: (g.actual, g.percent) for g in view.goals} == {
        "Deals": (2500, 25),
        "Revenue": (4000, 40),
        "Visits": (5000, 50),
    }


def test_reviews_fall_due_and_a_review_sets_the_next(account: Account, clock: FixedClock) -> None:
    plan = account.plan()
    assert plan.review_on == date(2026, 4, 1)
    with account.crm.session(reads=True) as session:
        ctx = account.crm.context(session, "sfa")
        assert (due_reviews(ctx), len(due_reviews(ctx, 30))) == ([], 1)
    clock.advance(days=20)
    with account.crm.session(reads=True) as session:
        ctx = account.crm.context(session, "sfa")
        assert [(one.customer, one.days) for one in due_reviews(ctx)] == [("Große Werke", 3)]
        assert plan_view(ctx, plan_of(ctx, account.customer)).overdue
    with account.crm.session() as session:
        session.add(AccountReview(plan_id=plan.id, held_on=date(2026, 4, 4), notes="On its way"))
        session.add(AccountAction(plan_id=plan.id, name="Invite", user_id=account.anna.user_id))
    with account.crm.session(reads=True) as session:
        ctx = account.crm.context(session, "sfa")
        view = plan_view(ctx, plan_of(ctx, account.customer, "Growth"))
    assert (view.plan.review_on, view.overdue, len(view.reviews), len(view.actions)) == (date(2026, 7, 3), False, 1, 1)


def test_nothing_ends_before_it_begins(account: Account) -> None:
    with pytest.raises(Refused):
        account.plan(ends_on=date(2025, 12, 31))
    with pytest.raises(Refused):
        account.joined(account.anna, starts_on=date(2026, 2, 1), ends_on=date(2026, 1, 1))
