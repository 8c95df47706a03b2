"""A value that no record has: what it may mean is proposed, and taken once somebody has confirmed it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crmkit.core.journal import ImportAlias
from crmkit.core.product import Asset, Product
from crmkit.plugin import BadInput
from crmkit.runtime.crm import Crm
from crmkit.services.importing.aliases import confirm, read_proposal
from crmkit.services.importing.mapping import read_mapping
from crmkit.services.importing.report import ImportReport
from crmkit.services.importing.running import run_import
from crmkit.testing.making import MakeCustomer

MAPPING = """
name = "assets"
system = "works"

[[record]]
source = "assets"
entity = "asset"
external_id = "{serial}"
[record.fields]
customer_id = { match = { name = "{customer}" } }
product_id = { match = { sku = "{sku}" } }
name = "{serial}"
serial_number = "{serial}"
"""


@pytest.fixture
def assets(crm: Crm, tmp_path: Path) -> Path:
    MakeCustomer(crm)(name="Acme")
    with crm.session() as session:
        session.add(Product(sku="GTX Pro", name="GTX Pro"), Product(sku="MG-1", name="MG"))
    path = tmp_path / "assets.csv"
    path.write_text("serial,customer,sku\n1,Acme,GTXPro\n2,Acme,MG-1\n3,Acme,Zebra\n4,Acme,gtx-pro\n", "utf-8")
    return path


def run(crm: Crm, path: Path, **more: Any) -> ImportReport:
    return run_import(crm, crm.system, path, read_mapping(MAPPING), **more)


def test_what_may_be_meant_is_proposed_and_not_taken(crm: Crm, assets: Path) -> None:
    report = run(crm, assets)
    assert report.rejected == 3
    assert sorted(one.words for one in report.proposals) == [
        "product.sku: GTXPro = GTX Pro",
        "product.sku: gtx-pro = GTX Pro",
    ]
    assert [error.number for error in report.errors if "did you mean" in error.render()] == [2, 5]


def test_what_was_confirmed_is_taken_from_then_on(crm: Crm, assets: Path) -> None:
    words = "product.sku: GTXPro = GTX Pro"
    with crm.session() as session:
        confirm(session, [read_proposal(words, "works", crm.registry)])
        confirm(session, [read_proposal(words, "works", crm.registry)])
        assert session.count(ImportAlias) == 1
    report = run(crm, assets)
    assert [error.number for error in report.errors] == [4, 5]
    assert run(crm, assets).rejected == 2
    with crm.session(reads=True) as session:
        pro = session.find(Product, sku="GTX Pro")
        asset = session.find(Asset, serial_number="1")
        assert pro is not None
        assert asset is not None
        assert asset.product_id == pro.id


def test_a_dry_run_takes_what_is_confirmed_and_keeps_nothing(crm: Crm, assets: Path) -> None:
    confirmed = [read_proposal("product.sku: GTXPro = GTX Pro", "works", crm.registry)]
    assert run(crm, assets, dry_run=True, confirmed=confirmed).rejected == 2
    with crm.session(reads=True) as session:
        assert session.count(ImportAlias) == 0
    assert run(crm, assets, confirmed=confirmed).rejected == 2
    assert run(crm, assets).rejected == 2


def test_another_system_means_something_else(crm: Crm, assets: Path) -> None:
    with crm.session() as session:
        confirm(session, [read_proposal("product.sku: GTXPro = GTX Pro", "elsewhere", crm.registry)])
    assert run(crm, assets).rejected == 3


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("GTXPro = GTX Pro", "expected as in product.sku"),
        ("product.sku: GTXPro", "expected as in product.sku"),
        ("product.colour: a = b", "has no field colour"),
        ("thing.sku: a = b", "thing"),
    ],
    ids=["no place", "no meaning", "no field", "no entity"],
)
def test_what_cannot_be_read_is_refused(crm: Crm, words: str, problem: str) -> None:
    with pytest.raises(BadInput, match=problem):
        read_proposal(words, "works", crm.registry)


def test_a_meaning_that_no_record_has_is_refused(crm: Crm, assets: Path) -> None:
    with pytest.raises(BadInput, match="no product with sku 'GTX'"), crm.session() as session:
        confirm(session, [read_proposal("product.sku: GTXPro = GTX", "works", crm.registry)])
