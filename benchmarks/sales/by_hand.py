"""The same answers by SQL written by hand for each database, run by its driver; PARTS in capitals are filled in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from benchmarks.sales.filling import STAGES
from crmkit import Crm

LIVING = "X.tenant_id = %s AND X.deleted_at IS NULL"

LEADERBOARD = """
    SELECT o.owner_id, o.category, o.amount_currency, CASE WHEN o.amount_currency <> 'EUR' THEN o.closed_on END,
        COUNT(*), SUM(o.amount_amount)
    FROM sfa_opportunities AS o
    WHERE LIVING(o) AND o.category IN ('won', 'lost')
    GROUP BY 1, 2, 3, 4
"""

FORECAST = """
    SELECT o.owner_id, o.category, o.forecast_category, o.probability, o.amount_currency,
        CASE WHEN o.amount_currency <> 'EUR' THEN COALESCE(o.closed_on, o.close_on) END,
        o.close_on IS NULL, o.close_on < %s, COUNT(*), SUM(o.amount_amount)
    FROM sfa_opportunities AS o
    WHERE LIVING(o) AND (o.category = 'open' AND (o.close_on IS NULL OR o.close_on < %s)
        OR o.category = 'won' AND o.closed_on >= %s AND o.closed_on < %s)
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
"""

PAST = """
    SELECT h.salesperson_id, h.category, h.forecast_category, h.probability, h.amount_currency,
        CASE WHEN h.amount_currency <> 'EUR' THEN CASE h.category WHEN 'open' THEN h.close_on ELSE o.closed_on END END,
        h.close_on IS NULL, h.close_on < %s, COUNT(*), SUM(h.amount_amount)
    FROM sfa_opportunity_histories AS h JOIN sfa_opportunities AS o ON o.id = h.opportunity_id
    WHERE LIVING(h) AND LIVING(o) AND h.valid_from <= %s AND (h.valid_to IS NULL OR h.valid_to > %s)
        AND (h.category = 'open' AND (h.close_on IS NULL OR h.close_on < %s)
            OR h.category = 'won' AND o.closed_on >= %s AND o.closed_on < %s)
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
"""

WAYS = """
    SELECT w.way, o.category, o.stage, CASE WHEN o.category = 'lost' THEN o.reason END, COUNT(*)
    FROM (SELECT h.opportunity_id, IN_ORDER AS way FROM sfa_opportunity_histories AS h
            WHERE LIVING(h) AND h.pipeline = 'sales' GROUP BY 1) AS w
        JOIN sfa_opportunities AS o ON o.id = w.opportunity_id
    WHERE LIVING(o) AND o.pipeline = 'sales'
    GROUP BY 1, 2, 3, 4
"""

TIMES = """
    SELECT stage, still, spent / 86400000000, COUNT(*), SUM(spent)
    FROM (SELECT h.opportunity_id, h.stage, MAX(CASE WHEN h.valid_to IS NULL THEN 1 ELSE 0 END) AS still, SPENT AS spent
            FROM sfa_opportunity_histories AS h JOIN sfa_opportunities AS o ON o.id = h.opportunity_id
            WHERE LIVING(h) AND LIVING(o) AND o.pipeline = 'sales' AND h.pipeline = 'sales' AND h.category = 'open'
            GROUP BY 1, 2) AS one
    GROUP BY 1, 2, 3
"""


class ByHand:
    """Runs the statements on a connection of the driver."""

    def __init__(self, crm: Crm, cursor: Any, now: datetime) -> None:
        self.sqlite = crm.database.dialect == "sqlite"
        self.cursor = cursor
        tenant = crm.system.tenant_id
        self.tenant: Any = tenant.bytes if self.sqlite else tenant
        self.now = self.instant(now)

    def instant(self, at: datetime) -> Any:
        """Return an instant as the database has it."""
        return int(at.timestamp() * 1_000_000) if self.sqlite else at

    def day(self, day: date) -> Any:
        """Return a day as the database has it."""
        return day.isoformat() if self.sqlite else day

    def leaderboard(self) -> list[Any]:
        """Return numbers and sums by salesperson and outcome."""
        return self._run(LEADERBOARD, [self.tenant])

    def forecast(self, first: date, end: date) -> list[Any]:
        """Return sums of a period by salesperson, as deals stand."""
        start, until = self.day(first), self.day(end)
        return self._run(FORECAST, [start, self.tenant, until, start, until])

    def past(self, first: date, end: date, at: datetime) -> list[Any]:
        """Return sums of a period by salesperson, as deals stood at a moment."""
        start, until, moment = self.day(first), self.day(end), self.instant(at)
        return self._run(PAST, [start, self.tenant, self.tenant, moment, moment, until, start, until])

    def funnel(self) -> tuple[list[Any], list[Any]]:
        """Return how many deals went which way, and how long they stood in each stage."""
        known = " ".join(f"WHEN '{name}' THEN '{place}'" for place, name in enumerate(STAGES))
        step = f"CASE h.stage {known} WHEN 'won' THEN 'w' ELSE 'l' END"
        in_order = f"GROUP_CONCAT({step}, '')" if self.sqlite else f"STRING_AGG({step}, '' ORDER BY h.valid_from)"
        ways = self._run(WAYS.replace("IN_ORDER", in_order), [self.tenant, self.tenant])
        spent = "SUM(COALESCE(h.valid_to, %s) - h.valid_from)"
        if not self.sqlite:
            spent = "SUM((date_part('epoch', COALESCE(h.valid_to, %s) - h.valid_from) * 1000000)::bigint)::bigint"
        return ways, self._run(TIMES.replace("SPENT", spent), [self.now, self.tenant, self.tenant])

    def _run(self, text: str, values: list[Any]) -> list[Any]:
        for name in ("h", "o"):
            text = text.replace(f"LIVING({name})", LIVING.replace("X", name))
        self.cursor.execute(text.replace("%s", "?") if self.sqlite else text, values)
        rows: list[Any] = self.cursor.fetchall()
        return rows


Timed = dict[str, tuple[Callable[[], Any], Callable[[], Any]]]
"""What is measured: ours and by hand."""
