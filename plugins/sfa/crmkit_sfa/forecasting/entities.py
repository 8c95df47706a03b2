"""What people say about forecasts. Both are added and never changed: a later one counts instead of an earlier one."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from crmkit.plugin import Money, Record, entity, field
from crmkit_sfa.reporting.fiscal import PeriodKind

Adjustable = Literal["pipeline", "best_case", "commit", "closed"]


@entity(
    "sfa_forecast_adjustment",
    label="Forecast adjustment",
    plural="sfa_forecast_adjustments",
    plural_label="Forecast adjustments",
    plugin="sfa",
    title="reason",
    indexes=(("period_start", "period_kind"),),
)
class ForecastAdjustment(Record):
    """What a manager adds to a forecast or takes from it, for a salesperson, a team or the whole.

    Of those for the same figure the latest counts, so a forecast can be shown as it stood at any moment; zero takes it
    back.
    """

    user_id: UUID | None = field(default=None, reference="user", label="Salesperson")
    for_team_id: UUID | None = field(default=None, reference="team", label="Sales team")
    period_kind: PeriodKind = field(default="quarter")
    period_start: date = field(help="The first day of the period; any day of it may be given.")
    category: Adjustable = field(default="commit")
    amount: Money = field(help="What is added; less than zero is taken away.")
    reason: str = field(max_length=500, help="Why.")
    made_at: datetime | None = field(default=None, label="Made at", help="By default now.")


@entity(
    "sfa_forecast_submission",
    label="Forecast submission",
    plural="sfa_forecast_submissions",
    plural_label="Forecast submissions",
    plugin="sfa",
    title="note",
    indexes=(("period_start", "period_kind"),),
)
class ForecastSubmission(Record):
    """The figures that somebody submits for a period: for their own deals, or for a team. They are kept for ever."""

    user_id: UUID | None = field(default=None, reference="user", label="Submitted by")
    for_team_id: UUID | None = field(default=None, reference="team", label="Sales team")
    period_kind: PeriodKind = field(default="quarter")
    period_start: date = field(help="The first day of the period; any day of it may be given.")
    commit: Money = field(help="What is sure to be closed in the period, with what is closed already.")
    best_case: Money | None = field(default=None, help="What may be closed if all goes well, commit included.")
    note: str = field(default="", max_length=2_000)
    submitted_at: datetime | None = field(default=None, label="Submitted at", help="By default now.")


FORECAST_ENTITIES = (ForecastAdjustment, ForecastSubmission)
