"""``crmkit quality``."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from crmkit.cli.program import program
from crmkit.cli.quality_pages import BAR, bar
from crmkit.core.customer import ContactPoint, Customer
from crmkit.core.quality_score import Tally
from crmkit.core.staff import Team, User
from crmkit.core.values.clock import FixedClock
from crmkit.runtime.crm import Crm

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database whose values came in 2020, with an owner, a team and two customers who may be one."""
    address = f"sqlite:///{tmp_path_factory.mktemp('quality') / 'shop.db'}"
    with Crm.open(address, plugins=[], clock=FixedClock(datetime(2020, 5, 1, tzinfo=UTC))) as crm:
        team = Team(name="North")
        anke = User(login="anke", name="Anke")
        acme = Customer(
            name="Acme", kind="organization", industry="Tools", source="erp", owner_id=anke.id, team_id=team.id
        )
        one, other = Customer(name="Anna Berg"), Customer(name="Anna Maier")
        with crm.session() as session:
            session.add(team, anke, acme, one, other)
            for customer in (one, other):
                session.add(ContactPoint(customer_id=customer.id, kind="email", value="anna@x.example"))
    return address


@pytest.fixture
def run(filled: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    for name in ("CRMKIT_CONFIG", "CRMKIT_LANGUAGE", "LANGUAGE", "COLUMNS", "LC_ALL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(program, ["--db", filled, "quality", *words])


def line(made: Result, start: str) -> list[str]:
    [found] = [line for line in made.stdout.splitlines() if line.startswith(start)]
    return [cell for cell in found.split("  ") if cell.strip()]


def test_a_report_by_field(run: Run) -> None:
    made = run("report")
    assert made.exit_code == 0, made.output
    assert made.stdout.startswith("Customers: 3   score ")
    mail = [cell.strip() for cell in line(made, "Mail address")]
    assert mail[:6] == ["Mail address", "3", "3", "▓" * 13 + "░" * 7, "0.0", "1"]
    assert mail[6:8] == ["0", "2"]
    assert mail[8].endswith(" days")
    assert [cell.strip() for cell in line(made, "No duplicate")] == [
        "No duplicate", "3", "3", "█" * 6 + "▒" * 14, "33.3", "2",
    ]  # fmt: skip
    assert "perhaps" not in made.stdout


def test_reports_by_group(run: Run) -> None:
    by_owner = run("report", "--by", "owner")
    assert line(by_owner, "Anke")[1].strip() == "1"
    assert line(by_owner, "nobody")[1].strip() == "2"
    assert line(run("report", "--by", "team"), "no team")[1].strip() == "2"
    assert line(run("report", "--by", "source"), "entered by hand")[1].strip() == "2"
    assert line(run("report", "--by", "import"), "not imported")[1].strip() == "3"
    assert line(run("report", "--by", "origin"), "external")[1].strip() == "1"
    assert line(run("report", "--by", "kind"), "person")[1].strip() == "2"
    assert line(run("report", "--by", "nature"), "variable")[1].strip() == "3"


def test_options_choose_the_records(run: Run) -> None:
    def records(*words: str) -> int:
        made = run("report", *words, "--json")
        assert made.exit_code == 0, made.output
        found: int = json.loads(made.stdout)["total"]["records"]
        return found

    assert records("--owner", "anke") == records("--team", "North") == records("--source", "erp") == 1
    assert records("--owner", "-") == records("--team", "-") == records("--source", "-") == 2
    assert records("--filter", "kind = person") == 2
    assert records("product") == 0


def test_a_report_as_json(run: Run) -> None:
    found = json.loads(run("report", "--json").stdout)
    assert (found["entity"], found["by"], found["left_out"]) == ("customer", "field", 0)
    [mail] = [row for row in found["rows"] if row["key"] == "email"]
    assert mail["counts"] == {"expected": 3, "present": 2, "valid": 2, "current": 0}
    assert (mail["completeness"], mail["validity"], mail["timeliness"], mail["score"]) == (
        "66.7",
        "100.0",
        "0.0",
        "0.0",
    )


def test_a_work_list_and_its_pages(run: Run) -> None:
    made = run("list", "--limit", "2")
    assert made.exit_code == 0, made.output
    assert "perhaps the same as Anna" in made.stdout
    assert "too old: Mail address (2020-05-01)" in made.stdout
    [place] = [word for word in made.output.split() if word.count("~") == 2]
    rest = json.loads(run("list", "--after", place, "--json").stdout)
    assert len(rest["items"]) == 1
    assert rest["next"] is None
    assert "nothing to mend" in run("list", "product").output


def test_a_work_list_as_json(run: Run) -> None:
    found = json.loads(run("list", "--field", "unique", "--json").stdout)
    assert {item["title"] for item in found["items"]} == {"Anna Berg", "Anna Maier"}
    assert {one["name"] for item in found["items"] for one in item["perhaps_the_same"]} == {"Anna Berg", "Anna Maier"}
    [item] = json.loads(run("list", "--owner", "anke", "--json").stdout)["items"]
    assert item["owner"] == "Anke"
    assert {"name": "industry", "label": "Industry", "state": "old", "since": "2020-05-01T00:00:00Z"} in item[
        "problems"
    ]


def test_a_work_list_as_a_file(run: Run, tmp_path: Path) -> None:
    made = run("list", "--order", "contact", "-o", "work.csv")
    assert "3 records written to work.csv" in made.output
    assert len((tmp_path / "work.csv").read_text("utf-8-sig").splitlines()) == 4


def test_confirming(run: Run) -> None:
    before = json.loads(run("list", "--owner", "anke", "--json").stdout)["items"][0]["score"]
    made = run("confirm", "Acme", "industry", "--note", "asked")
    assert (made.exit_code, made.output) == (0, "confirmed: industry\n")
    again = json.loads(run("confirm", "Acme", "--json").stdout)
    assert again["confirmed"] == ["industry"]
    assert float(again["score"]) > float(before)
    wrong = run("confirm", "Acme", "industri")
    assert wrong.exit_code != 0
    assert "did you mean industry" in wrong.output


def test_expectations(run: Run) -> None:
    made = run("expectations")
    assert line(made, "legal_name")[3].strip() == "always"
    found = json.loads(run("expectations", "product", "--json").stdout)
    assert {one["name"]: one["weight"] for one in found}["sku"] == 2
    assert "nothing is expected of tagging" in run("expectations", "tagging").output
    assert run("report", "tagging").output == "nothing is expected of tagging\n"


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("report", "custmer"), "did you mean customer"),
        (("report", "--filter", "country >"), "error:"),
        (("report", "--owner", "ank"), "no user called ank; did you mean anke"),
        (("report", "--team", "Nort"), "no team called Nort; did you mean North"),
        (("report", "event"), "nobody edits these records"),
        (("list", "--after", "x"), "expected the place"),
        (("list", "--field", "emial"), "did you mean email"),
        (("confirm", "Acme", "legal_name"), "never grows old"),
        (("confirm", "Nobody"), "no customer Nobody"),
        (("expectations", "event"), "nobody edits these records"),
    ],
)
def test_what_is_wrong_is_said(run: Run, words: tuple[str, ...], problem: str) -> None:
    made = run(*words)
    assert made.exit_code != 0
    assert problem in made.output
    assert "Traceback" not in made.output


@pytest.mark.parametrize(
    ("tally", "drawn"),
    [
        (Tally(), ""),
        (Tally(4, 4, 4, 4), "█" * BAR),
        (Tally(4, 3, 2, 1), "█" * 5 + "▓" * 5 + "▒" * 5 + "░" * 5),
        (Tally(1_000, 1_000, 1_000, 999), "█" * 19 + "▓"),
    ],
)
def test_bars(tally: Tally, drawn: str) -> None:
    assert bar(tally).plain == drawn
