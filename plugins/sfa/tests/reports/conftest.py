from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import attrs
import pytest

import crmkit_sfa
from crmkit import Crm
from crmkit.core.entity import entity_info
from crmkit.plugin import Money
from crmkit.testing.making import MakeCrm
from crmkit_sfa.opportunities.entities import Opportunity, OpportunityHistory

USUAL = {"prospecting": 10, "engaging": 25, "proposal": 50, "negotiation": 75, "won": 100, "lost": 0}
FORECAST = {"proposal": "best_case", "negotiation": "commit", "won": "closed", "lost": "omitted"}


def category_of(stage: str) -> str:
    return stage if stage in ("won", "lost") else "open"


def at(day: date, hour: int = 0) -> datetime:
    return datetime.combine(day, time(hour), UTC)


@attrs.frozen(kw_only=True)
class Deal:
    """A deal as a test tells it: its steps as (instant, stage), the first one its opening."""

    steps: tuple[tuple[datetime, str], ...]
    name: str = "Deal"
    amount: Money | None = None
    owner_id: UUID | None = None
    team_id: UUID | None = None
    customer_id: UUID | None = None
    product_id: UUID | None = None
    close_on: date | None = None
    lead_source: str = ""
    reason: str = ""

    @property
    def stage(self) -> str:
        return self.steps[-1][1]

    @property
    def category(self) -> str:
        return category_of(self.stage)

    @property
    def opened_on(self) -> date:
        return self.steps[0][0].date()

    @property
    def closed_on(self) -> date | None:
        return None if self.category == "open" else self.steps[-1][0].date()


def records(deal: Deal) -> list[Any]:
    """Return the opportunity and its history, as saving them step by step would have left them."""
    one = Opportunity(
        name=deal.name,
        pipeline="sales",
        stage=deal.stage,
        category=deal.category,
        opening_stage=deal.steps[0][1],
        opened_on=deal.opened_on,
        entered_at=deal.steps[-1][0],
        close_on=deal.close_on,
        closed_on=deal.closed_on,
        amount=deal.amount,
        probability=Decimal(USUAL[deal.stage]),
        forecast_category=FORECAST.get(deal.stage, "pipeline"),
        reason=deal.reason,
        lead_source=deal.lead_source,
        owner_id=deal.owner_id,
        team_id=deal.team_id,
        customer_id=deal.customer_id,
        product_id=deal.product_id,
    )
    ends = [*(start for start, _ in deal.steps[1:]), None]
    return [
        one,
        *(
            OpportunityHistory(
                opportunity_id=one.id,
                valid_from=start,
                valid_to=end,
                pipeline="sales",
                stage=stage,
                category=category_of(stage),
                amount=deal.amount,
                close_on=deal.close_on,
                probability=Decimal(USUAL[stage]),
                forecast_category=FORECAST.get(stage, "pipeline"),
                salesperson_id=deal.owner_id,
                salesteam_id=deal.team_id,
            )
            for (start, stage), end in zip(deal.steps, ends, strict=True)
        ),
    ]


def write(crm: Crm, made: Sequence[Any]) -> None:
    """Write records as they are, past all rules: what a report is asked of is what the test says."""
    tenant = crm.system.tenant_id
    given: Any = tenant.bytes if crm.database.dialect == "sqlite" else tenant
    by_entity: dict[str, list[Any]] = defaultdict(list)
    for record in made:
        stamped = attrs.evolve(record, version=1, created_at=crm.clock.now(), updated_at=crm.clock.now())
        by_entity[entity_info(type(record)).name].append(stamped)
    with crm.session() as session:
        cursor = session.connection.connection.cursor()
        for entity, some in by_entity.items():
            codec = crm.database.codecs[entity]
            crm.database.writer.insert(cursor, entity, [codec.to_row(one, given) for one in some])
        cursor.close()


@pytest.fixture
def told() -> Callable[..., None]:
    """Write deals and other records."""

    def tell(crm: Crm, *deals: Any) -> None:
        made: list[Any] = []
        for deal in deals:
            made += records(deal) if isinstance(deal, Deal) else [deal]
        write(crm, made)

    return tell


@pytest.fixture
def deal() -> type[Deal]:
    """What a test tells a deal with."""
    return Deal


@pytest.fixture
def wiped() -> Callable[[Crm], None]:
    """Take all deals out of a database, past all rules, for another example in it."""

    def wipe(crm: Crm) -> None:
        with crm.session() as session:
            session.connection.exec_driver_sql("DELETE FROM sfa_opportunity_histories")
            session.connection.exec_driver_sql("DELETE FROM sfa_opportunities")

    return wipe


@pytest.fixture
def crm(request: pytest.FixtureRequest, make_crm: MakeCrm) -> Crm:
    """A CRM in memory; on PostgreSQL where a test asks for both, because what it shows depends on the database."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return make_crm(plugins=[crmkit_sfa])
    return make_crm(plugins=[crmkit_sfa], url=request.getfixturevalue("own_sales_url"))


@pytest.fixture
def memory(make_crm: MakeCrm) -> Crm:
    """A CRM in memory whose sums are in US dollars."""
    return make_crm(plugins=[crmkit_sfa], config={"currency": "USD"})
