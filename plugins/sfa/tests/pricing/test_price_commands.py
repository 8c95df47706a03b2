"""``crmkit sfa price`` and values that make no sense."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from crmkit import Crm
from crmkit.cli.program import program
from crmkit.core.product import Product


@pytest.fixture(autouse=True)
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = f"sqlite:///{tmp_path / 'crm.db'}"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CRMKIT_DB", address)
    monkeypatch.setenv("CRMKIT_LANGUAGE", "en")
    with Crm.open(address) as crm, crm.session() as session:
        session.add(Product(name="Pump", sku="P-1"))


def run(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(program, ["sfa", "price", *words])
    assert result.exit_code == code, result.output
    return result.output


def test_a_negative_price_is_refused_by_name() -> None:
    run("new-list", "Retail")
    assert "price -5: expected zero or more" in run("set", "Retail", "P-1", "-5", code=3)
    assert "tax rate -5: expected a percentage" in run("tax", "-5", code=3)
    assert "costs 0" in run("set", "Retail", "P-1", "0")


def test_an_unknown_option_is_still_named() -> None:
    assert "--untill" in run("set", "Retail", "P-1", "5", "--untill", "2030-01-01", code=2)
