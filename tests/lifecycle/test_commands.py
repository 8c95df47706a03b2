"""``crmkit lifecycle``: what the commands answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from crmkit.cli.program import program
from crmkit.runtime.crm import Crm
from tests.lifecycle.conftest import add_customer

Run = Callable[..., Result]
DEAL = """
name = "deal"
entity = "customer"
[[stages]]
name = "new"
category = "open"
[[stages]]
name = "won"
category = "won"
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run ``crmkit lifecycle`` on a database where Zed bought a hundred days ago."""
    address = f"sqlite:///{tmp_path / 'shop.db'}"
    monkeypatch.setenv("CRMKIT_DB", address)
    monkeypatch.chdir(tmp_path)
    with Crm.open(address, plugins=[]) as crm, crm.session() as session:
        add_customer(session, datetime.now(UTC) - timedelta(days=100))
    return lambda *words: CliRunner().invoke(program, ["--lang", "en", "lifecycle", *words])


def test_from_relationship_to_report(run: Run) -> None:
    assert json.loads(run("relate", "--json").stdout) == {"created": 1}
    (done,) = json.loads(run("evaluate", "--json").stdout)
    assert done["moved"] == {"first_purchase": 1, "no_purchase_for_90_days": 1}
    past = json.loads(run("history", "Zed", "--json").stdout)
    assert [one["stage"] for one in past] == ["prospect", "customer", "at_risk"]
    assert "no_purchase_for_90_days" in run("history", "Zed").stdout
    report = json.loads(run("report", "--json").stdout)
    assert {one["stage"]: one["count"] for one in report["stages"] if one["count"]} == {"at_risk": 1}
    before = (datetime.now(UTC) - timedelta(days=50)).date().isoformat()
    counted = json.loads(run("report", "--at", before, "--json").stdout)["stages"]
    assert {one["stage"]: one["count"] for one in counted if one["count"]} == {"customer": 1}
    assert "100%" in run("report").stdout


def test_a_person_moves_a_record(run: Run) -> None:
    run("relate")
    assert run("move", "Zed", "interested", "--reason", "fair").exit_code == 0
    moved = json.loads(run("history", "Zed", "--json").stdout)[-1]
    assert (moved["stage"], moved["transition"]["reason"]) == ("interested", "fair")
    for words, code, problem in (
        (["intersted"], 4, "did you mean interested"),
        (["interested"], 3, "already"),
        (["lost", "--at", "2999-01-01"], 5, "future"),
        (["lost", "--line", "tools"], 4, "is not in lifecycle customer"),
    ):
        failed = run("move", "Zed", *words)
        assert failed.exit_code == code
        assert problem in failed.stderr


def test_definitions_are_shown_and_defined_from_files(run: Run, tmp_path: Path) -> None:
    assert "90 days without purchase" in run("show").stdout
    file = tmp_path / "deal.toml"
    file.write_text(DEAL, encoding="utf-8")
    assert json.loads(run("define", "deal.toml", "--json").stdout)["revision"] == 1
    assert [one["name"] for one in json.loads(run("list", "--json").stdout)] == ["customer", "deal"]
    assert json.loads(run("show", "deal", "--json").stdout)["stages"][1] == {"name": "won", "category": "won"}
    run("evaluate")
    file.write_text(DEAL.replace('"new"', '"fresh"'), encoding="utf-8")
    refused = run("define", "deal.toml")
    assert refused.exit_code == 3
    assert "remap.new" in refused.stderr
    assert json.loads(run("define", "deal.toml", "--remap", "new=fresh", "--json").stdout)["revision"] == 2
    assert run("define", "deal.toml", "--remap", "new").exit_code == 3
    file.write_text(DEAL.replace('"won"', '"gone"').replace("category", "kategory"), encoding="utf-8")
    wrong = run("define", "deal.toml").stderr
    assert "stages[0].kategory" in wrong
    assert "stages[1].category" in wrong


def test_the_only_line_of_business_needs_no_name(run: Run) -> None:
    assert run("relate", "--line", "tools").exit_code == 0
    assert run("move", "Zed", "interested").exit_code == 0
    assert run("relate", "--line", "services").exit_code == 0
    several = run("move", "Zed", "lost")
    assert (several.exit_code, "name one with --line: services, tools" in several.stderr) == (3, True)
    assert run("move", "Zed", "lost", "--line", "tools").exit_code == 0
    # Where there is one that is called default, it is meant.
    assert run("relate").exit_code == 0
    assert [one["stage"] for one in json.loads(run("history", "Zed", "--json").stdout)] == ["prospect"]
