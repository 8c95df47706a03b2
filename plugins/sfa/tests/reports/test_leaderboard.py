from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, get_args

import pytest

from crmkit import Crm
from crmkit.core.customer import Customer
from crmkit.core.exchange_rate import ExchangeRate
from crmkit.core.product import Product
from crmkit.core.staff import Team, User
from crmkit.plugin import BadInput, Money
from crmkit.testing.making import AsUser
from crmkit_sfa.assignment.entities import Territory, TerritoryMember
from crmkit_sfa.forecasting.forecast import BY, forecast
from crmkit_sfa.funnel.cohort import cohort_funnels
from crmkit_sfa.funnel.flow import flow_funnels
from crmkit_sfa.funnel.leaderboard import leaderboard
from crmkit_sfa.funnel.velocity import WITHOUT_PERIODS, velocity
from crmkit_sfa.reporting.grouping import By
from crmkit_sfa.reporting.range import DayRange

OPENED = datetime(2026, 1, 5, 9, tzinfo=UTC)
BOTH = pytest.mark.parametrize("crm", ["sqlite", "postgresql"], indirect=True)


def ended(outcome: str, days: int) -> tuple[tuple[datetime, str], ...]:
    return ((OPENED, "prospecting"), (OPENED + timedelta(days=days), outcome))


@pytest.fixture
def company(crm: Crm, told: Callable[..., None], deal: Callable[..., Any]) -> Crm:
    """Ann and Ben of North under Cleo, and Dora of South: 6 deals, one of them in another currency."""
    sales = Team(name="Sales")
    north, south = Team(name="North", parent_id=sales.id), Team(name="South")
    cleo = User(login="cleo", name="Cleo", team_id=sales.id)
    ann, ben = (User(login=n.lower(), name=n, team_id=north.id, reports_to_id=cleo.id) for n in ("Ann", "Ben"))
    dora = User(login="dora", name="Dora", team_id=south.id)
    acme = Customer(name="Acme", kind="organization", industry="retail")
    pump = Product(sku="P", name="Pump")
    with crm.session() as session:
        session.add(sales, north, south, cleo, ann, ben, dora, acme, pump)
        session.add(ExchangeRate(base="CNY", quote="EUR", valid_from=date(2026, 1, 1), rate=Decimal("0.125")))
    about = {"customer_id": acme.id, "product_id": pump.id, "lead_source": "fair"}
    told(
        crm,
        deal(steps=ended("won", 10), owner_id=ann.id, team_id=north.id, amount=Money.of("100", "EUR"), **about),
        deal(steps=ended("won", 21), owner_id=ann.id, team_id=north.id, amount=Money.of("300.50", "EUR"), **about),
        deal(steps=ended("lost", 30), owner_id=ann.id, team_id=north.id, amount=Money.of("999", "EUR")),
        deal(steps=ended("won", 40), owner_id=ben.id, amount=Money.of("800", "CNY")),
        deal(steps=ended("won", 50), owner_id=dora.id, team_id=south.id, amount=None),
        deal(steps=((OPENED, "engaging"),), owner_id=ann.id, team_id=north.id, amount=Money.of("50", "EUR")),
    )
    return crm


def rows(crm: Crm, **options: Any) -> dict[str, tuple[int, int, Decimal]]:
    with crm.session(reads=True) as session:
        found = leaderboard(crm.context(session, "sfa"), **options)
    return {row.name: (row.won, row.lost, row.value) for row in found.rows}


def test_people_are_ranked_by_what_they_won(company: Crm) -> None:
    with company.session(reads=True) as session:
        found = leaderboard(company.context(session, "sfa"))
    assert [row.name for row in found.rows] == ["Ann", "Ben", "Dora"]
    ann, ben, dora = found.rows
    assert (ann.won, ann.lost, ann.value) == (2, 1, Decimal("400.50"))
    assert (ann.win_rate, ann.average) == (Decimal(2) / 3, Decimal("200.25"))
    assert ben.value == 100
    assert (dora.value, dora.without_value, dora.average) == (0, 1, None)
    assert found.total.value == Decimal("500.50")
    assert ann.share == Decimal("400.50") / Decimal("500.50")
    assert sum(row.share or 0 for row in found.rows) == 1


def test_groups_are_those_of_the_company(company: Crm) -> None:
    assert rows(company, by="manager") == {"Cleo": (3, 1, Decimal("500.50")), "": (1, 0, 0)}
    assert rows(company, by="team") == {"North": (3, 1, Decimal("500.50")), "South": (1, 0, 0)}
    assert rows(company, by="region") == {"Sales": (3, 1, Decimal("500.50")), "South": (1, 0, 0)}
    assert rows(company, by="product") == {"Pump": (2, 0, Decimal("400.50")), "": (2, 1, 100)}
    assert rows(company, by="account") == {"Acme": (2, 0, Decimal("400.50")), "": (2, 1, 100)}
    assert rows(company, by="sector") == {"retail": (2, 0, Decimal("400.50")), "": (2, 1, 100)}
    assert rows(company, by="source") == {"fair": (2, 0, Decimal("400.50")), "": (2, 1, 100)}
    assert rows(company, by="month") == {"2026-01": (2, 0, Decimal("400.50")), "2026-02": (2, 1, 100)}


