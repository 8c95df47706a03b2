"""``crmkit satisfaction``."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from crmkit.cli.program import program
from crmkit.core.customer import Customer
from crmkit.core.survey import SurveyQuestion
from crmkit.runtime.crm import Crm
from crmkit.services.surveys import Answer, answer, ask

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database with one answered survey, which tests only read."""
    address = f"sqlite:///{tmp_path_factory.mktemp('survey') / 'shop.db'}"
    with Crm.open(address, plugins=[]) as crm, crm.session() as session:
        anna = Customer(name="Anna Berg")
        session.add(
            anna,
            SurveyQuestion(name="quality", survey="after sale", side="product"),
            SurveyQuestion(name="recommend", survey="after sale", measure="nps"),
        )
        session.flush()
        asked = ask(session, anna, survey="after sale", at=datetime(2026, 3, 10, 23, tzinfo=UTC))
        rating = Answer(expected=Decimal(8), experienced=Decimal(6))
        answer(session, asked, {"quality": rating, "recommend": Answer(score=Decimal(9))})
    return address


@pytest.fixture
def run(shop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(program, ["--db", shop, "satisfaction", "report", *words])


def test_a_table_says_where_there_is_no_data(run: Run) -> None:
    lines = run("--by", "side").stdout.splitlines()
    [product] = [line for line in lines if line.startswith("product")]
    [service] = [line for line in lines if line.startswith("service")]
    assert "0.750 (1)" in product
    assert "100 %" in product
    assert service.count("no data") == 4
    assert any("+100.0" in line for line in run().stdout.splitlines() if line.startswith("recommend"))


def test_the_document_has_exact_numbers(run: Run) -> None:
    made = json.loads(run("--by", "customer", "--json").stdout)
    [row] = made["rows"]
    assert (row["label"], row["c"], row["asked"], row["response_rate"]) == ("Anna Berg", "0.750", 1, "1.000")
    assert row["nps"]["score"] == "100.0"
    assert made["total"]["effort"] is None


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (["--from", "2026-03-10", "--to", "2026-03-10"], 1),
        (["--from", "2026-03-11"], 0),
        (["--to", "2026-03-09"], 0),
        (["--customer", "Anna Berg"], 1),
        (["--filter", "name = Ben"], 0),
        (["--survey", "fair"], 0),
    ],
)
def test_it_is_narrowed_by_period_customer_and_survey(run: Run, words: list[str], asked: int) -> None:
    assert json.loads(run(*words, "--json").stdout)["total"]["asked"] == asked


def test_a_wrong_filter_or_date_is_explained(run: Run) -> None:
    assert run("--filter", "nane = Ben").exit_code == 3
    assert run("--from", "soon").exit_code == 3
