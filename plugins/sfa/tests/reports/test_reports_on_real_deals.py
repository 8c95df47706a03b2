"""Reports on deals that came in by the front door: imported from a real pipeline, or entered and moved one by one."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import mean, median
from typing import Any

import pytest

from crmkit import Crm
from crmkit.core.values.clock import FixedClock
from crmkit.plugin import Money, change
from crmkit.services.importing.aliases import confirm
from crmkit.services.importing.mapping import load_mapping
from crmkit.services.importing.running import run_import
from crmkit_sfa.forecasting.forecast import forecast
from crmkit_sfa.funnel.cohort import cohort_funnels
from crmkit_sfa.funnel.flow import flow_funnels
from crmkit_sfa.funnel.leaderboard import leaderboard
from crmkit_sfa.funnel.velocity import velocity
from crmkit_sfa.opportunities.entities import Opportunity
from crmkit_sfa.reporting.range import DayRange

EXAMPLES = Path(__file__).parents[4] / "examples" / "imports"
BOTH = pytest.mark.parametrize("crm", ["sqlite", "postgresql"], indirect=True)

PRODUCT = "replace(d.product, 'GTXPro', 'GTX Pro')"
QUARTER = "'FY' || substr(d.close_date, 1, 4) || '-Q' || ((substr(d.close_date, 6, 2) + 2) / 3)"
GROUPS = {
    "owner": "d.sales_agent",
    "manager": "t.manager",
    "region": "t.regional_office",
    "product": PRODUCT,
    "account": "d.account",
    "quarter": QUARTER,
}


@pytest.fixture
def files(data_set: Callable[[str], Any]) -> sqlite3.Connection:
    """The files of the data set in a database of their own, which nothing of ours has touched."""
    made = sqlite3.connect(":memory:")
    for name in ("sales_pipeline", "sales_teams"):
        with (data_set("crm-sales-opportunities").folder / f"{name}.csv").open(encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
        made.execute(f"CREATE TABLE {name} ({', '.join(rows[0])})")
        made.executemany(
            f"INSERT INTO {name} VALUES ({', '.join('?' * len(rows[0]))})", [list(row.values()) for row in rows]
        )
    return made


@pytest.fixture
def pipeline(memory: Crm, data_set: Callable[[str], Any]) -> Crm:
    """The data set, imported."""
    folder = data_set("crm-sales-opportunities").folder
    for name in ("crm-sales-opportunities", "crm-sales-pipeline", "crm-sales-pipeline"):
        report = run_import(memory, memory.system, folder, load_mapping(EXAMPLES / f"{name}.toml"))
        with memory.session() as session:
            confirm(session, report.proposals)
    return memory


def test_reports_say_what_sql_over_the_files_says(pipeline: Crm, files: sqlite3.Connection) -> None:
    decided = "FROM sales_pipeline d JOIN sales_teams t USING (sales_agent) WHERE d.deal_stage IN ('Won', 'Lost')"
    won = "(d.deal_stage = 'Won')"
    with pipeline.session(reads=True) as session:
        ctx = pipeline.context(session, "sfa")
        for by, group in GROUPS.items():
            expected = files.execute(
                f"SELECT {group}, sum({won}), sum(d.deal_stage = 'Lost'), sum({won} * d.close_value) {decided} GROUP BY 1"
            )
            found = leaderboard(ctx, by=by)
            assert {row.name: (row.won, row.lost, row.value) for row in found.rows} == {
                name: (won_, lost, Decimal(value)) for name, won_, lost, value in expected
            }, by
        rate, total, deals = files.execute(
            f"SELECT avg({won}), sum({won} * d.close_value), sum({won}) {decided}"
        ).fetchone()
        assert found.total.win_rate is not None
        assert float(found.total.win_rate) == pytest.approx(rate)
        assert (found.total.value, found.total.average) == (total, Decimal(total) / deals)
        cycle = "julianday(d.close_date) - julianday(d.engage_date)"
        pace = velocity(ctx).total
        for outcome, average, middle in (
            ("Won", pace.won_mean, pace.won_median),
            ("Lost", pace.lost_mean, pace.lost_median),
        ):
            lengths = [row[0] for row in files.execute(f"SELECT {cycle} {decided} AND deal_stage = ?", [outcome])]
            assert average is not None
            assert (float(average), middle) == (pytest.approx(mean(lengths)), median(lengths))
        (open_,) = files.execute(
            "SELECT count(*) FROM sales_pipeline WHERE deal_stage IN ('Engaging', 'Prospecting')"
        ).fetchone()
        assert pace.open == open_
        (funnel,) = cohort_funnels(ctx)
        stages = dict(files.execute("SELECT deal_stage, count(*) FROM sales_pipeline GROUP BY 1"))
    everything = sum(stages.values())
    assert [stage.reached for stage in funnel.stages] == [
        *(everything, everything - stages["Prospecting"]),
        *(stages["Won"], stages["Won"]),
    ]
    assert [stage.open for stage in funnel.stages] == [stages["Prospecting"], stages["Engaging"], 0, 0]
    assert funnel.stages[1].lost_from == stages["Lost"]


@BOTH
def test_deals_that_are_moved_are_told_in_every_report(crm: Crm, clock: FixedClock) -> None:
    start = clock.now()

    def to(name: str, **fields: Any) -> None:
        clock.advance(days=10)
        with crm.session() as session:
            one = session.find(Opportunity, name=name)
            assert one is not None
            session.update(change(one, **fields))

    with crm.session() as session:
        amount = Money.of(1000, "EUR")
        session.add(*(Opportunity(name=n, amount=amount, close_on=date(2026, 4, 20)) for n in ("A", "B", "C")))
    to("A", stage="proposal")
    to("A", amount=Money.of(2000, "EUR"))
    to("A", stage="engaging")
    to("B", stage="negotiation")
    to("A", stage="lost", reason="price")
    to("B", stage="won")
    with crm.session(reads=True) as session:
        ctx = crm.context(session, "sfa")
        (cohort,) = cohort_funnels(ctx)
        assert [stage.reached for stage in cohort.stages] == [3, 2, 2, 1]
        assert [stage.skipped for stage in cohort.stages] == [0, 1, 1, 0]
        assert [stage.back for stage in cohort.stages] == [0, 0, 1, 0]
        assert [(stage.lost, stage.lost_from) for stage in cohort.stages] == [(0, 0), (0, 1), (1, 0), (0, 0)]
        assert cohort.stages[1].reasons == {"price": 1}
        assert (cohort.stages[2].time.ended, cohort.stages[0].time.going_on) == ({20: 1}, {60: 1})
        (flow,) = flow_funnels(ctx, days=DayRange((start + timedelta(days=25)).date()))
        assert (flow.opened, flow.won, flow.lost) == (0, 1, 1)
        assert [stage.at_start for stage in flow.stages] == [2, 0, 1, 0]
        assert leaderboard(ctx).total.value == 1000
        for days, expected in ((5, (0, 0, 3000)), (15, (0, 1000, 2000)), (25, (0, 2000, 2000)), (45, (1000, 0, 3000))):
            total = forecast(ctx, at=start + timedelta(days=days), day=date(2026, 4, 1)).periods[0].total
            assert (total.amounts["commit"], total.amounts["best_case"], total.amounts["pipeline"]) == expected
        now = forecast(ctx, day=date(2026, 4, 1))
        then = forecast(ctx, day=date(2026, 4, 1), at=clock.now())
        assert now.periods[0].total.amounts == then.periods[0].total.amounts
