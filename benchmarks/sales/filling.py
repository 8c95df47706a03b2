"""Opportunities for the benchmarks of reports: deals of three years with their history, the same ones at every run."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from benchmarks.databases import settle
from crmkit import Crm
from crmkit.core.customer import Customer
from crmkit.core.exchange_rate import ExchangeRate
from crmkit.core.product import Product
from crmkit.core.staff import Team, User
from crmkit.plugin import Money
from crmkit_sfa.opportunities.entities import Opportunity, OpportunityHistory

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
STAGES = ("prospecting", "engaging", "proposal", "negotiation")
USUAL: dict[str, int] = {"prospecting": 10, "engaging": 25, "proposal": 50, "negotiation": 75, "won": 100, "lost": 0}
FORECAST: dict[str, Any] = {"proposal": "best_case", "negotiation": "commit", "won": "closed", "lost": "omitted"}
REASONS = ("price", "timing", "competitor", "no budget", "")
SALESPEOPLE, TEAMS, PRODUCTS, CUSTOMERS = 40, 8, 7, 2_000
DAYS = 3 * 365
CHUNK = 10_000


def fill(crm: Crm, opportunities: int) -> None:
    """Write opportunities, with some 2.5 intervals each, of salespeople in teams; a hundredth in another currency."""
    teams = [Team(name="Sales")]
    teams += [Team(name=f"Team {number}", parent_id=teams[0].id) for number in range(1, TEAMS)]
    people = [
        User(login=f"seller{number}", name=f"Seller {number}", team_id=teams[number % TEAMS].id)
        for number in range(SALESPEOPLE)
    ]
    products = [Product(sku=f"P-{number}", name=f"Product {number}") for number in range(PRODUCTS)]
    customers = [Customer(name=f"Customer {number}", kind="organization") for number in range(CUSTOMERS)]
    with crm.session() as session:
        session.add(*teams, *people, *products, *customers)
        session.add(ExchangeRate(base="CNY", quote="EUR", valid_from=date(2020, 1, 1), rate=Decimal("0.125")))
    dice = random.Random(7)
    chosen = [(person, dice.choice(products)) for person in people for _ in range(8)]
    written: dict[str, list[Any]] = {"sfa_opportunity": [], "sfa_opportunity_history": []}
    for number in range(opportunities):
        person, product = dice.choice(chosen)
        deal, past = _deal(dice, number, person, product, dice.choice(customers))
        written["sfa_opportunity"].append(deal)
        written["sfa_opportunity_history"] += past
        if number % CHUNK == CHUNK - 1 or number == opportunities - 1:
            _write(crm, written)
    settle(crm)


def _deal(
    dice: random.Random, number: int, person: User, product: Product, customer: Customer
) -> tuple[Opportunity, list[OpportunityHistory]]:
    """Return a deal and its history."""
    opened = NOW.date() - timedelta(days=dice.randrange(DAYS))
    way = list(_way(dice, opened))
    at, stage = way[-1]
    category = _category(stage)
    forecast: Any = FORECAST.get(stage, "pipeline")
    close_on = at.date() if category != "open" else NOW.date() + timedelta(days=dice.randrange(-20, 300))
    facts: Any = {
        "amount": Money(Decimal(dice.randrange(50, 30_000)), "CNY" if number % 100 == 0 else "EUR"),
        "pipeline": "sales",
        "close_on": close_on,
    }
    deal = Opportunity(
        name=f"Deal {number}",
        stage=stage,
        category=category,
        opening_stage=way[0][1],
        opened_on=opened,
        entered_at=at,
        closed_on=None if category == "open" else at.date(),
        probability=Decimal(USUAL[stage]),
        forecast_category=forecast,
        reason=dice.choice(REASONS) if category == "lost" else "",
        owner_id=person.id,
        team_id=person.team_id,
        customer_id=customer.id,
        product_id=product.id,
        version=1,
        created_at=NOW,
        updated_at=NOW,
        **facts,
    )
    ends = [*(start for start, _ in way[1:]), None]
    past = [
        OpportunityHistory(
            opportunity_id=deal.id,
            valid_from=start,
            valid_to=end,
            stage=step,
            category=_category(step),
            probability=Decimal(USUAL[step]),
            forecast_category=FORECAST.get(step, "pipeline"),
            salesperson_id=person.id,
            salesteam_id=person.team_id,
            version=1,
            created_at=NOW,
            updated_at=NOW,
            **facts,
        )
        for (start, step), end in zip(way, ends, strict=True)
    ]
    return deal, past


def _category(stage: str) -> Any:
    return stage if stage in ("won", "lost") else "open"


def _way(dice: random.Random, opened: date) -> Iterator[tuple[datetime, str]]:
    """Yield the steps of a deal: forward, at times skipping a stage or going back, until it is won or lost."""
    at = datetime.combine(opened, time(dice.randrange(8, 18)), UTC)
    place = 0
    yield at, STAGES[0]
    while True:
        at += timedelta(days=dice.randrange(1, 60), hours=dice.randrange(1, 5))
        if at > NOW:
            return
        fate = dice.random()
        if fate < 0.25 or (fate < 0.45 and place >= 2):
            yield at, "won"
            return
        if fate < 0.45:
            yield at, "lost"
            return
        place = max(0, place - 1) if fate > 0.95 else min(place + (2 if fate > 0.85 else 1), len(STAGES) - 1)
        yield at, STAGES[place]


def _write(crm: Crm, written: dict[str, list[Any]]) -> None:
    """Write the rows by the driver, past the rules: what they would make of them is given."""
    tenant = crm.system.tenant_id
    given: Any = tenant.bytes if crm.database.dialect == "sqlite" else tenant
    with crm.database.connection() as connection:
        cursor = connection.connection.cursor()
        for entity, records in written.items():
            codec = crm.database.codecs[entity]
            for first in range(0, len(records), 2_000):
                rows = [codec.to_row(one, given) for one in records[first : first + 2_000]]
                crm.database.writer.insert(cursor, entity, rows)
            records.clear()
        cursor.close()
        connection.commit()
