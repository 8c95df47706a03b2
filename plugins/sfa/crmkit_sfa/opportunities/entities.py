"""What the plugin keeps of opportunities. Money is exact, days are civil dates, instants are UTC."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from crmkit.plugin import Money, Part, Record, Via, entity, field

Category = Literal["open", "won", "lost"]
"""What a stage means: never decided by its name."""
ForecastCategory = Literal["omitted", "pipeline", "best_case", "commit", "closed"]
Weighing = Literal["stage", "plugin", "manual"]
"""Where a forecast category comes from: the stage, a plugin, or somebody who wrote it."""
ProbabilitySource = Literal["stage", "history", "plugin", "manual"]
"""Where a probability comes from: the stage, history, a plugin, or somebody who wrote it."""
BuyingRole = Literal["decision_maker", "economic_buyer", "influencer", "champion", "user", "gatekeeper", "other"]


@entity(
    "sfa_opportunity",
    label="Opportunity",
    plural="sfa_opportunities",
    plural_label="Opportunities",
    plugin="sfa",
    over="category in (won, lost)",
    credited=True,
    indexes=(("category", "close_on"), ("pipeline", "stage"), ("customer_id", "category")),
)
class Opportunity(Record):
    """A possible sale on its way through a pipeline. Writing another stage moves it there; it may have no customer yet."""

    name: str = field(searchable=True)
    customer_id: UUID | None = field(default=None, reference="customer", merge="repoint", erase="tombstone")
    pipeline: str = field(default="", max_length=100, erase="keep", help="The lifecycle that it goes through.")
    stage: str = field(
        default="", max_length=100, erase="keep", help="Where it stands; writing another one moves it there."
    )
    category: Category = field(default="open", help="Whether it is open, won or lost, as the stage says.")
    opening_stage: str = field(
        default="", max_length=100, erase="keep", help="Where it began; by default the pipeline's first stage."
    )
    opened_on: date | None = field(default=None, help="The day it began; by default the day it is entered.")
    entered_at: datetime | None = field(default=None, label="In this stage since")
    close_on: date | None = field(default=None, label="Expected close", help="The day it is expected to be decided.")
    closed_on: date | None = field(default=None, label="Closed on", help="The day it was won or lost.")
    amount: Money | None = field(default=None, help="What it is worth; the sum of its lines where it has some.")
    product_id: UUID | None = field(default=None, reference="product", help="What it is mainly about.")
    probability: Decimal | None = field(default=None, minimum=0, help="How likely it is won, in percent.")
    probability_source: ProbabilitySource | None = field(default=None, help="Where the probability comes from.")
    forecast_category: ForecastCategory | None = field(default=None, help="As what it counts in forecasts.")
    forecast_source: Weighing | None = field(default=None, help="Where the forecast category comes from.")
    reason: str = field(default="", max_length=200, label="Win or loss reason")
    next_step: str = field(default="", max_length=500)
    next_step_on: date | None = field(default=None)
    lead_source: str = field(default="", max_length=200, erase="keep", help="Where the interest came from first.")
    description: str = field(default="", max_length=20_000, sensitivity="personal", searchable=True)


@entity(
    "sfa_opportunity_line",
    label="Opportunity line",
    plugin="sfa",
    title="description",
    access=Via("opportunity_id"),
)
class OpportunityLine(Part):
    """One product of an opportunity. ``discount`` is in percent; its amount is quantity x price less discount."""

    opportunity_id: UUID = field(reference="sfa_opportunity")
    position: int = field(default=1, minimum=1)
    product_id: UUID | None = field(default=None, reference="product")
    description: str = field(default="", max_length=500)
    quantity: Decimal = field(default=Decimal(1))
    unit_price: Money = field()
    discount: Decimal = field(default=Decimal(0), minimum=0)


@entity(
    "sfa_opportunity_contact",
    label="Buying role",
    plugin="sfa",
    title="role",
    access=Via("opportunity_id"),
    unique=(("opportunity_id", "customer_id", "role"),),
)
class OpportunityContact(Part):
    """A person with a part in the buyer's decision."""

    opportunity_id: UUID = field(reference="sfa_opportunity")
    customer_id: UUID = field(reference="customer", merge="union", erase="delete", label="Person")
    role: BuyingRole = field(default="other")
    note: str = field(default="", max_length=1_000, sensitivity="personal")


@entity(
    "sfa_competitor",
    label="Competitor",
    plugin="sfa",
    title="name",
    access=Via("opportunity_id"),
    unique=(("opportunity_id", "name"),),
)
class Competitor(Part):
    """Who else wants this deal: how dangerous, at what price, and how it ended for them."""

    opportunity_id: UUID = field(reference="sfa_opportunity")
    name: str = field(searchable=True)
    customer_id: UUID | None = field(
        default=None, reference="customer", merge="repoint", erase="clear", label="Organization"
    )
    threat: Literal["low", "medium", "high"] = field(default="medium")
    price: Money | None = field(default=None)
    outcome: Literal["open", "won", "lost", "withdrawn"] = field(default="open")
    note: str = field(default="", max_length=2_000)


@entity(
    "sfa_opportunity_history",
    label="Opportunity history",
    plural="sfa_opportunity_histories",
    plugin="sfa",
    title="stage",
    access=Via("opportunity_id"),
    indexes=(("opportunity_id", "valid_from"), ("valid_from",)),
)
class OpportunityHistory(Part):
    """What an opportunity was from one instant to another: the intervals of one have no gaps and do not overlap.

    ``valid_to`` is excluded; the interval without one tells the present.
    """

    opportunity_id: UUID = field(reference="sfa_opportunity")
    valid_from: datetime = field()
    valid_to: datetime | None = field(default=None)
    pipeline: str = field(max_length=100, erase="keep")
    stage: str = field(max_length=100, erase="keep")
    category: Category = field()
    amount: Money | None = field(default=None)
    close_on: date | None = field(default=None, label="Expected close")
    probability: Decimal | None = field(default=None)
    forecast_category: ForecastCategory | None = field(default=None)
    salesperson_id: UUID | None = field(default=None, reference="user")
    salesteam_id: UUID | None = field(default=None, reference="team")


@entity(
    "sfa_big_deal_alert",
    label="Big-deal alert",
    plugin="sfa",
    title="direction",
    access=Via("opportunity_id"),
)
class BigDealAlert(Part):
    """An open opportunity has become a big one (up), or is none any more (down)."""

    opportunity_id: UUID = field(reference="sfa_opportunity")
    direction: Literal["up", "down"] = field()
    threshold: Money = field()
    team: str = field(default="", max_length=100, erase="keep", help="Whose threshold it is; empty: everybody's.")
    amount: Money | None = field(default=None)


@entity(
    "sfa_stage_win_rate",
    label="Win rate of a stage",
    plural_label="Win rates of stages",
    plugin="sfa",
    title="stage",
    unique=(("pipeline", "stage"),),
)
class StageWinRate(Record):
    """What became of the deals that stood in a stage and were decided on the days ``since`` to ``until`` (included)."""

    pipeline: str = field(max_length=100)
    stage: str = field(max_length=100)
    since: date = field()
    until: date = field()
    won: int = field(minimum=0)
    lost: int = field(minimum=0)

    @property
    def decided(self) -> int:
        """How many were decided."""
        return self.won + self.lost


OPPORTUNITY_ENTITIES = (
    Opportunity,
    OpportunityLine,
    OpportunityContact,
    Competitor,
    OpportunityHistory,
    BigDealAlert,
    StageWinRate,
)
