"""``crmkit sfa receipt`` and amounts that make no sense."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from crmkit import Crm
from crmkit.cli.program import program
from crmkit.core.customer import Customer


@pytest.mark.parametrize("amount", ["-100 EUR", "0 EUR"])
def test_an_amount_to_give_back_is_above_zero(amount: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = f"sqlite:///{tmp_path / 'crm.db'}"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CRMKIT_DB", address)
    monkeypatch.setenv("CRMKIT_LANGUAGE", "en")
    with Crm.open(address) as crm, crm.session() as session:
        session.add(Customer(name="Kestrel", kind="organization"))
    words = ["sfa", "receipt", "record", "Kestrel", "250 EUR", "--key", "b1"]
    assert CliRunner().invoke(program, words).exit_code == 0
    result = CliRunner().invoke(program, ["sfa", "receipt", "refund", "b1", amount, "--reason", "Too much"])
    assert result.exit_code == 3
    assert f"amount is {amount}, expected an amount above 0" in result.output
