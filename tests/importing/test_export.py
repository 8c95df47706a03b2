"""Exports: safe for spreadsheets, within the actor's rights, and back in without a change."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.access import Actor, Scope
from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.entity import CustomField
from crmkit.core.errors import AccessDenied, BadInput
from crmkit.core.interaction import Interaction
from crmkit.core.product import Product
from crmkit.core.values.money import Money
from crmkit.core.values.partial_date import parse_partial_date
from crmkit.hooks.kinds import hookimpl
from crmkit.runtime.crm import Crm
from crmkit.services.exporting.running import export
from crmkit.services.importing.plain import plain_mapping
from crmkit.services.importing.report import ImportReport
from crmkit.services.importing.running import run_import
from crmkit.services.importing.templates import disarmed, exported_column
from tests.conftest import KeptDatabase, OpenCrm
from tests.tenants import in_a_new_tenant

FORMULAS = ['=cmd|" /C calc"!A0', "+1+1", "-2+3", "@SUM(1)", "\tx", "\r=1", "'=1", "''@x"]


class Loyal:
    @hookimpl
    def register_custom_fields(self, ctx: Any, call: Any) -> list[CustomField]:
        return [
            CustomField(entity="customer", name="points", type="integer"),
            CustomField(entity="customer", name="likes", type="words"),
        ]


@pytest.fixture(params=["sqlite", "postgresql"])
def crm(request: pytest.FixtureRequest, kept_database: KeptDatabase, kept_open: OpenCrm) -> Crm:
    crm = in_a_new_tenant(kept_open(kept_database(request.param, "loyal"), Loyal()))
    with crm.session() as session:
        for number, name in enumerate(["Ada", "王小明", *FORMULAS]):
            customer = Customer(
                name=name.strip() or "x",
                description=name,
                country="DE",
                birth_date=parse_partial_date("1990-12"),
                annual_revenue=Money(Decimal("-1234.5"), "EUR"),
                employees=number,
                custom={"points": 7, "likes": ("tea; black", "=SUM")},
            )
            point = ContactPoint(customer_id=customer.id, kind="phone", value=f"+49 30 007432{number}")
            session.add(customer, point)
        session.add(
            Product(sku="=1+1", name="Kettle", active=False, introduced=datetime(2026, 1, 2, tzinfo=UTC).date())
        )
        session.add(
            Interaction(kind="call", subject="-Hello", occurred_at=datetime(2026, 3, 4, 5, 6, 7, 89, tzinfo=UTC))
        )
    return crm


def exported(crm: Crm, entity: str, path: Path, **options: Any) -> int:
    with crm.session(options.pop("actor", None), reads=True) as session:
        return export(session, crm.registry.get(entity), path, format=path.suffix[1:], **options)


def imported(crm: Crm, entity: str, path: Path) -> ImportReport:
    return run_import(crm, crm.system, path, plain_mapping(crm.registry.get(entity), path))


@pytest.mark.parametrize("ending", ["csv", "xlsx", "jsonl"])
@pytest.mark.parametrize("entity", ["customer", "contact_point", "product", "interaction"])
def test_what_was_exported_comes_back_without_a_change(crm: Crm, tmp_path: Path, entity: str, ending: str) -> None:
    path = tmp_path / f"out.{ending}"
    count = exported(crm, entity, path)
    report = imported(crm, entity, path)
    assert report.rejected == 0, report.errors
    assert report.counts[entity] == {"unchanged": count}


def test_an_export_restores_what_was_changed_since(crm: Crm, tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    exported(crm, "customer", path)
    with crm.session() as session:
        before = {c.id: c for c in session.list(Customer)}
        from crmkit.core.entity import change

        session.update(*[change(c, description="spoilt", employees=99) for c in before.values()])
    imported(crm, "customer", path)
    with crm.session(reads=True) as session:
        for customer in session.list(Customer):
            # Cells keep their spaces, texts of the database are what was exported.
            assert customer.description == before[customer.id].description
            assert customer.employees == before[customer.id].employees


def test_no_cell_starts_a_formula(crm: Crm, tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    exported(crm, "customer", path)
    assert path.read_bytes().startswith("\ufeff".encode())
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    numbers = {"annual_revenue", "employees", "points"}
    for cells in rows:
        assert [name for name, cell in cells.items() if cell[:1] in "=+-@\t\r" and cell] == ["annual_revenue"]
        assert {cells["annual_revenue"], cells["annual_revenue_currency"]} == {"-1234.5", "EUR"}
        assert not any(cells[name].startswith("'") for name in numbers)


def test_no_cell_of_a_workbook_is_a_formula(crm: Crm, tmp_path: Path) -> None:
    from openpyxl import load_workbook

    path = tmp_path / "out.xlsx"
    exported(crm, "customer", path)
    sheet = load_workbook(path).active
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "b", "inlineStr"}


@given(st.text())
def test_disarming_can_be_undone_for_every_text(text: str) -> None:
    safe = disarmed(text)
    assert safe[:1] not in tuple("=+-@\t\r")
    assert exported_column("x", ["x"], "here")([safe]) == text


def test_filter_fields_and_rights(crm: Crm, tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    assert exported(crm, "customer", path, filter="employees < 2", fields=["name", "points"]) == 2
    assert [json.loads(line) for line in path.read_text().splitlines()] == [
        {"name": "Ada", "points": 7},
        {"name": "王小明", "points": 7},
    ]
    with pytest.raises(BadInput, match="no field nane; did you mean name"):
        exported(crm, "customer", path, fields=["nane"])
    reader = Actor("reader", crm.system.tenant_id, grants={("*", "read"): Scope.ALL})
    with pytest.raises(AccessDenied, match="may not export customer"):
        exported(crm, "customer", tmp_path / "denied.csv", actor=reader)
    assert not (tmp_path / "denied.csv").exists()
    narrow = Actor("x", crm.system.tenant_id, grants={("*", "read"): Scope.ALL, ("customer", "export"): Scope.OWN})
    assert exported(crm, "customer", path, actor=narrow) == 0


def test_a_file_appears_only_when_it_is_complete(crm: Crm, tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("old")
    with pytest.raises(BadInput):
        exported(crm, "customer", path, filter="nonsense =")
    assert path.read_text() == "old"
    assert list(tmp_path.glob(".*")) == []


def test_vcards_hold_names_and_ways_to_reach(crm: Crm, tmp_path: Path) -> None:
    out = io.BytesIO()
    with crm.session(reads=True) as session:
        assert export(session, crm.registry.get("customer"), out, format="vcard", filter="name = '王小明'") == 1
    text = out.getvalue().decode()
    assert "FN:王小明\r\n" in text
    assert "TEL:+49300074321\r\n" in text
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    with pytest.raises(BadInput, match="only customers"), crm.session(reads=True) as session:
        export(session, crm.registry.get("product"), io.BytesIO(), format="vcard")


PLAIN: dict[str, tuple[str, str]] = {
    "unknown": ("id,nmae\n", "no field nmae; did you mean name?"),
    "nothing to find by": ("name\nAda\n", "add one of the columns id, external_id"),
    "twice": ("id,name,Name\n", "two columns for customer.name"),
    "no currency": ("id,annual_revenue\n", "annual_revenue_currency"),
}


@pytest.mark.parametrize("mistake", PLAIN)
def test_mistakes_of_an_import_without_mapping(crm: Crm, tmp_path: Path, mistake: str) -> None:
    text, told = PLAIN[mistake]
    path = tmp_path / "in.csv"
    path.write_text(text)
    with pytest.raises(BadInput) as caught:
        imported(crm, "customer", path)
    assert told in str(caught.value)


def test_an_import_without_mapping_goes_by_labels_and_external_ids(crm: Crm, tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text("external_id,Name,Year founded,points\nA1,Acme,1999,12\n")
    assert imported(crm, "customer", path).counts["customer"] == {"created": 1}
    path.write_text("external_id,Name,Year founded,points\nA1,Acme,2001,13\n")
    assert imported(crm, "customer", path).counts["customer"] == {"updated": 1}
    with crm.session(reads=True) as session:
        acme = session.find(Customer, name="Acme")
        assert acme is not None
        assert (acme.founded, acme.custom["points"]) == (2001, 13)
