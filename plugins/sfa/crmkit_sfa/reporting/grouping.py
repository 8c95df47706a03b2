"""By what a report is grouped: each grouping says what SQL groups by and what becomes of those keys."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any, Literal, get_args
from uuid import UUID

import attrs
import sqlalchemy as sa

from crmkit.core.customer import Customer
from crmkit.core.frozen import frozen
from crmkit.core.product import Product
from crmkit.plugin import BadInput, Context, did_you_mean, msg
from crmkit_sfa.naming import names_of
from crmkit_sfa.reporting.fiscal import PeriodKind, period_of
from crmkit_sfa.reporting.sql import month_of
from crmkit_sfa.reporting.staff import Staff, staff_of
from crmkit_sfa.reporting.territories import Territories, territories_of

By = Literal[
    "all",
    "owner",
    "team",
    "manager",
    "region",
    "territory",
    "product",
    "account",
    "sector",
    "source",
    "month",
    "quarter",
    "year",
]
Key = UUID | str | None
"""What a group is called by inside a report; None for deals that have none."""

_PERIODS = ("month", "quarter", "year")


@frozen(kw_only=True)
class Sources:
    """The columns of a query that groups are made of."""

    owner: sa.ColumnElement[Any]
    team: sa.ColumnElement[Any]
    customer: sa.ColumnElement[Any]
    product: sa.ColumnElement[Any]
    source: sa.ColumnElement[Any]
    day: sa.ColumnElement[Any]


@frozen(eq=False)
class Grouping:
    """How the rows of one report are grouped.

    - owner, product, account, source: what the deal says; manager: whom its owner reports to.
    - team: the deal's, else its owner's; region: the team at the top of the tree above that.
    - territory: the one that its owner looks after today.
    - sector: the industry of its customer; month, quarter, year: fiscal periods of a day of the deal.
    """

    ctx: Context
    by: By
    staff: Staff
    territories: Territories = attrs.field(factory=Territories)

    def columns(self, sources: Sources, customers: sa.FromClause | None = None) -> list[sa.ColumnElement[Any]]:
        """Return what SQL groups by; ``customers`` is what ``customers`` gave, joined."""
        if self.by in ("owner", "manager", "territory"):
            return [sources.owner]
        if self.by in ("team", "region"):
            return [sources.team, sa.case((sources.team.is_(None), sources.owner))]
        if self.by == "sector" and customers is not None:
            return [customers.c.industry]
        if self.by in _PERIODS:
            return [month_of(sources.day)]
        one = {"product": sources.product, "account": sources.customer, "source": sources.source}.get(self.by)
        return [] if one is None else [one]

    def customers(self) -> sa.FromClause | None:
        """Return the customers to be joined (outer, by the deal's customer), when the grouping needs them."""
        return self.ctx.session.table(Customer) if self.by == "sector" else None

    def key(self, values: Sequence[Any]) -> Key:
        """Return the group that the values of ``columns`` belong to. Several may belong to one: sums are added up."""
        if self.by == "all":
            return ""
        found = values[0]
        if self.by == "manager":
            return self.staff.manager_of(found)
        if self.by == "territory":
            return self.territories.of_user.get(found)
        if self.by in ("team", "region"):
            team = self.staff.team_of(found, values[1])
            return team if self.by == "team" else self.staff.top_of(team)
        if self.by in ("month", "quarter", "year") and found is not None:
            return self._period(found, self.by)
        return found or None

    def labels(self, keys: Collection[Key]) -> dict[Key, str]:
        """Return what people call the groups, the empty text for those whose name the actor may not see."""
        if self.by in ("owner", "manager"):
            return {key: self.staff.people[key].name for key in keys if key in self.staff.people}  # type: ignore[index]
        if self.by in ("team", "region"):
            return {key: self.staff.teams[key][0] for key in keys if key in self.staff.teams}  # type: ignore[index]
        if self.by == "territory":
            return {key: self.territories.named[key][0] for key in keys if key in self.territories.named}  # type: ignore[index]
        if self.by == "product":
            return self._names(Product, keys)
        if self.by == "account":
            return self._names(Customer, keys)
        return {key: str(key) for key in keys if key is not None}

    def _names(self, entity: type[Any], keys: Collection[Key]) -> dict[Key, str]:
        named = names_of(self.ctx, entity, [key for key in keys if isinstance(key, UUID)])
        return dict(named.items())

    def _period(self, month: str, kind: PeriodKind) -> str:
        starts = self.ctx.config.fiscal_year_starts
        return period_of(date.fromisoformat(f"{month}-01"), kind, starts).name


def grouping(ctx: Context, by: str, allowed: Sequence[str] = get_args(By)) -> Grouping:
    """Return the grouping called ``by``; raises BadInput with those that there are."""
    if by not in allowed:
        raise BadInput(msg("by {value}: {hint}", value=by, hint=did_you_mean(by, allowed)))
    needs_staff = by in ("owner", "manager", "team", "region")
    territories = territories_of(ctx) if by == "territory" else Territories()
    return Grouping(ctx, by, staff_of(ctx) if needs_staff else Staff({}, {}), territories)  # type: ignore[arg-type]
