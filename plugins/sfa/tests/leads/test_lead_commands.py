"""What a salesperson types, from the first touch to the conversion and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import crmkit_sfa
from crmkit import Crm
from crmkit.cli.program import program
from crmkit.core.staff import User


@pytest.fixture(autouse=True)
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database with two users, which the program finds."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CRMKIT_DB", f"sqlite:///{tmp_path / 'crm.db'}")
    monkeypatch.setenv("CRMKIT_LANGUAGE", "en")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with Crm.open(f"sqlite:///{tmp_path / 'crm.db'}", plugins=[crmkit_sfa, "relay"]) as crm, crm.session() as session:
        session.add(User(login="anna", name="Anna"), User(login="bert", name="Bert"))


def run(*words: str, code: int = 0, given: str = "") -> str:
    result = CliRunner().invoke(program, ["sfa", *words], input=given)
    assert result.exit_code == code, (result.output, result.exception)
    return result.output


def told(*words: str, given: str = "") -> Any:
    return json.loads(run(*words, "--json", given=given))


def test_a_lead_from_its_first_touch_to_the_conversion_and_back() -> None:
    run("assignment", "rule", "add", "all", "--user", "anna", "--user", "bert=2", "--method", "weighted")
    made = told("lead", "capture", "--person", "Carla Diaz", "--company", "Kite AG", "--email", "carla@kite.example")
    assert (made["owner"], made["status"], made["created"]) == ("Bert", "new", True)
    again = told("lead", "capture", "--email", "carla@kite.example", "--interest", "valves")
    assert (again["id"], again["touches"], again["created"]) == (made["id"], 2, False)
    assert "Carla Diaz, Kite AG" in run("lead", "list", "--owner", "bert")
    assert "Carla Diaz, Kite AG" in run("lead", "waiting")
    assert "valves" in run("lead", "show", "carla@kite.example")
    assert "it is bert's turn by weight, of 2" in run("assignment", "explain", "carla")
    qualified = told("lead", "qualify", "carla", "--met", "budget=40k", "--not-met", "need")
    assert (qualified["status"], qualified["met"], qualified["needed"]) == ("working", 1, 4)
    converted = told("lead", "convert", "carla", "--amount", "9000 EUR")
    assert converted["repeated"] is False
    assert told("lead", "convert", "carla")["opportunity_id"] == converted["opportunity_id"]
    undone = told("lead", "undo", "carla")
    assert (undone["status"], undone["stayed"], len(undone["taken_back"])) == ("working", [], 6)


def test_a_form_comes_in_as_it_is() -> None:
    payload = json.dumps({"first_name": "Carla", "last_name": "Diaz", "tel": "+49 40 123456", "message": "pumps"})
    made = told("lead", "capture", "--payload", "-", "--key", "form-7", given=payload)
    assert made["name"] == "Carla Diaz"
    assert told("lead", "capture", "--payload", "-", "--key", "form-7", given=payload)["repeated"] is True
    shown = told("lead", "show", "Carla Diaz")
    assert shown["came_forward"][0]["raw"]["tel"] == "+49 40 123456"
    assert "expected a JSON object" in run("lead", "capture", "--payload", "-", given="[1]", code=3)


def test_leads_that_nobody_has_are_given_and_passed_on() -> None:
    for number in range(4):
        run("lead", "capture", "--person", f"Person {number}", "--email", f"p{number}@kite.example")
    assert [row["why"] for row in told("lead", "waiting")] == ["unassigned"] * 4
    run("assignment", "rule", "add", "all", "--user", "anna")
    shown = told("assignment", "run", "--dry-run")
    assert [row["user"] for row in shown] == ["anna"] * 4
    assert told("assignment", "run") == shown
    assert "every open lead has somebody" in run("assignment", "run")
    run("assignment", "rule", "add", "both", "--user", "anna", "--user", "bert")
    preview = told("assignment", "rebalance", "--rule", "both")
    assert [(row["from"], row["to"]) for row in preview] == [("anna", "bert")] * 2
    assert told("assignment", "rebalance", "--rule", "both", "--apply") == preview
    run("lead", "give", "Person 0", "bert", "--note", "they know each other")
    assert "note: they know each other" in run("assignment", "explain", "Person 0")


def test_people_and_territories_are_told() -> None:
    assert told("assignment", "user", "anna", "--capacity", "3", "--skill", "zh")["capacity"] == 3
    run("assignment", "away", "anna", "--from", "2026-01-01", "--until", "2026-01-05")
    run("assignment", "territory", "add", "Europe", "--filter", "country in (DE, FR)")
    run(
        "assignment", "territory", "add", "Germany", "--part-of", "Europe", "--filter", "country = DE", "--user", "bert"
    )
    tree = told("assignment", "territory", "list")
    assert [row["path"] for row in tree] == [["Europe"], ["Europe", "Germany"]]
    run("assignment", "rule", "add", "by place", "--by-territory")
    assert told("lead", "capture", "--person", "Carla", "--country", "DE")["owner"] == "Bert"
    (row,) = told("assignment", "territory", "preview")
    assert (row["territory"], row["would_get"]) == ("Germany", "bert")
    run("assignment", "rule", "switch", "by place", "off")
    assert told("assignment", "rule", "list")[0]["active"] is False


WRONG: list[tuple[tuple[str, ...], int, str]] = [
    (("lead", "show", "nobody"), 4, "no lead nobody"),
    (("lead", "capture"), 3, "who asks or what for"),
    (("lead", "recycle", "Carla", "--on", "2020-01-01"), 3, "a day after"),
    (("lead", "undo", "Carla"), 5, "there is no conversion to undo"),
    (("assignment", "rule", "add", "x"), 3, "name --user, --team or --by-territory"),
    (("assignment", "rule", "add", "x", "--user", "anna=0"), 3, "a weight of 1 or more"),
    (("assignment", "rule", "add", "x", "--user", "anna", "--filter", "contry = DE"), 3, "did you mean country"),
    (("assignment", "rebalance"), 3, "name --team or --rule"),
    (("assignment", "away", "anna", "--from", "2026-01-05", "--until", "2026-01-01"), 3, "a day not before"),
]


def test_what_is_wrong_is_said() -> None:
    run("lead", "capture", "--person", "Carla")
    for words, code, said in WRONG:
        assert said in run(*words, code=code), words
