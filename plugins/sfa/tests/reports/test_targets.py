from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

import crmkit_sfa
from crmkit import Crm
from crmkit.core.customer import Customer
from crmkit.core.interaction import Interaction
from crmkit.core.product import Product
from crmkit.core.staff import Team, User
from crmkit.core.values.clock import FixedClock
from crmkit.plugin import BadInput, Money, Refused, change, hookimpl
from crmkit.testing.making import MakeCrm
from crmkit_sfa.assignment.entities import Territory, TerritoryMember
from crmkit_sfa.reporting.fiscal import period_named
from crmkit_sfa.targets.attainment import Reached, attainment
from crmkit_sfa.targets.entities import Target
from crmkit_sfa.targets.metrics import STANDARD
from crmkit_sfa.targets.setting import Subject, goals, set_target
from crmkit_sfa.targets.specs import Measured, Metric

Q1 = period_named("2026-Q1")
OPENED = datetime(2026, 1, 5, 9, tzinfo=UTC)
BOTH = pytest.mark.parametrize("crm", ["sqlite", "postgresql"], indirect=True)


def eur(amount: int | str) -> Money:
    return Money.of(amount, "EUR")


@pytest.fixture
def company(crm: Crm, told: Callable[..., None], deal: Callable[..., Any]) -> Crm:
    """Ann and Ben of North, which is below Sales with Cleo; Ann won 300, Ben 100, Cleo 50."""
    sales = Team(name="Sales")
    north = Team(name="North", parent_id=sales.id)
    people = {
        name: User(login=name.lower(), name=name, team_id=team.id)
        for name, team in (("Ann", north), ("Ben", north), ("Cleo", sales))
    }
    acme, bolt = Customer(name="Acme", kind="organization"), Customer(name="Bolt", kind="organization")
    pump = Product(sku="P", name="Pump")
    with crm.session() as session:
        session.add(sales, north, *people.values(), acme, bolt, pump)

    def won(who: str, amount: int, customer: Customer, days: int = 20) -> Any:
        steps = ((OPENED, "prospecting"), (OPENED + timedelta(days=days), "won"))
        one = people[who]
        about = {"team_id": one.team_id, "customer_id": customer.id, "product_id": pump.id if amount > 60 else None}
        return deal(steps=steps, amount=eur(amount), owner_id=one.id, **about)

    told(crm, won("Ann", 200, acme), won("Ann", 100, acme, 30), won("Ben", 100, bolt), won("Cleo", 50, bolt, 40))
    return crm


def ids(crm: Crm) -> dict[str, Any]:
    with crm.session(reads=True) as session:
        named = [*session.list(User), *session.list(Team), *session.list(Product)]
    return {one.name: one.id for one in named}


def reached(crm: Crm, **options: Any) -> dict[tuple[str, str], Reached]:
    with crm.session(reads=True) as session:
        found = attainment(crm.context(session, "sfa"), Q1, **options)
    return {(row.metric, row.name): row for row in found.rows}


def test_targets_roll_up_the_tree_of_teams(company: Crm) -> None:
    named = ids(company)
    with company.session() as session:
        ctx = company.context(session, "sfa")
        set_target(ctx, "won_value", Q1, eur(400), Subject(user_id=named["Ann"]))
        set_target(ctx, "won_value", Q1, eur(100), Subject(user_id=named["Ben"]))
        set_target(ctx, "won_value", Q1, eur(50), Subject(user_id=named["Cleo"]))
        set_target(ctx, "won_value", Q1, eur(1000), Subject(product_id=named["Pump"]))
        coast = Territory(name="Coast")
        session.add(coast, TerritoryMember(territory_id=coast.id, user_id=named["Ben"]))
        set_target(ctx, "won_value", Q1, eur(200), Subject(territory_id=coast.id))
    found = reached(company)
    told = {name: (row.target, row.actual, row.rolled_up, row.depth) for (_, name), row in found.items()}
    assert told == {
        "": (550, 450, True, 0),
        "Sales": (550, 450, True, 1),
        "Cleo": (50, 50, False, 2),
        "North": (500, 400, True, 2),
        "Ann": (400, 300, False, 3),
        "Ben": (100, 100, False, 3),
        "Pump": (1000, 400, False, 1),
        "Coast": (200, 100, False, 1),
    }
    assert found["won_value", "Ann"].attainment == Decimal("0.75")
    with company.session() as session:
        set_target(company.context(session, "sfa"), "won_value", Q1, eur(800), Subject(team_id=named["North"]))
    again = reached(company)
    assert (again["won_value", "North"].target, again["won_value", "North"].rolled_up) == (800, False)
    assert again["won_value", ""].target == 850, "a team's own target counts instead of its people's"


