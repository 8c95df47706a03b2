"""The hook by which other plugins bring metrics that targets can be set for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from crmkit.core.frozen import frozen
from crmkit.hooks.kinds import Kind
from crmkit.plugin import Context, hookspec


@frozen(kw_only=True)
class MetricQuestion:
    """The days asked about, from ``since`` to ``until`` (not included), and the instants at which they begin."""

    since: date
    until: date
    since_at: datetime
    until_at: datetime


@frozen(kw_only=True)
class Measured:
    """A sum of what was reached, by whom, in which team and with which product, as far as these are known.

    Money has a currency; in another one than the installation's also the day whose exchange rate counts. ``records`` is
    how many records it is the sum of.
    """

    value: Decimal
    user_id: UUID | None = None
    team_id: UUID | None = None
    product_id: UUID | None = None
    currency: str = ""
    day: date | None = None
    records: int = 1


@frozen(kw_only=True)
class Metric:
    """Something that targets are set for. ``measure`` adds up what was reached, by select, narrowed to the actor.

    Its name is a word; one of another plugin begins with the plugin's name.
    """

    name: str
    label: str
    money: bool = False
    measure: Callable[[Context, MetricQuestion], Iterable[Measured]]


@frozen
class MetricsAsked:
    """Which metrics there are is asked without further details."""


class TargetSpecs:
    """Asked when targets are set or shown."""

    @hookspec(kind=Kind.COLLECT, since="0.1")
    def collect_sfa_metrics(self, ctx: Context, call: MetricsAsked) -> Iterable[Metric]:
        """Return the metrics that targets may be set for, beside those that the plugin brings itself."""
