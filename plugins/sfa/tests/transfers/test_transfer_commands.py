"""``crmkit sfa transfer show``: all of a hand-off, for whoever may see it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from crmkit import Crm
from crmkit.cli.program import program
from crmkit.testing.making import AsUser
from crmkit_sfa.opportunities.entities import Opportunity

SELLER = ("sfa_opportunity * own", "sfa_transfer * own", "user read all")


@pytest.fixture(autouse=True)
def database(program_url: str, tmp_path: Path) -> None:
    settings = '[plugins.sfa.transfers.checklists]\nsales_to_service = ["contract", "plans"]\n'
    (tmp_path / "crmkit.toml").write_text(settings, "utf-8")
    with Crm.open(program_url) as crm:
        anna, _, _ = (AsUser(crm)(*SELLER, login=login) for login in ("anna", "ben", "cleo"))
        with crm.session() as session:
            session.add(Opportunity(name="Pumps", owner_id=anna.user_id))


def run(*words: str, login: str = "anna", code: int = 0) -> str:
    result = CliRunner().invoke(program, ["--as", login, "sfa", "transfer", *words])
    assert result.exit_code == code, result.output
    return result.output


def test_a_hand_off_is_shown_whole() -> None:
    given = (
        "--kind",
        "sales_to_service",
        "--promised",
        "On site in May",
        "--note",
        "Ask for Ina",
        "--done",
        "contract",
    )
    sent = json.loads(run("send", "sfa_opportunity:Pumps", "--to", "ben", *given, "--json"))
    text = run("show", sent["id"], login="ben")
    for said in ("Pumps", "sales_to_service", "anna", "ben", "waiting", "On site in May", "Ask for Ina"):
        assert said in text
    assert [line.split() for line in text.splitlines() if line.startswith(("contract", "plans"))] == [
        ["contract", "yes"],
        ["plans", "no"],
    ]
    run("decline", sent["id"], "--reason", "no time", login="ben")
    told = json.loads(run("show", sent["id"], "--json"))
    assert (told["state"], told["answer"], told["answered_by"]) == ("declined", "no time", "ben")
    assert told["checklist"] == [{"item": "contract", "done": True}, {"item": "plans", "done": False}]


def test_whoever_it_does_not_concern_is_told_nothing() -> None:
    sent = json.loads(run("send", "sfa_opportunity:Pumps", "--to", "ben", "--note", "secret", "--json"))
    said = run("show", sent["id"], login="cleo", code=4)
    assert "secret" not in said
    assert "Pumps" not in said