def test_a_change_counts_from_when_it_was_made(company: Crm, clock: FixedClock) -> None:
    first = clock.now()
    with company.session() as session:
        set_target(company.context(session, "sfa"), "won_count", Q1, Decimal(10))
    clock.advance(days=2)
    with company.session() as session:
        set_target(company.context(session, "sfa"), "won_count", Q1, Decimal(8), note="Two people fewer")
    assert reached(company)["won_count", ""].target == 8
    assert reached(company, at=first)["won_count", ""].target == 10
    clock.advance(days=1)
    with company.session() as session:
        set_target(company.context(session, "sfa"), "won_count", Q1, None)
    assert reached(company) == {}
    with company.session(reads=True) as session:
        stood = goals(company.context(session, "sfa"), Q1, clock.now() - timedelta(hours=1))
    assert [goal.note for goal in stood.values()] == ["Two people fewer"]
    with pytest.raises(Refused, match="stands as it was given"), company.session() as session:
        session.update(change(session.list(Target)[0], number=Decimal(99)))


def test_what_was_reached_is_taken_until_the_moment_asked_about(company: Crm) -> None:
    with company.session() as session:
        set_at = datetime(2026, 1, 1, tzinfo=UTC)
        session.add(Target(metric="won_value", period_start=Q1.start, amount=eur(500), set_at=set_at))
    assert reached(company)["won_value", ""].actual == 450
    assert reached(company, at=datetime(2026, 1, 25, 8, tzinfo=UTC))["won_value", ""].actual == 300


@BOTH
def test_every_metric_is_measured(company: Crm) -> None:
    named = ids(company)
    with company.session() as session:
        ctx = company.context(session, "sfa")
        for metric in STANDARD:
            set_target(ctx, metric.name, Q1, eur(1) if metric.money else Decimal(1), Subject(user_id=named["Ben"]))
            set_target(ctx, metric.name, Q1, eur(1) if metric.money else Decimal(1))
        at = datetime(2026, 2, 1, 9, tzinfo=UTC)
        about = {"owner_id": named["Ben"], "occurred_at": at}
        session.add(Interaction(kind="call", **about), Interaction(kind="note", **about))
        session.add(Interaction(kind="call", status="planned", **about))
        session.add(
            Interaction(kind="payment", money=eur(70), **about), Interaction(kind="refund", money=eur(20), **about)
        )
    found = reached(company)
    assert {key: row.actual for key, row in found.items() if key[1] in ("", "Ben")} == {
        ("won_value", ""): 450,
        ("won_value", "Ben"): 100,
        ("won_count", ""): 4,
        ("won_count", "Ben"): 1,
        ("opened_value", ""): 450,
        ("opened_value", "Ben"): 100,
        ("opened_count", ""): 4,
        ("opened_count", "Ben"): 1,
        ("new_customers", ""): 2,
        ("new_customers", "Ben"): 1,
        ("activities", ""): 1,
        ("activities", "Ben"): 1,
        ("received", ""): 50,
        ("received", "Ben"): 50,
    }


class Demos:
    """Another plugin, which counts demonstrations."""

    @hookimpl
    def collect_sfa_metrics(self, ctx: Any, call: Any) -> Iterator[Metric]:
        def measure(ctx: Any, asked: Any) -> list[Measured]:
            return [Measured(value=Decimal(asked.since.month + 2))]

        yield Metric(name="demos", label="Demonstrations", measure=measure)


def test_another_plugin_brings_a_metric(make_crm: MakeCrm) -> None:
    crm = make_crm(plugins=[crmkit_sfa, Demos()])
    with crm.session() as session:
        set_target(crm.context(session, "sfa"), "demos", Q1, Decimal(4))
    assert reached(crm)["demos", ""].attainment == Decimal("0.75")


def test_bad_targets_are_refused(memory: Crm) -> None:
    with memory.session() as session:
        ctx = memory.context(session, "sfa")
        with pytest.raises(BadInput, match="metric won_vale: did you mean"):
            set_target(ctx, "won_vale", Q1, Decimal(1))
        with pytest.raises(BadInput, match="expected an amount with its currency"):
            set_target(ctx, "won_value", Q1, Decimal(1))
        with pytest.raises(BadInput, match="expected a number"):
            set_target(ctx, "won_count", Q1, eur(1))
        with pytest.raises(BadInput, match="zero or more"):
            set_target(ctx, "won_count", Q1, Decimal(-1))
        user = User(login="a", name="A")
        with pytest.raises(BadInput, match="not several"):
            Subject(user_id=user.id, product_id=user.id)
    assert period_named("2026-02").start == date(2026, 2, 1)
