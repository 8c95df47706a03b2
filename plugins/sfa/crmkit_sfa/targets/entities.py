"""Targets are set and never changed: a later one counts instead of an earlier one, from when it was set."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from crmkit.plugin import Money, Record, entity, field
from crmkit_sfa.reporting.fiscal import PeriodKind


@entity(
    "sfa_target",
    label="Target",
    plural="sfa_targets",
    plural_label="Targets",
    plugin="sfa",
    title="metric",
    indexes=(("period_start", "period_kind"),),
)
class Target(Record):
    """What is to be reached in a period: by a person, a team or a territory, with a product, or by all when none is named.

    Metrics that are money have an amount, the others a number. A withdrawn target ends the one before.
    """

    metric: str = field(max_length=100)
    user_id: UUID | None = field(default=None, reference="user", label="Salesperson")
    for_team_id: UUID | None = field(default=None, reference="team", label="Sales team")
    territory_id: UUID | None = field(default=None, reference="sfa_territory")
    product_id: UUID | None = field(default=None, reference="product")
    period_kind: PeriodKind = field(default="quarter")
    period_start: date = field(help="The first day of the period; any day of it may be given.")
    amount: Money | None = field(default=None)
    number: Decimal | None = field(default=None, minimum=0)
    withdrawn: bool = field(default=False)
    note: str = field(default="", max_length=500)
    set_at: datetime | None = field(default=None, label="Set at", help="By default now.")


TARGET_ENTITIES = (Target,)
