"""The pipeline of the shared data set comes in with its history, and nothing of it is taken silently for something else."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crmkit import Crm
from crmkit.core.identity import ExternalIdentity
from crmkit.core.journal import ImportAlias
from crmkit.core.product import Product
from crmkit.plugin import Money
from crmkit.services.importing.aliases import confirm
from crmkit.services.importing.mapping import load_mapping
from crmkit.services.importing.report import ImportReport
from crmkit.services.importing.running import run_import
from crmkit_sfa.opportunities.entities import Opportunity, OpportunityHistory
from crmkit_sfa.opportunities.listing import Wanted, counted

EXAMPLES = Path(__file__).parents[4] / "examples" / "imports"


def imported(crm: Crm, folder: Path, name: str) -> ImportReport:
    return run_import(crm, crm.system, folder, load_mapping(EXAMPLES / f"{name}.toml"))


@pytest.fixture
def rows(data_set: Callable[[str], Any]) -> list[dict[str, str]]:
    with (data_set("crm-sales-opportunities").folder / "sales_pipeline.csv").open(encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def test_the_pipeline_comes_in_once_somebody_said_what_is_meant(
    crm: Crm, data_set: Callable[[str], Any], rows: list[dict[str, str]]
) -> None:
    folder, real = data_set("crm-sales-opportunities")
    assert imported(crm, folder, "crm-sales-opportunities").rejected == 0
    odd = [row for row in rows if row["product"] == "GTXPro"]
    report = imported(crm, folder, "crm-sales-pipeline")
    assert (report.rejected, report.rows) == (len(odd), len(rows))
    assert [one.words for one in report.proposals] == ["product.sku: GTXPro = GTX Pro"]
    assert "did you mean 'GTX Pro'?" in report.errors[0].render()
    with crm.session() as session:
        assert session.list(ImportAlias) == []
        confirm(session, report.proposals)
    report = imported(crm, folder, "crm-sales-pipeline")
    assert (report.rejected, report.counts["sfa_opportunity"]["created"]) == (0, len(odd))
    with crm.session(reads=True) as session:
        deals = session.list(Opportunity)
        numbers = {one.record_id: one.external_id for one in session.list(ExternalIdentity, entity="sfa_opportunity")}
        pro = session.find(Product, sku="GTX Pro")
        assert pro is not None
        meant = {numbers[one.id] for one in deals if one.product_id == pro.id}
    by_number = {row["opportunity_id"]: row for row in rows}
    assert {numbers[one.id] for one in deals} == by_number.keys()
    assert meant >= {row["opportunity_id"] for row in odd}
    for one in deals:
        row = by_number[numbers[one.id]]
        assert one.stage == row["deal_stage"].lower()
        assert (one.closed_on.isoformat() if one.closed_on else "") == row["close_date"]
        assert one.amount == (Money(Decimal(row["close_value"]), "USD") if row["close_value"] else None)
        assert (one.customer_id is None) == (row["account"] == "")
    with crm.session(reads=True) as session:
        ctx = crm.context(session, "sfa")
        assert counted(ctx, Wanted(without_customer=True)) == sum(row["account"] == "" for row in rows)
        told = Counter(one.opportunity_id for one in session.list(OpportunityHistory))
        ends = session.count(OpportunityHistory, "valid_to is empty")
    assert ends == len(rows)
    assert all(told[one.id] == (1 if one.category == "open" else 2) for one in deals)
    if real:
        stages = Counter(one.stage for one in deals)
        assert stages == {"won": 4238, "lost": 2473, "engaging": 1589, "prospecting": 500}
        assert sum(one.amount.amount for one in deals if one.amount and one.stage == "won") == 10_005_534
        assert len({one.owner_id for one in deals}) == 30
        assert sum(one.customer_id is None for one in deals) == 1425