def test_a_territory_is_whose_deals_its_people_own(company: Crm) -> None:
    with company.session() as session:
        coast = Territory(name="Coast")
        harbour = Territory(name="Harbour", parent_id=coast.id)
        gone = Territory(name="Gone", priority=9, valid_until=date(2026, 1, 1))
        people = {one.name: one.id for one in session.list(User)}
        session.add(coast, harbour, gone)
        for territory in (coast, harbour, gone):
            session.add(TerritoryMember(territory_id=territory.id, user_id=people["Ann"]))
        session.add(TerritoryMember(territory_id=coast.id, user_id=people["Ben"]))
    assert rows(company, by="territory") == {
        "Harbour": (2, 1, Decimal("400.50")),
        "Coast": (1, 0, 100),
        "": (1, 0, 0),
    }


def test_an_amount_without_a_rate_is_told_and_not_counted(
    company: Crm, told: Callable[..., None], deal: Callable[..., Any]
) -> None:
    told(company, deal(steps=ended("won", 3), amount=Money.of("70", "USD")))
    told(company, deal(steps=ended("won", 4), amount=Money.of("30", "USD")))
    with company.session(reads=True) as session:
        found = leaderboard(company.context(session, "sfa"))
        future = forecast(company.context(session, "sfa"))
    for report in (found, future):
        (missing,) = report.unconverted
        assert (missing.currency, missing.amount, missing.deals) == ("USD", 100, 2)
        assert (missing.first, missing.last) == (date(2026, 1, 8), date(2026, 1, 9))
    assert found.total.value == Decimal("500.50")
    assert found.total.won == 6


def test_a_period_takes_the_deals_closed_in_it(company: Crm) -> None:
    january = DayRange(date(2026, 1, 15), date(2026, 1, 26))
    assert rows(company, days=january) == {"Ann": (1, 0, Decimal(100))}
    assert rows(company, days=DayRange(date(2026, 1, 15), date(2026, 1, 27)))["Ann"] == (2, 0, Decimal("400.50"))


@BOTH
def test_velocity_is_open_deals_times_rate_times_value_by_days(company: Crm) -> None:
    with company.session(reads=True) as session:
        found = velocity(company.context(session, "sfa"), by="owner")
    ann = found.rows[0]
    assert (ann.name, ann.open, ann.won_mean, ann.won_median, ann.lost_mean) == (
        *("Ann", 1, Decimal("15.5"), Decimal("15.5")),
        Decimal(30),
    )
    assert ann.velocity == Decimal(2) / 3 * Decimal("200.25") / Decimal("15.5")
    assert found.total.won_median == Decimal("30.5")
    assert (found.total.open, found.total.win_rate) == (1, Decimal(4) / 5)


@BOTH
def test_every_report_has_every_grouping(company: Crm) -> None:
    with company.session(reads=True) as session:
        ctx = company.context(session, "sfa")
        for by in get_args(By):
            assert sum(row.won for row in leaderboard(ctx, by=by).rows) == 4
            assert sum(one.deals for one in cohort_funnels(ctx, by=by)) == 6
            assert sum(one.opened for one in flow_funnels(ctx, by=by)) == 6
        for by in WITHOUT_PERIODS:
            assert sum(row.won for row in velocity(ctx, by=by).rows) == 4
        for by in BY:
            for at in (None, company.clock.now()):
                assert forecast(ctx, by=by, at=at).periods[0].total.deals["closed"] == 4
        with pytest.raises(BadInput, match="by onwer: did you mean"):
            leaderboard(ctx, by="onwer")


def test_everybody_sees_the_deals_they_may_see(company: Crm, as_user: AsUser) -> None:
    reader = as_user("sfa_opportunity read own", "sfa_opportunity_history read own", "user read all")
    with company.session(reader, reads=True) as session:
        ctx = company.context(session, "sfa")
        assert leaderboard(ctx).rows == ()
        assert cohort_funnels(ctx) == []
        assert not forecast(ctx).periods[0].total.deals
    everybody = as_user("sfa_opportunity read all", "sfa_opportunity_history read all", "user read all")
    with company.session(everybody, reads=True) as session:
        ctx = company.context(session, "sfa")
        assert leaderboard(ctx).total.value == Decimal("500.50"), "rates are there for whoever may not read them"
        assert cohort_funnels(ctx)[0].deals == 6
