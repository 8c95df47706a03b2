"""The shared data sets come in exactly, on both databases, and a second time without a change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from crmkit.core.customer import Customer, CustomerRelation
from crmkit.core.interaction import InteractionLine, InteractionParticipant
from crmkit.core.journal import AuditEntry
from crmkit.core.product import Product
from crmkit.core.staff import Team, User
from crmkit.core.values.money import Money
from crmkit.runtime.crm import Crm
from crmkit.services.customer_view import customer_view
from crmkit.services.importing.mapping import load_mapping
from crmkit.services.importing.report import ImportReport
from crmkit.services.importing.running import run_import

from .conftest import EXAMPLES


def imported(crm: Crm, data: Any, name: str, **options: Any) -> ImportReport:
    return run_import(crm, crm.system, data.folder, load_mapping(EXAMPLES / f"{name}.toml"), **options)


def entries(crm: Crm) -> int:
    with crm.session(reads=True) as session:
        return session.count(AuditEntry, "entity != import_run")


def test_northwind_comes_in_to_the_cent(crm: Crm, data_set: Callable[[str], Any]) -> None:
    data = data_set("northwind")
    report = imported(crm, data, "northwind")
    assert report.rejected == 0, report.errors
    with crm.session(reads=True) as session:
        lines, buyers = session.table(InteractionLine), session.table(InteractionParticipant)
        amount, units, count = session.execute(
            sa.select(sa.func.sum(lines.c.amount), sa.func.sum(lines.c.quantity), sa.func.count())
        ).one()
        customers = session.execute(sa.select(sa.func.count(sa.distinct(buyers.c.customer_id)))).scalar_one()
        assert count == report.counts["interaction_line"]["created"] > 0
        if data.real:
            assert (amount, units, count, customers) == (Decimal("1265793.0395"), Decimal(51317), 2155, 89)
            assert customer_view(session, "QUICK-Stop", crm.kinds).value == (Money(Decimal("110277.31"), "USD"),)


@pytest.mark.parametrize("name", ["northwind", "crm-sales-opportunities"])
def test_a_second_import_changes_nothing(crm: Crm, data_set: Callable[[str], Any], name: str) -> None:
    data = data_set(name)
    first = imported(crm, data, name)
    assert first.changed > 0
    before = entries(crm)
    second = imported(crm, data, name)
    assert second.changed == 0
    assert entries(crm) == before
    assert {n: sum(c.values()) for n, c in second.counts.items()} == {
        n: sum(c.values()) for n, c in first.counts.items()
    }


def test_accounts_and_sales_teams_come_in_with_who_stands_above_whom(crm: Crm, data_set: Callable[[str], Any]) -> None:
    data = data_set("crm-sales-opportunities")
    assert imported(crm, data, "crm-sales-opportunities").rejected == 0
    with crm.session(reads=True) as session:
        customers = {c.name: c for c in session.list(Customer)}
        names = {c.id: c.name for c in customers.values()}
        parents = Counter(names[r.to_id] for r in session.list(CustomerRelation, type="subsidiary_of"))
        users, teams = session.list(User), {t.id: t.name for t in session.list(Team)}
        managers = {u.id: u for u in users if u.title == "Sales Manager"}
        agents = [u for u in users if u.title == "Sales Agent"]
        assert {c.kind for c in customers.values()} == {"organization"}
        assert "technolgy" not in {c.industry for c in customers.values()}
        assert "technology" in {c.industry for c in customers.values()}
        assert all(agent.team_id == managers[agent.reports_to_id].team_id for agent in agents)
        if data.real:
            assert (len(customers), session.count(Product), len(agents), len(managers)) == (85, 7, 35, 6)
            assert sorted(teams.values()) == ["Central", "East", "West"]
            assert customers["Acme Corporation"].annual_revenue == Money(Decimal(1_100_040_000), "USD")
            assert customers["Bioholding"].country == "PH"
            assert parents == {
                "Acme Corporation": 4,
                "Sonron": 3,
                "Bubba Gump": 2,
                "Inity": 2,
                "Golddex": 2,
                "Warephase": 1,
                "Massive Dynamic": 1,
            }


def test_a_dry_run_shows_changes_and_writes_nothing(crm: Crm, data_set: Callable[[str], Any], tmp_path: Path) -> None:
    data = data_set("crm-sales-opportunities")
    report = imported(crm, data, "crm-sales-opportunities", dry_run=True, chunk=10)
    assert entries(crm) == 0
    assert report.run_id is None
    made = {sample.title: sample for sample in report.samples if sample.action == "create"}
    assert made
    with crm.session(reads=True) as session:
        assert session.count(Customer) == session.count(User) == session.count(Team) == 0
    # In its own transaction it saw what it made: the same counts as the import itself.
    assert imported(crm, data, "crm-sales-opportunities", chunk=10).counts == report.counts
    path = tmp_path / "accounts.csv"
    text = (data.folder / "accounts.csv").read_text().splitlines()
    path.write_text("\n".join([text[0], text[1].replace("technolgy", "space")]))
    for name in ("products", "sales_teams"):
        (tmp_path / f"{name}.csv").write_text((data.folder / f"{name}.csv").read_text())
    again = run_import(crm, crm.system, tmp_path, load_mapping(EXAMPLES / "crm-sales-opportunities.toml"), dry_run=True)
    assert [dict(s.fields) for s in again.samples] == [{"industry": ("technology", "space")}]
