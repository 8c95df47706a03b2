"""What the plugin keeps of scorecards."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from crmkit.core.entity import EMPTY
from crmkit.plugin import Part, Record, Via, entity, field


@entity(
    "sfa_scorecard",
    label="Scorecard",
    plugin="sfa",
    unique=(("name",),),
)
class Scorecard(Record):
    """On what parties are judged, and how much each of it counts.

    Each item of ``criteria`` has a name, a weight, the values that are worst and best, and the fact that it is computed
    from; one without is entered by hand. ``relation`` names whom it is about by default: whoever is in that relation to
    a customer.
    """

    name: str = field(max_length=100)
    relation: str = field(default="", max_length=100, help="Such as dealer_of or supplier_of.")
    scale: Decimal = field(default=Decimal(100), help="The best total that there can be.")
    criteria: tuple[Mapping[str, Any], ...] = field(default=())
    note: str = field(default="", max_length=2_000)


@entity(
    "sfa_scorecard_result",
    label="Scorecard result",
    plugin="sfa",
    title="period",
    access=Via("scorecard_id"),
    unique=(("scorecard_id", "customer_id", "starts_on", "ends_on"),),
    indexes=(("customer_id", "starts_on"),),
)
class ScorecardResult(Part):
    """How one party did in one period: the values, the points that they gave, and the total. No value, no points."""

    scorecard_id: UUID = field(reference="sfa_scorecard")
    customer_id: UUID = field(reference="customer", merge="union", erase="delete", label="Party")
    period: str = field(max_length=50)
    starts_on: date = field()
    ends_on: date = field(help="The first day after it.")
    values: Mapping[str, Any] = field(default=EMPTY, help="By criterion.")
    entered: Mapping[str, Any] = field(default=EMPTY, help="What was entered by hand, by criterion.")
    points: Mapping[str, Any] = field(default=EMPTY, help="By criterion.")
    total: Decimal | None = field(default=None)
    covered: Decimal = field(default=Decimal(0), help="How much of the weight has a value, in percent.")
    evaluated_at: datetime | None = field(default=None)
    note: str = field(default="", max_length=5_000)


SCORECARD_ENTITIES = (Scorecard, ScorecardResult)
